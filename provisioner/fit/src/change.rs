//! What to change when a stack does not fit: which services to drop, which
//! ones conflict, how large a request may be. All of it asks one question over
//! and over, whether a selection of services fits, and relies on its being
//! monotone: dropping more never hurts.

mod cut;
mod drop;
mod largest;
mod order;
mod pin;
mod place;
mod stack;

#[cfg(test)]
mod tests;

pub use cut::{Cuts, cuts};
pub use drop::{Dropped, drop};
pub use largest::{Dimension, largest, largest_of};
pub use order::order;
pub use pin::pins;
pub use place::in_place;
pub use stack::{Board, Candidate, boards, packs, without};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A service that may be dropped, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, as the pods carry it.
    pub name: String,
    /// Higher is dropped later; 0 is what nobody will miss.
    pub priority: u32,
    /// What it needs to run: dropping one of these drops it.
    pub depends: Vec<String>,
    /// Memory all its pods request, to break ties: the larger goes first.
    pub memory_bytes: u64,
    /// Whether it must stay.
    pub fixed: bool,
}

/// Whether the services without those dropped fit; none when that stayed
/// undecided, which counts as no.
pub type Fits<'a> = dyn FnMut(&BTreeSet<usize>) -> Option<bool> + 'a;

/// The dropped ones and all that need them.
fn closure(services: &[Service], dropped: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut closed = dropped.clone();
    loop {
        let more: Vec<usize> = (0..services.len())
            .inspect(|_| crate::limit::check())
            .filter(|service| !closed.contains(service))
            .filter(|&service| {
                services[service]
                    .depends
                    .iter()
                    .any(|needed| closed.iter().any(|&gone| services[gone].name == *needed))
            })
            .collect();
        if more.is_empty() {
            return closed;
        }
        closed.extend(more);
    }
}

/// A smallest set of services that do not fit even without all the others:
/// leaving out any one of them makes the rest fit. None when all fit, or when
/// not even dropping everything helps.
pub fn conflict(services: &[Service], fits: &mut Fits<'_>) -> Option<Vec<String>> {
    let all: BTreeSet<usize> = (0..services.len()).collect();
    if fits(&BTreeSet::new()) != Some(false) || fits(&all) != Some(true) {
        return None;
    }
    let mut dropped = BTreeSet::new();
    for service in 0..services.len() {
        dropped.insert(service);
        // Without it the rest still does not fit: it is no part of the conflict.
        if fits(&dropped) != Some(false) {
            dropped.remove(&service);
        }
    }
    Some(all.difference(&dropped).map(|&service| services[service].name.clone()).collect())
}
