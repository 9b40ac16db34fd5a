//! What is said at the end.

pub(crate) mod columns;
pub(crate) mod json;
pub(crate) mod look;
mod plan;
pub(crate) mod secrets;
mod status;
mod summary;
pub(crate) mod terminal;

pub(crate) use plan::plan;
pub(crate) use status::status;
pub(crate) use summary::Summary;
pub(crate) use terminal::pretty;

#[cfg(test)]
mod tests;
