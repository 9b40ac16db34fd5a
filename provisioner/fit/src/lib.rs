//! Whether a stack fits its nodes. Pure: no clock, no files, no network.

pub mod certificate;
pub mod guarantee;
pub mod pack;
pub mod search;
