//! `pis.toml` as written → [`Inventory`] with no doubt left.
//!
//! The way of a file: text → tables with their places (`shape` holds them
//! against the schema) → `Raw` (`raw`, the keys as written) → [`Inventory`]
//! (`resolve`, with one pure check per kind of value in `check`). All that
//! is wrong comes back at once, as [`Problems`].

mod at;
mod check;
mod defaults;
mod example;
mod habit;
mod load;
mod mask;
mod model;
mod problem;
mod raw;
mod reference;
mod resolve;
mod schema;
mod shape;
mod words;
mod written;

pub use check::timezone::zone_aliases;
pub use defaults::{DEFAULT_K3S_VERSION, HELM_VERSION};
pub use example::{Example, Refused};
pub use model::{
    Agent, Artifacts, Cluster, Hop, Images, Inventory, K3s, Node, Os, Role, Ssh, SshConfig, Stack,
    Swap,
};
pub use problem::{Problem, Problems, Style};
pub use reference::reference;
pub use schema::{schema, schema_text};
pub use written::{Step, Written, Wrong};
