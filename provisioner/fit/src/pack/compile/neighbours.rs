//! Pods that keep each other away: host ports and required anti-affinity.

use std::collections::BTreeMap;

use crate::limit;
use crate::model::{HostPort, Pod, Problem};
use crate::pack::{Cause, Class, Conflict};

/// The topologies in use, each with the node label that makes it.
pub(super) struct Neighbours {
    pub(super) topologies: Vec<Vec<Option<usize>>>,
}

impl Neighbours {
    pub(super) fn new(problem: &Problem) -> Self {
        Self { topologies: vec![(0..problem.nodes.len()).map(Some).collect()] }
    }

    /// The number of a topology, a new one if it has none yet. A domain is
    /// numbered by its first node, so equal topologies are equal lists.
    pub(super) fn number(&mut self, topology: Vec<Option<usize>>) -> usize {
        let known = self.topologies.iter().position(|known| *known == topology);
        known.unwrap_or_else(|| {
            self.topologies.push(topology);
            self.topologies.len() - 1
        })
    }

    /// All pairs of classes that keep each other away.
    pub(super) fn conflicts(&mut self, problem: &Problem, classes: &[Class]) -> Vec<Conflict> {
        let first = |class: &Class| class.members.first().map(|&pod| &problem.pods[pod]);
        // Most say nothing of neighbours: of those no pair is looked at.
        let says = |class: &Class| {
            let says =
                |pod: &Pod| !pod.host_ports.is_empty() || !pod.anti_affinity.required.is_empty();
            first(class).is_some_and(says)
        };
        let saying: Vec<usize> =
            (0..classes.len()).filter(|&class| says(&classes[class])).collect();
        let mut conflicts = Vec::new();
        for (one, class) in classes.iter().enumerate() {
            limit::check();
            let others: Box<dyn Iterator<Item = usize>> = if saying.binary_search(&one).is_ok() {
                Box::new(one..classes.len())
            } else {
                Box::new(saying.iter().copied().filter(move |&other| other > one))
            };
            for other in others {
                let next = &classes[other];
                let (Some(pod), Some(neighbour)) = (first(class), first(next)) else { continue };
                for (topology, cause) in reasons(problem, pod, neighbour) {
                    let topology = self.number(topology);
                    let conflict = Conflict { one, other, topology, cause };
                    let of_pair = |known: &&Conflict| (known.one, known.other) == (one, other);
                    let mut known = conflicts.iter().rev().take_while(of_pair);
                    if !known.any(|known| *known == conflict) {
                        conflicts.push(conflict);
                    }
                }
            }
        }
        conflicts
    }
}

/// Takes away the nodes where a bound pod keeps this one out.
pub(super) fn exclude_bound(problem: &Problem, bound: &[&Pod], pod: &Pod, eligible: &mut [bool]) {
    for bound in bound {
        limit::check();
        let reasons = reasons(problem, pod, bound);
        if reasons.is_empty() {
            continue;
        }
        let node =
            problem.nodes.iter().position(|node| Some(&node.name) == bound.node_name.as_ref());
        let Some(there) = node else { continue };
        for (topology, _) in reasons {
            let Some(domain) = topology[there] else { continue };
            for (node, eligible) in eligible.iter_mut().enumerate() {
                *eligible &= topology[node] != Some(domain);
            }
        }
    }
}

/// Whether it requires neighbours that nobody here is, itself included.
pub(super) fn alone(problem: &Problem, pod: &Pod) -> bool {
    let required = &pod.affinity.required;
    !required.is_empty()
        && !problem.pods.iter().any(|other| required.iter().all(|term| term.means(other)))
}

/// Why two pods keep each other away, and where.
fn reasons(problem: &Problem, one: &Pod, other: &Pod) -> Vec<(Vec<Option<usize>>, Cause)> {
    limit::check();
    let mut reasons = Vec::new();
    if one.host_ports.iter().any(|port| other.host_ports.iter().any(|next| clash(port, next))) {
        reasons.push(((0..problem.nodes.len()).map(Some).collect(), Cause::HostPort));
    }
    for (pod, neighbour) in [(one, other), (other, one)] {
        for term in pod.anti_affinity.required.iter().filter(|term| term.means(neighbour)) {
            reasons.push((by_label(problem, &term.topology_key), Cause::AntiAffinity));
        }
    }
    reasons
}

fn clash(one: &HostPort, other: &HostPort) -> bool {
    let any = |port: &HostPort| port.ip == "0.0.0.0" || port.ip.is_empty();
    one.port == other.port
        && one.protocol == other.protocol
        && (one.ip == other.ip || any(one) || any(other))
}

/// Each node's domain by a label.
pub(super) fn by_label(problem: &Problem, key: &str) -> Vec<Option<usize>> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let nodes = problem.nodes.iter().enumerate();
    nodes
        .map(|(place, node)| {
            limit::check();
            node.labels.get(key).map(|own| *first.entry(own).or_insert(place))
        })
        .collect()
}
