//! The question behind every change, asked of a problem: does what is left of
//! it fit?

use std::collections::BTreeSet;

use crate::certificate::find;
use crate::limit;
use crate::model::{Node, Problem};
use crate::pack::{Meter, Order, Packing, compile};
use crate::search::{Outcome, search};

/// Whether the pods of a packing fit: by a cheap proof or the exact search, in
/// so many steps. A placement that depends on the order of arrival is no yes,
/// so it counts as undecided.
pub fn packs(packing: &Packing, steps: u64) -> Option<bool> {
    if find(packing).is_some() {
        return Some(false);
    }
    match search(packing, &mut Meter::new(steps, None)) {
        Outcome::Found(_) => {
            packing.classes.iter().all(|class| class.order == Order::Free).then_some(true)
        }
        Outcome::None { .. } => Some(false),
        Outcome::Spent { .. } => None,
    }
}

/// The same for a problem without the services named by their places.
pub fn without(
    problem: &Problem,
    services: &[super::Service],
    dropped: &BTreeSet<usize>,
    steps: u64,
) -> Option<bool> {
    let gone: BTreeSet<&str> =
        dropped.iter().filter_map(|&service| Some(services.get(service)?.name.as_str())).collect();
    // All nodes and bound pods stay in view: a dropped service's are freed too.
    let pods = problem.pods.iter().filter(|pod| !gone.contains(pod.service.as_str()));
    let pods = pods.inspect(|_| limit::check()).cloned().collect();
    let left = Problem { nodes: problem.nodes.clone(), pods };
    packs(&compile(&left, false), steps)
}

/// A node one could buy.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The board's name.
    pub board: String,
    /// The node it would make, under a name no other node has.
    pub node: Node,
    /// Its price, in whatever unit the caller counts.
    pub price: Option<u64>,
}

/// A board that makes everything fit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Board {
    /// Its name.
    pub board: String,
    /// The node it replaces; none when it comes in addition.
    pub replaces: Option<String>,
    /// Its price.
    pub price: Option<u64>,
}

/// Each candidate, in addition or in the place of a node nothing is bound to,
/// that makes everything fit: cheapest first, those without a price last and in
/// the order given.
pub fn boards(problem: &Problem, candidates: &[Candidate], steps: u64) -> Vec<Board> {
    let mut helpful = Vec::new();
    for candidate in candidates {
        let mut more = problem.clone();
        more.nodes.push(candidate.node.clone());
        if packs(&compile(&more, false), steps) == Some(true) {
            helpful.push((candidate, None));
        }
        for (place, node) in problem.nodes.iter().enumerate() {
            limit::check();
            let bound = |name: &Option<String>| name.as_ref() == Some(&node.name);
            if problem.pods.iter().any(|pod| bound(&pod.node_name)) {
                continue;
            }
            let mut other = problem.clone();
            other.nodes[place] = Node {
                name: node.name.clone(),
                labels: node.labels.clone(),
                taints: node.taints.clone(),
                ..candidate.node.clone()
            };
            if packs(&compile(&other, false), steps) == Some(true) {
                helpful.push((candidate, Some(node.name.clone())));
            }
        }
    }
    helpful.sort_by_key(|(candidate, _)| (candidate.price.is_none(), candidate.price));
    let board = |(candidate, replaces): (&Candidate, Option<String>)| Board {
        board: candidate.board.clone(),
        replaces,
        price: candidate.price,
    };
    helpful.into_iter().map(board).collect()
}
