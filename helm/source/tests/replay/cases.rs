//! What the program promises, each promise by itself.

pub(crate) mod devices;
pub(crate) mod marks;
pub(crate) mod replay;
pub(crate) mod trouble;
