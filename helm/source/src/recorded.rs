//! GitHub's API from a recording: the listings followed here, with their order,
//! pages, tags and conditions as GitHub documents them.
//!
//! The recording is made up: it was written for demonstrations where GitHub
//! cannot be reached.

pub mod answer;
pub mod listing;
pub mod query;
pub mod server;
pub mod store;
