//! What follows from hard spread constraints and required neighbours without
//! knowing the order of arrival.

use std::collections::BTreeSet;

use super::neighbours::{Neighbours, by_label};
use super::{accepts, selected, tolerated};
use crate::limit;
use crate::model::{Node, Pod, Problem, SpreadConstraint, selects};
use crate::pack::{Cap, Class, Order};

fn hard(pod: &Pod) -> impl Iterator<Item = &SpreadConstraint> {
    pod.spread.iter().filter(|spread| spread.hard)
}

/// Nodes without a label a hard constraint counts by refuse the pod.
pub(super) fn exclude_uncounted(problem: &Problem, pod: &Pod, eligible: &mut [bool]) {
    for spread in hard(pod) {
        for (node, eligible) in problem.nodes.iter().zip(eligible.iter_mut()) {
            *eligible &= node.labels.contains_key(&spread.topology_key);
        }
    }
}

/// The domain of each node the constraint counts.
fn counted(problem: &Problem, pod: &Pod, spread: &SpreadConstraint) -> Vec<Option<usize>> {
    let domains = by_label(problem, &spread.topology_key);
    let counts = |node: &Node| {
        hard(pod).all(|other| node.labels.contains_key(&other.topology_key))
            && (!spread.honor_affinity || selected(node, pod))
            && (!spread.honor_taints || tolerated(node, pod))
    };
    domains
        .into_iter()
        .zip(&problem.nodes)
        .map(|(domain, node)| domain.filter(|_| counts(node)))
        .collect()
}

fn few(domains: &[Option<usize>], spread: &SpreadConstraint) -> bool {
    let distinct: BTreeSet<usize> = domains.iter().flatten().copied().collect();
    spread.min_domains.is_some_and(|least| distinct.len() < least as usize)
}

/// How a proof for every order has to treat the pod.
pub(super) fn order(problem: &Problem, pod: &Pod, neighbours: &mut Neighbours) -> Order {
    if !pod.affinity.required.is_empty() {
        return Order::Bound("it needs a neighbour, which may come later".to_owned());
    }
    let constraints: Vec<&SpreadConstraint> = hard(pod).collect();
    match constraints.as_slice() {
        [] => Order::Free,
        [spread] => {
            let domains = counted(problem, pod, spread);
            if few(&domains, spread) {
                return Order::Bound("its spread wants more domains than there are".to_owned());
            }
            Order::Spread { topology: neighbours.number(domains) }
        }
        _ => Order::Bound("it has several hard spread constraints".to_owned()),
    }
}

/// Bounds from constraints with a domain that stays empty: the others never
/// get more than the skew above it.
pub(super) fn caps(problem: &Problem, classes: &[Class], neighbours: &mut Neighbours) -> Vec<Cap> {
    let mut caps = Vec::new();
    for (class, pods) in classes.iter().enumerate() {
        let Some(pod) = pods.members.first().map(|&pod| &problem.pods[pod]) else { continue };
        for spread in hard(pod).filter(|spread| selects(&spread.selector, &pod.labels)) {
            let domains = counted(problem, pod, spread);
            let copies: Vec<&Pod> = problem
                .pods
                .iter()
                .inspect(|_| limit::check())
                .filter(|other| other.namespace == pod.namespace)
                .filter(|other| selects(&spread.selector, &other.labels))
                .collect();
            let all: BTreeSet<usize> = domains.iter().flatten().copied().collect();
            let empty = few(&domains, spread)
                || all.into_iter().any(|domain| {
                    let nodes = (0..domains.len()).filter(|&node| domains[node] == Some(domain));
                    nodes.into_iter().all(|node| stays_empty(&copies, &problem.nodes[node]))
                });
            if empty {
                let (topology, most) = (neighbours.number(domains), u64::from(spread.max_skew));
                caps.push(Cap { class, topology, most });
            }
        }
    }
    caps
}

/// Whether none of the pods that a constraint counts is on the node or may ever be.
fn stays_empty(copies: &[&Pod], node: &Node) -> bool {
    copies.iter().inspect(|_| limit::check()).all(|other| match &other.node_name {
        Some(bound) => *bound != node.name,
        None => !accepts(node, other) || !other.requests.fit(&node.allocatable),
    })
}
