//! What is said at the end.

mod summary;
pub(crate) mod terminal;

pub(crate) use summary::Summary;
