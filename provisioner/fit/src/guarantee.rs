//! Proof that every arrival order and every tie-break places all pods.
//!
//! A pod can only be left over if the others block every node it may go to, so
//! it is enough to show, class by class, that they never can. A node is
//! blocked when some dimension has too little left, or a pod there excludes
//! the newcomer. For each choice of what blocks which node the blocking pods
//! must bring certain sums together, and one pod counts for one node only.
//! Weighting the sums bounds what all pods can bring from above; if even that
//! is too little, the choice is ruled out. That allows placements the
//! scheduler would never make: no proof does not mean risk.

mod blocking;
mod grid;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limit;
use crate::pack::{Meter, Order, Packing};
use blocking::Blockers;
use grid::Grid;

/// Whether a packing is placed whole whatever the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Guarantee {
    /// No pod can be left over.
    Proven {
        /// Choices of what blocks which node that were ruled out.
        ruled_out: u64,
    },
    /// Not shown for this pod, which may still always find a place.
    Open {
        /// The first pod no proof was found for.
        pod: String,
        /// What stands in the way of one.
        why: String,
    },
}

/// Tries to prove that every order places every pod.
pub fn guarantee(packing: &Packing, meter: &mut Meter<'_>) -> Guarantee {
    Proofs::new(packing).all(meter)
}

/// Classes to which smaller ones are compared.
const COMPARED: usize = 32;

/// What is proven of each class, worked out once.
pub(crate) struct Proofs<'p> {
    packing: &'p Packing,
    grid: Grid,
    known: BTreeMap<usize, Result<u64, String>>,
    /// Classes of which not even one pod more could be blocked, by all pods there are.
    roomy: Vec<usize>,
    /// Classes that no other excludes.
    free: Vec<bool>,
}

impl<'p> Proofs<'p> {
    pub(crate) fn new(packing: &'p Packing) -> Self {
        let mut free: Vec<bool> =
            packing.classes.iter().map(|class| class.order == Order::Free).collect();
        for conflict in &packing.conflicts {
            for class in [conflict.one, conflict.other] {
                free[class] = false;
            }
        }
        let (known, roomy) = (BTreeMap::new(), Vec::new());
        Self { packing, grid: Grid::new(packing), known, roomy, free }
    }

    /// Tries to prove that every order places every pod.
    pub(crate) fn all(&mut self, meter: &mut Meter<'_>) -> Guarantee {
        let packing = self.packing;
        let mut ruled_out = 0;
        let mut order: Vec<usize> = (0..packing.classes.len()).collect();
        // The largest is the first that can be blocked.
        order.sort_by_cached_key(|&class| Reverse(crate::search::weight(packing, class)));
        for class in order {
            match self.unblockable(class, meter) {
                Ok(choices) => ruled_out += choices,
                Err(why) => {
                    let pod = packing.classes[class].members.first();
                    let pod = pod.map(|&pod| packing.names[pod].clone()).unwrap_or_default();
                    return Guarantee::Open { pod, why };
                }
            }
        }
        Guarantee::Proven { ruled_out }
    }

    /// Shows that the others cannot block a class on all its nodes.
    pub(crate) fn unblockable(
        &mut self,
        class: usize,
        meter: &mut Meter<'_>,
    ) -> Result<u64, String> {
        if let Some(known) = self.known.get(&class) {
            return known.clone();
        }
        let found = self.shown(class, meter);
        self.known.insert(class, found.clone());
        found
    }

    fn shown(&mut self, class: usize, meter: &mut Meter<'_>) -> Result<u64, String> {
        let packing = self.packing;
        let wanted = &packing.classes[class];
        if self.free[class] {
            if self.roomy.iter().any(|&other| self.is_within(class, other)) {
                return Ok(0);
            }
            if self.roomy.len() < COMPARED
                && let Ok(choices) =
                    Blockers::new(packing, &self.grid, class, None, self.nodes(class))
                        .ruled_out(meter)
            {
                self.roomy.push(class);
                return Ok(choices);
            }
        }
        let nodes = self.nodes(class);
        let scopes = match &wanted.order {
            Order::Free => vec![nodes],
            Order::Bound(why) => return Err(why.clone()),
            Order::Spread { topology } => {
                let domains = &packing.topologies[*topology];
                let mut all: Vec<usize> = domains.iter().flatten().copied().collect();
                all.sort_unstable();
                all.dedup();
                all.into_iter()
                    .map(|domain| {
                        nodes
                            .iter()
                            .copied()
                            .filter(|&node| domains[node] == Some(domain))
                            .collect()
                    })
                    .collect()
            }
        };
        let mut choices = 0;
        for scope in scopes {
            if scope.is_empty() {
                return Err("a domain its spread constraint counts never takes it".to_owned());
            }
            choices +=
                Blockers::new(packing, &self.grid, class, Some(class), scope).ruled_out(meter)?;
        }
        Ok(choices)
    }

    fn nodes(&self, class: usize) -> Vec<usize> {
        (0..self.packing.nodes.len()).filter(|&node| self.grid.fits(class, node)).collect()
    }

    /// Whether a class finds its place wherever the other does, which all pods there
    /// are cannot block: it asks for no more, and may go to the same nodes. Whatever
    /// blocks it on all of them would block the other as well.
    fn is_within(&self, class: usize, other: usize) -> bool {
        limit::check();
        let (small, large) = (&self.packing.classes[class], &self.packing.classes[other]);
        small.wave <= large.wave
            && small.demand.iter().zip(&large.demand).all(|(small, large)| small <= large)
            && small.eligible == large.eligible
    }
}
