//! Pods that have to be in one domain, counted pod by pod.

use std::collections::{BTreeMap, BTreeSet};

use super::{Count, Together};
use crate::limit;
use crate::model::{Pod, Problem};
use crate::pack::Tie;

/// The groups among these pods, of volumes and of neighbours.
pub(super) fn groups(
    problem: &Problem,
    pods: &[&Pod],
    domains: impl Fn(&str) -> Vec<Option<usize>>,
) -> Vec<Together> {
    let mut volumes: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    for (place, pod) in pods.iter().enumerate() {
        limit::check();
        let tying =
            pod.claims.iter().filter(|one| one.nodes.is_none() && !one.ephemeral && !one.anywhere);
        for claim in tying {
            volumes.entry((&pod.namespace, &claim.name)).or_default().insert(place);
        }
    }
    let of_volumes =
        volumes.into_values().map(|pods| Together { pods, domains: domains(""), tie: Tie::Volume });
    let mut groups: Vec<Together> = of_volumes.filter(|group| group.pods.len() > 1).collect();
    let mut seen: Vec<&Pod> = Vec::new();
    for pod in pods.iter().filter(|pod| !pod.affinity.required.is_empty()) {
        limit::check();
        let terms = &pod.affinity.required;
        if seen.iter().any(|known| known.affinity.required == *terms) {
            continue;
        }
        seen.push(pod);
        // Whoever else may be a neighbour may be elsewhere.
        let mut meant = problem.pods.iter().filter(|other| terms.iter().all(|t| t.means(other)));
        if !meant.all(|other| other.affinity.required == *terms && other.node_name.is_none()) {
            continue;
        }
        let same = pods.iter().enumerate().filter(|(_, one)| one.affinity.required == *terms);
        let same: BTreeSet<usize> = same.map(|(place, _)| place).collect();
        groups.extend(terms.iter().map(|term| Together {
            pods: same.clone(),
            domains: domains(&term.topology_key),
            tie: Tie::Affinity,
        }));
    }
    groups
}

impl Count {
    /// Whether each domain is too small for all these pods, lets one of them in
    /// nowhere, or has two that exclude each other wherever they are in it.
    pub(super) fn none_takes(&self, pods: &BTreeSet<usize>, group: &Together) -> bool {
        let all: BTreeSet<usize> = group.domains.iter().flatten().copied().collect();
        all.into_iter().all(|domain| {
            let here = |node: &usize| group.domains[*node] == Some(domain);
            let nodes: Vec<usize> = (0..self.nodes.len()).filter(here).collect();
            self.shut_out(pods, &nodes) || self.overfull(pods, &nodes) || self.at_odds(pods, &nodes)
        })
    }

    fn shut_out(&self, pods: &BTreeSet<usize>, nodes: &[usize]) -> bool {
        pods.iter().any(|&pod| !nodes.iter().any(|&node| self.may(pod, node)))
    }

    fn overfull(&self, pods: &BTreeSet<usize>, nodes: &[usize]) -> bool {
        (0..self.dimensions.len()).any(|dimension| {
            let sum: u128 = pods.iter().map(|&pod| self.demand(pod, dimension)).sum();
            sum > nodes.iter().map(|&node| self.room(node, dimension)).sum()
        })
    }

    fn at_odds(&self, pods: &BTreeSet<usize>, nodes: &[usize]) -> bool {
        pods.iter().any(|&one| {
            pods.range(one + 1..).any(|&other| {
                nodes.iter().all(|&a| nodes.iter().all(|&b| self.excluded(one, other, a, b)))
            })
        })
    }
}
