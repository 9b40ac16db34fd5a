//! What is said at the end.

pub(crate) mod json;
pub(crate) mod look;
pub(crate) mod secrets;
mod summary;
pub(crate) mod terminal;

pub(crate) use summary::Summary;
