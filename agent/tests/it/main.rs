//! The agent from outside: the page it serves, beside what else serves it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod broken;
mod build;
mod dashboard;
mod drop_in;
mod exposition;
mod footprint;
mod fuse;
mod fuzz;
mod golden;
mod groups;
mod hanging;
mod hostile;
mod hostile_textfiles;
mod limits;
mod lint;
mod manager;
mod most_requests;
mod openmetrics;
mod package;
mod parsers;
mod peers;
mod pods;
mod probes;
mod prometheus;
mod reads;
mod reference;
mod running;
mod serving;
mod siege;
mod snapshot;
mod soak;
mod systemd;
mod textfiles;
mod unit;
mod upstream;
mod web;
mod web_forms;
