//! Checks proofs and placements without the code that made them.

pub mod again;
