//! What every page is made with: lines, fields and numbers of the kernel's files
//! in, families and samples out.
//!
//! A crate of its own since it is optimized for speed and the agent for size: half
//! of a scrape's time outside of the kernel is spent here.

pub mod encoder;
pub mod scan;
pub mod value;
