//! The per-node agent: the host's metrics for Prometheus, in one small process.
//!
//! [`agent::Agent::render`] reads the kernel's files and writes one page of
//! text exposition (0.0.4); [`server::run`] serves it. Names, labels, types and
//! units are `node_exporter`'s, so existing dashboards and alerts keep working.

pub mod address;
pub mod agent;
pub mod aside;
pub mod cgroup;
pub mod cli;
mod clock;
pub mod collector;
pub mod common;
pub mod config;
pub mod failure;
pub mod foreign;
pub mod gzip;
pub mod history;
pub mod probe;
pub mod process;
pub mod registered;
mod round;
pub mod selection;
pub mod server;
pub mod settings;
pub mod snapshot;
pub mod source;
pub mod web;

pub use terrarium_page::{encoder, scan, value};
