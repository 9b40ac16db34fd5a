//! The agent from outside: the page it serves, beside what else serves it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod broken;
mod build;
mod exposition;
mod footprint;
mod golden;
mod parsers;
mod peers;
mod running;
mod serving;
mod textfiles;
mod unit;
