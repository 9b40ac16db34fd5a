//! What a first start leaves when it is cut off anywhere, and that the next one
//! serves its clients: the charts' own start scripts run as their pods run them,
//! with the real servers of this machine.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod chart;
mod documentdb;
mod grafana;
mod image;
mod kafka;
mod pgadmin;
mod pod;
mod postgresql;
mod prometheus;
mod redis;
mod registry;
mod states;
