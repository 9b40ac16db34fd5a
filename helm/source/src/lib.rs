//! Two generators of data for Kafka, in one static program.
//!
//! `github` follows repositories over GitHub's REST API; `devices` makes up
//! device information. `record-server` serves a made-up recording of GitHub's
//! API where the real one cannot be reached.
//!
//! What to ask next, and what an answer means, are pure functions of a cursor
//! and a page ([`github`]); [`command`] carries them out.

pub mod address;
pub mod avro;
pub mod cli;
pub mod command;
pub mod config;
pub mod devices;
pub mod github;
pub mod kafka;
pub mod log;
pub mod metrics;
pub mod recorded;
pub mod registry;
pub mod secret;
pub mod server;
pub mod sink;
pub mod time;
pub mod topic;
