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

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::pack::{Meter, Order, Packing};
use blocking::Blockers;

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
    let mut ruled_out = 0;
    let mut order: Vec<usize> = (0..packing.classes.len()).collect();
    // The largest is the first that can be blocked.
    order.sort_by_cached_key(|&class| std::cmp::Reverse(crate::search::weight(packing, class)));
    for class in order {
        match unblockable(packing, class, meter) {
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
    packing: &Packing,
    class: usize,
    meter: &mut Meter<'_>,
) -> Result<u64, String> {
    let nodes: Vec<usize> =
        (0..packing.nodes.len()).filter(|&node| packing.fits(class, node)).collect();
    let scopes = match &packing.classes[class].order {
        Order::Free => vec![nodes],
        Order::Bound(why) => return Err(why.clone()),
        Order::Spread { topology } => {
            let domains = &packing.topologies[*topology];
            let mut all: Vec<usize> = domains.iter().flatten().copied().collect();
            all.sort_unstable();
            all.dedup();
            all.into_iter()
                .map(|domain| {
                    nodes.iter().copied().filter(|&node| domains[node] == Some(domain)).collect()
                })
                .collect()
        }
    };
    let mut choices = 0;
    for scope in scopes {
        if scope.is_empty() {
            return Err("a domain its spread constraint counts never takes it".to_owned());
        }
        choices += Blockers::new(packing, class, scope).ruled_out(meter)?;
    }
    Ok(choices)
}
