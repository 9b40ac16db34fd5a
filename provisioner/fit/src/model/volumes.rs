//! Volumes that several pods share.

use std::collections::BTreeMap;

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

impl Claim {
    /// Whether it is on no node yet and another pod may name it.
    fn open(&self) -> bool {
        self.nodes.is_none() && !self.ephemeral
    }

    /// Its number among the shared ones; none when it is the pod's alone.
    pub fn among(&self, pod: &Pod, shared: &BTreeMap<(&str, &str), usize>) -> Option<usize> {
        let name = (pod.namespace.as_str(), self.name.as_str());
        self.open().then(|| shared.get(&name).copied()).flatten()
    }
}
