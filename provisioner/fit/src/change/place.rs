//! How large requests may be with every pod where it is.

use std::collections::BTreeMap;

use super::Dimension;
use crate::limit;
use crate::model::Problem;

/// The largest request for each pod of each service with which all pods may stay where
/// they are, `placed` by their places: no more than there may be if others moved, and
/// found in one look at each pod. What has no node has no room.
pub fn in_place(
    of: Dimension,
    problem: &Problem,
    placed: &[Option<usize>],
) -> BTreeMap<String, u64> {
    let mut free: Vec<u64> = problem.nodes.iter().map(|node| of.of(&node.allocatable)).collect();
    let mut largest: BTreeMap<&str, u64> = BTreeMap::new();
    for (pod, node) in problem.pods.iter().zip(placed) {
        limit::check();
        let amount = of.of(&pod.requests);
        let now = largest.entry(&pod.service).or_default();
        *now = amount.max(*now);
        if let Some(free) = node.and_then(|node| free.get_mut(node)) {
            *free = free.saturating_sub(amount);
        }
    }
    // Nobody shrinks: only those at the top of the service grow.
    let mut growing: BTreeMap<(&str, usize), u64> = BTreeMap::new();
    for (pod, node) in problem.pods.iter().zip(placed) {
        let (service, amount) = (pod.service.as_str(), of.of(&pod.requests));
        if let (Some(node), true) = (node, largest.get(service) == Some(&amount)) {
            *growing.entry((service, *node)).or_default() += 1;
        }
    }
    let mut room: BTreeMap<&str, u64> = BTreeMap::new();
    for ((service, node), pods) in growing {
        let more = free.get(node).copied().unwrap_or_default() / pods / of.step() * of.step();
        let least = room.entry(service).or_insert(more);
        *least = more.min(*least);
    }
    let grown = |(service, more): (&str, u64)| {
        (service.to_owned(), largest.get(service).copied().unwrap_or_default() + more)
    };
    room.into_iter().map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Node, Pod, Resources};

    const MIB: u64 = 1 << 20;

    #[test]
    fn pods_grow_where_they_are_as_far_as_the_fullest_of_their_nodes_lets_them() {
        let memory = |mib: u64| Resources { memory_bytes: mib * MIB, ..Resources::default() };
        let node = |mib| Node { allocatable: memory(mib), ..Node::default() };
        let pod = |service: &str, mib| Pod {
            service: service.to_owned(),
            requests: memory(mib),
            ..Pod::default()
        };
        let problem = Problem {
            nodes: vec![node(100), node(50)],
            pods: vec![pod("a", 10), pod("a", 10), pod("a", 10), pod("b", 20), pod("b", 5)],
        };
        let placed = [Some(0), Some(0), Some(1), Some(1), None];
        let found = in_place(Dimension::Memory, &problem, &placed);
        // 80 are free beside two of `a`, 20 beside one of each.
        assert_eq!(found, [("a".to_owned(), 30 * MIB), ("b".to_owned(), 40 * MIB)].into());
    }
}
