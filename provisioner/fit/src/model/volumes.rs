//! Volumes that several pods share.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Pod, Problem};

/// Claims several pods name and that are on no node yet, by namespace and name,
/// numbered: whoever comes first decides for all where the volume is.
pub fn shared(problem: &Problem) -> BTreeMap<(&str, &str), usize> {
    let mut users: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pod in &problem.pods {
        crate::limit::check();
        for claim in pod.claims.iter().filter(|claim| claim.open()) {
            *users.entry((&pod.namespace, &claim.name)).or_default() += 1;
        }
    }
    let several = users.into_iter().filter(|(_, pods)| *pods > 1);
    several.enumerate().map(|(number, (claim, _))| (claim, number)).collect()
}

/// Bytes of the volumes that these pods need of their node's disk: what several pods
/// share is there once, and what can be reached from several nodes is elsewhere.
pub fn bytes<'a>(pods: impl Iterator<Item = &'a Pod>) -> u64 {
    let mut seen = BTreeSet::new();
    let claims = pods.flat_map(|pod| pod.claims.iter().map(move |claim| (pod, claim)));
    let once = claims.filter(|(pod, claim)| {
        claim.is_local()
            && (claim.ephemeral || seen.insert((pod.namespace.as_str(), claim.name.as_str())))
    });
    once.map(|(_, claim)| claim.bytes).sum()
}

impl Claim {
    /// Whether it takes room on the disk of the node its pod is on.
    fn is_local(&self) -> bool {
        !self.anywhere && self.nodes.as_ref().is_none_or(|nodes| nodes.len() < 2)
    }

    /// Whether it is on no node yet, will be on one, and another pod may name it.
    fn open(&self) -> bool {
        self.nodes.is_none() && !self.ephemeral && !self.anywhere
    }

    /// Its number among the shared ones; none when it is the pod's alone.
    pub fn among(&self, pod: &Pod, shared: &BTreeMap<(&str, &str), usize>) -> Option<usize> {
        let name = (pod.namespace.as_str(), self.name.as_str());
        self.open().then(|| shared.get(&name).copied()).flatten()
    }
}
