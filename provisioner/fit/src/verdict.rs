//! The verdict: one of four, never blurred, and a plain word on top.
//!
//! Cheap proofs come first, then simulated runs, which give a witness as soon
//! as one of them places everything, then the exact search. Each stops at its
//! budget, counted in steps and runs, so equal inputs give equal bytes.

mod decide;
mod interval;
mod judge;
mod words;

#[cfg(test)]
mod tests;

pub use decide::{Case, Replay, decide};
pub use interval::between;
pub use judge::{Scheduler, judge};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::guarantee::Guarantee;
use crate::limit;
use crate::share::Share;

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No placement exists, proven.
    Impossible,
    /// Every order and tie-break places everything, proven.
    Guaranteed,
    /// A placement exists; whether the scheduler finds it is a matter of luck.
    Possible,
    /// Neither a placement nor a proof was found within the budget.
    Unknown,
}

/// The verdict for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// Nothing was seen to go wrong.
    #[serde(rename = "fits")]
    Fits,
    /// It may fit and may not.
    #[serde(rename = "tight")]
    Tight,
    /// It cannot.
    #[serde(rename = "does not fit")]
    DoesNotFit,
}

/// What may be spent on a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Steps of each exact search.
    pub search: u64,
    /// Steps of the proof for every order.
    pub proof: u64,
    /// Simulated runs.
    pub runs: u32,
    /// Seed of the runs.
    pub seed: u64,
}

impl Default for Budget {
    /// About two seconds on three nodes.
    fn default() -> Self {
        Self { search: 1_000_000, proof: 2_000_000, runs: 2_000, seed: 1 }
    }
}

/// The answer for a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which of the four.
    pub verdict: Kind,
    /// The word for people.
    pub word: Word,
    /// Why, in one sentence.
    pub reason: String,
    /// A placement of every pod, `namespace/name` to node; empty when none is
    /// known.
    pub placement: BTreeMap<String, String>,
    /// How often the scheduler places everything, in the modelled order of arrival.
    pub share: Ends,
    /// How often in shuffled orders.
    pub any_order: Ends,
    /// The runs behind it, where any were made.
    pub runs: Option<Share>,
    /// The proof of `impossible`.
    pub certificate: Option<Certificate>,
    /// The proof of `guaranteed`, or where it stopped.
    pub guarantee: Option<Guarantee>,
    /// What is known when nothing is decided.
    pub bounds: Option<Bounds>,
    /// How many of the runs left each pod over, for those that were.
    pub left: BTreeMap<String, u32>,
    /// The answer for each service.
    pub services: BTreeMap<String, ServiceVerdict>,
    /// What was under way when the question's limit was reached, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

impl Verdict {
    /// The verdict when nothing at all could be found out.
    #[must_use]
    pub fn nothing() -> Self {
        let mut verdict = Self {
            verdict: Kind::Unknown,
            word: Word::Tight,
            reason: String::new(),
            placement: BTreeMap::new(),
            share: Ends { low: 0.0, high: 1.0 },
            any_order: Ends { low: 0.0, high: 1.0 },
            runs: None,
            certificate: None,
            guarantee: None,
            bounds: None,
            left: BTreeMap::new(),
            services: BTreeMap::new(),
            cut: limit::cut().map(str::to_owned),
        };
        verdict.reason = words::reason(&verdict);
        verdict
    }
}

impl ServiceVerdict {
    /// The answer when nothing could be found out about it but what the runs
    /// showed.
    fn nothing(runs: &Share) -> Self {
        Self { verdict: Kind::Unknown, complete: 0, runs: runs.runs(), certificate: None }
    }
}

/// A share between two ends, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How many pods can be placed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// So many were.
    pub placed: usize,
    /// More than so many there are not.
    pub most: usize,
}

/// The answer for one service among the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceVerdict {
    /// `impossible`: even alone on the nodes; `guaranteed`: whatever the others
    /// do; `possible`: a run placed all its pods; `unknown`: no run did.
    pub verdict: Kind,
    /// Runs that placed all its pods, of all.
    pub complete: u32,
    /// All runs.
    pub runs: u32,
    /// The proof of `impossible`.
    pub certificate: Option<Certificate>,
}
