//! Virtual Raspberry Pis: containers that present what a freshly flashed Pi
//! presents, for tests of the product and for trying it out.
//!
//! [`Lab`] brings them up, resets them and breaks them. Nothing of the product
//! depends on this crate.

mod artifacts;
mod board;
mod command;
mod daemon;
mod docker;
mod error;
mod image;
mod inventory;
mod kernel;
mod lab;
mod network;
mod node;
mod options;
mod paths;
mod recipe;
mod removal;
mod state;
mod status;
mod wait;

pub use artifacts::{HELM_VERSION, K3S_VERSION};
pub use error::{LabError, Result};
pub use kernel::{Change, Snapshot};
pub use lab::Lab;
pub use network::Site;
pub use options::{Options, Stack, Sudo, parse_memory};
pub use paths::Paths;
pub use removal::Extent;
pub use status::{NodeStatus, Power, Status};

/// Told of each step as it begins and ends, one line without a line break.
pub type Progress<'a> = &'a mut dyn FnMut(&str);
