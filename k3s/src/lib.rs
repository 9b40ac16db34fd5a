//! What k3s is told, and how what it says is read: releases and checksums,
//! `config.yaml`, systemd units, journal, kubeconfig, node list.
//!
//! Everything here is a pure function: no I/O, no clock, no environment. The
//! provisioner fetches, writes and runs; this crate says what, where and why.

pub mod config;
pub mod digests;
pub mod journal;
pub mod kubeconfig;
pub mod nodes;
pub mod paths;
pub mod release;
pub mod storage;
pub mod sums;
pub mod token;
pub mod told;
pub mod unit;
pub mod version;
mod yaml;
