//! Whether a stack fits its nodes. Pure: no clock, no files, no network.

pub mod certificate;
pub mod change;
pub mod checker;
pub mod filter;
pub mod guarantee;
pub mod k3s;
pub mod kubelet;
pub mod limit;
pub mod loss;
pub mod manifest;
pub mod model;
pub mod pack;
pub mod quantity;
pub mod random;
pub mod reading;
mod requests;
pub mod scheduler;
pub mod search;
pub mod share;
pub mod simulate;
pub mod sizing;
pub mod verdict;

#[cfg(test)]
mod tables;
