//! The smallest set of services to drop.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::limit;

use super::{Fits, Service, closure};

/// Services to drop, and how sure it is that fewer would not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Their names, those that only follow a dropped one included.
    pub services: Vec<String>,
    /// Whether every smaller choice was shown not to do.
    pub smallest: bool,
}

/// Selections asked about at most.
const QUESTIONS: usize = 20_000;

/// The fewest services of the highest priority, then of the next and so on,
/// whose absence makes the rest fit; of equal choices the one that frees the
/// most memory. None when even dropping all that may go does not help.
pub fn drop(services: &[Service], fits: &mut Fits<'_>) -> Option<Dropped> {
    let mut search = Search { services, fits, left: QUESTIONS, sure: true };
    if search.fits(&BTreeSet::new()) {
        return Some(Dropped { services: Vec::new(), smallest: true });
    }
    let mut levels: Vec<u32> =
        services.iter().filter(|service| !service.fixed).map(|service| service.priority).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut below: BTreeSet<usize> =
        (0..services.len()).filter(|&service| !services[service].fixed).collect();
    if !search.fits(&below) {
        return None;
    }
    let mut chosen = BTreeSet::new();
    for level in levels.into_iter().rev() {
        let here: Vec<usize> =
            below.iter().copied().filter(|&s| services[s].priority == level).collect();
        below.retain(|&service| services[service].priority < level);
        chosen = search.fewest(&here, &chosen, &below)?;
    }
    let names = chosen.iter().map(|&service| services[service].name.clone()).collect();
    Some(Dropped { services: names, smallest: search.sure })
}

struct Search<'a, 'f> {
    services: &'a [Service],
    fits: &'a mut Fits<'f>,
    left: usize,
    sure: bool,
}

impl Search<'_, '_> {
    fn fits(&mut self, dropped: &BTreeSet<usize>) -> bool {
        let answer = (self.fits)(dropped);
        self.sure &= answer.is_some();
        answer == Some(true)
    }

    /// Adds the fewest of `here` to `chosen` so that the rest fits once all of
    /// `below` is gone too.
    fn fewest(
        &mut self,
        here: &[usize],
        chosen: &BTreeSet<usize>,
        below: &BTreeSet<usize>,
    ) -> Option<BTreeSet<usize>> {
        let mut here = here.to_vec();
        here.sort_by_key(|&service| {
            (std::cmp::Reverse(self.services[service].memory_bytes), service)
        });
        for size in 0..=here.len() {
            let mut picks: Vec<usize> = (0..size).collect();
            loop {
                limit::check();
                let mut dropped = chosen.clone();
                dropped.extend(picks.iter().map(|&pick| here[pick]));
                if let Some(done) = self.enough(&dropped, here.as_slice(), size, chosen, below) {
                    return Some(done);
                }
                if self.left == 0 {
                    self.sure = false;
                    let mut all = chosen.clone();
                    all.extend(&here);
                    return Some(all);
                }
                if !next(&mut picks, here.len()) {
                    break;
                }
            }
        }
        None
    }

    /// The choice with what follows from it, if it does and brings no more of
    /// this level with it than the size allows.
    fn enough(
        &mut self,
        dropped: &BTreeSet<usize>,
        here: &[usize],
        size: usize,
        chosen: &BTreeSet<usize>,
        below: &BTreeSet<usize>,
    ) -> Option<BTreeSet<usize>> {
        self.left = self.left.saturating_sub(1);
        let closed = closure(self.services, dropped);
        let allowed = |service: &usize| {
            chosen.contains(service) || here.contains(service) || below.contains(service)
        };
        let added = closed.iter().filter(|service| here.contains(service)).count();
        if !closed.iter().all(allowed) || added != size {
            return None;
        }
        let without: BTreeSet<usize> = closed.union(below).copied().collect();
        self.fits(&without).then_some(closed)
    }
}

/// The next choice of so many of `of`, in order; false after the last.
fn next(picks: &mut [usize], of: usize) -> bool {
    let size = picks.len();
    let Some(place) = (0..size).rev().find(|&place| picks[place] < of - size + place) else {
        return false;
    };
    picks[place] += 1;
    for later in place + 1..size {
        picks[later] = picks[later - 1] + 1;
    }
    true
}
