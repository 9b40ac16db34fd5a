//! Right-sizing: from what containers used to what they should ask for, one by
//! one, and all at once so that the stack still fits.
//!
//! ```text
//! Container (Used of each pod) ─▶ Advice (Size) ─▶ Joint, over a Problem
//! ```

mod advise;
mod joint;
mod krr;
mod number;
mod ours;
mod size;
mod used;
mod vpa;

#[cfg(test)]
mod tests;

pub use advise::advise;
pub use joint::{Joint, Short, jointly, workload};
pub use size::{Advice, Method, Part, Rules, Size, Term, Why};
pub use used::{Container, Oom, Quantiles, Resource, Sample, Series, Used};
