//! The command line as people, shells and other programs meet it, without nodes.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod errors;
mod shells;
mod standard;
mod world;
