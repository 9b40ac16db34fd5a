//! Right-sizing: from what containers used to what they should ask for, one by
//! one, and all at once so that the stack still fits.
//!
//! ```text
//! Container (Used of each pod) ─▶ Advice (Size) ─▶ Joint, over a Problem
//! ```

mod joint;
mod size;
mod used;

pub use joint::{Joint, Short};
pub use size::{Advice, Method, Part, Rules, Size, Term, Why};
pub use used::{Container, Oom, Quantiles, Resource, Sample, Series, Used};
