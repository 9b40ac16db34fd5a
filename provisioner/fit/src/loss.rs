//! Losing a node: what each service does then.
//!
//! A Deployment's pods are made again elsewhere and need room there; those
//! still running do not move to make it. That of a `StatefulSet` is not made again
//! while the lost node is still in the cluster. A pod whose volume lies on the
//! lost node waits for that node. Without a control plane nothing is scheduled
//! at all, while what runs elsewhere keeps running. What could be had
//! [at best](best), by moving what may move, is another matter.

mod best;
mod plain;

#[cfg(test)]
mod tests;

pub use best::best;
pub use plain::Cluster;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::limit;
use crate::pack::{Meter, Packing};
use crate::search::{Outcome, search};

/// What becomes of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// All its pods run, here or elsewhere.
    Survives,
    /// Some of its pods run.
    Degraded,
    /// None of its pods runs until somebody acts or the node returns.
    Lost,
    /// None of its pods runs, and what could run elsewhere is not scheduled:
    /// the control plane is gone.
    NeverRescheduled,
}

/// How a pod comes back once its node is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Return {
    /// Made again elsewhere: Deployments and Jobs.
    Elsewhere,
    /// Not while the node is known to the cluster: `StatefulSet`s.
    Held,
    /// Never: bare pods.
    Never,
    /// Belongs to the node and goes with it: `DaemonSet`s.
    WithNode,
}

/// A placed pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its place in the problem.
    pub pod: usize,
    /// The service it belongs to.
    pub service: String,
    /// The node it is on.
    pub node: usize,
    /// How it comes back.
    pub comes_back: Return,
    /// Whether a volume ties it to its node.
    pub pinned: bool,
}

/// The loss of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The node.
    pub node: String,
    /// What becomes of each service that had a pod there, and of others.
    pub services: BTreeMap<String, Fate>,
    /// How many more there are, of which none had a pod there: they survive.
    #[serde(default)]
    pub others: usize,
    /// Whether that is certain; if not, the search for room ran out of steps
    /// and pods it found none for count as waiting.
    pub certain: bool,
}

/// What happens when `lost` goes. `packing` has all pods with the nodes' room
/// before any of them is placed; `controls` are the nodes with a control
/// plane, of which more than half must remain.
pub fn loss(
    packing: &Packing,
    placed: &[Placed],
    lost: usize,
    controls: &BTreeSet<usize>,
    meter: &mut Meter<'_>,
) -> Loss {
    let schedules = schedules(controls, lost);
    let movable: BTreeSet<usize> = placed
        .iter()
        .filter(|pod| pod.node == lost && pod.comes_back == Return::Elsewhere && !pod.pinned)
        .map(|pod| pod.pod)
        .collect();
    let (returned, certain) = if schedules && !movable.is_empty() {
        let stay = placed.iter().filter(|pod| pod.node != lost);
        returned(packing, &beside(packing, stay, lost), &movable, meter)
    } else {
        (BTreeSet::new(), true)
    };
    let up = |pod: &Placed| pod.node != lost || returned.contains(&pod.pod);
    let stranded = |pod: &Placed| !schedules && movable.contains(&pod.pod);
    Loss {
        node: packing.nodes[lost].name.clone(),
        services: fates(placed, lost, up, stranded),
        others: 0,
        certain,
    }
}

/// Whether enough control planes are left.
fn schedules(controls: &BTreeSet<usize>, lost: usize) -> bool {
    2 * controls.iter().filter(|node| **node != lost).count() > controls.len()
}

/// What becomes of each service, given which pods run and which would if
/// anybody scheduled them.
fn fates(
    placed: &[Placed],
    lost: usize,
    up: impl Fn(&Placed) -> bool,
    stranded: impl Fn(&Placed) -> bool,
) -> BTreeMap<String, Fate> {
    let mut tally: BTreeMap<&str, (usize, usize, bool)> = BTreeMap::new();
    for pod in placed.iter().filter(|pod| pod.comes_back != Return::WithNode || pod.node != lost) {
        let (all, running, waiting) = tally.entry(&pod.service).or_default();
        *all += 1;
        *running += usize::from(up(pod));
        *waiting |= stranded(pod);
    }
    tally.into_iter().map(|(name, tally)| (name.to_owned(), fate(tally))).collect()
}

/// What becomes of a service, given how many pods it has, how many of them run, and
/// whether any waits to be scheduled.
const fn fate((all, running, waits): (usize, usize, bool)) -> Fate {
    match running {
        0 if waits => Fate::NeverRescheduled,
        0 => Fate::Lost,
        running if running < all => Fate::Degraded,
        _ => Fate::Survives,
    }
}

/// The room beside pods that stay where they are, once a node is gone.
fn beside<'a>(packing: &Packing, stay: impl Iterator<Item = &'a Placed>, lost: usize) -> Packing {
    let mut rest = packing.clone();
    let classes = packing.classes_of();
    for pod in stay {
        limit::check();
        let Some(&class) = classes.get(&pod.pod) else { continue };
        let node = pod.node;
        for (room, demand) in rest.nodes[node].room.iter_mut().zip(&packing.classes[class].demand) {
            *room = room.saturating_sub(*demand);
        }
        // What the survivor excludes may not come near.
        for conflict in &packing.conflicts {
            for (own, other) in [(conflict.one, conflict.other), (conflict.other, conflict.one)] {
                let domains = &packing.topologies[conflict.topology];
                if own == class && domains[node].is_some() {
                    for (there, welcome) in rest.classes[other].eligible.iter_mut().enumerate() {
                        *welcome &= domains[there] != domains[node];
                    }
                }
            }
        }
    }
    for class in &mut rest.classes {
        class.eligible[lost] = false;
    }
    rest
}

/// The movable pods that find room: all of them if any placement of all exists,
/// else those left once the largest are left out.
fn returned(
    packing: &Packing,
    rest: &Packing,
    movable: &BTreeSet<usize>,
    meter: &mut Meter<'_>,
) -> (BTreeSet<usize>, bool) {
    let mut wanted = movable.clone();
    let mut certain = true;
    let classes = packing.classes_of();
    // Dropping the largest that cannot be placed until the rest can.
    while !wanted.is_empty() {
        match search(&rest.only(|pod| wanted.contains(&pod)), meter) {
            Outcome::Found(_) => break,
            Outcome::None { .. } => {}
            Outcome::Spent { .. } => certain = false,
        }
        let weight = |pod: usize| {
            limit::check();
            classes.get(&pod).map(|&class| crate::search::weight(packing, class))
        };
        let largest = wanted.iter().copied().max_by_key(|&pod| weight(pod));
        if let Some(pod) = largest {
            wanted.remove(&pod);
        }
    }
    (wanted, certain)
}
