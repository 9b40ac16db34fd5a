//! `pis.toml` as written → [`Inventory`] with no doubt left.

mod model;

pub use model::{Artifacts, Cluster, Inventory, K3s, Node, Os, Role, Ssh, Stack, Swap};
