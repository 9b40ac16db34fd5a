//! Who comes after whom, and who gives way to whom.

use std::collections::BTreeMap;

use super::State;
use crate::model::{Owner, Problem};

/// What decides about a pod's turn.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// The pods of each `OrderedReady` set, in their order.
    chains: Vec<Vec<usize>>,
    /// The pod that has to be placed before this one is made.
    before: Vec<Option<usize>>,
    pub priority: Vec<i32>,
    /// Pods that wait rather than have others give way.
    pub patient: Vec<bool>,
    /// Pods that give way: not those that run already.
    pub yields: Vec<bool>,
    /// Pods nobody makes again once they gave way.
    pub bare: Vec<bool>,
    /// No pod that gives way has a lower priority.
    pub lowest: i32,
}

impl Arrival {
    pub(super) fn new(problem: &Problem) -> Self {
        let pods = &problem.pods;
        let chains = chains(problem);
        let mut before = vec![None; pods.len()];
        for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
            before[pair[1]] = Some(pair[0]);
        }
        let free = pods.iter().filter(|pod| pod.node_name.is_none());
        Self {
            before,
            chains,
            priority: pods.iter().map(|pod| pod.priority).collect(),
            patient: pods.iter().map(|pod| pod.patient).collect(),
            yields: pods.iter().map(|pod| pod.node_name.is_none()).collect(),
            bare: pods.iter().map(|pod| pod.owner == Owner::Pod).collect(),
            lowest: free.map(|pod| pod.priority).min().unwrap_or(i32::MAX),
        }
    }

    /// The same order with the pods of each set in theirs, in the places they
    /// have between them.
    pub(super) fn in_turn(&self, order: &[usize]) -> Vec<usize> {
        let mut order = order.to_vec();
        if self.chains.is_empty() {
            return order;
        }
        let mut place = vec![None; self.before.len()];
        for (at, &pod) in order.iter().enumerate() {
            place[pod] = Some(at);
        }
        for chain in &self.chains {
            let pods = chain.iter().filter(|&&pod| place[pod].is_some());
            let mut places: Vec<usize> = chain.iter().filter_map(|&pod| place[pod]).collect();
            places.sort_unstable();
            for (at, &pod) in places.into_iter().zip(pods) {
                order[at] = pod;
            }
        }
        order
    }

    /// Whether the pod is there to be placed.
    pub(super) fn is_made(&self, pod: usize, state: &State<'_>) -> bool {
        self.before[pod].is_none_or(|before| state.is_placed(before))
    }

    /// Whether it is made after another.
    pub(super) fn follows(&self, pod: usize) -> bool {
        self.before[pod].is_some()
    }
}

/// The pods of each `OrderedReady` set of more than one.
fn chains(problem: &Problem) -> Vec<Vec<usize>> {
    let mut sets: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, pod) in problem.pods.iter().enumerate() {
        if let Owner::StatefulSet { name, ordered: true } = &pod.owner {
            sets.entry((&pod.namespace, name)).or_default().push(place);
        }
    }
    sets.into_values().filter(|pods| pods.len() > 1).collect()
}

/// The pods that wait, with their waves, as they arrive: each of an ordered set
/// is made once the one before it runs, when all others of its wave have long
/// had their turn.
pub(crate) fn order(problem: &Problem) -> Vec<(usize, u32)> {
    let mut ranks = vec![0; problem.pods.len()];
    for chain in chains(problem) {
        for (rank, pod) in chain.into_iter().enumerate() {
            ranks[pod] = rank;
        }
    }
    let pods = problem.pods.iter().enumerate();
    let mut order: Vec<(usize, u32)> = pods
        .filter(|(_, pod)| pod.node_name.is_none())
        .map(|(place, pod)| (place, pod.wave))
        .collect();
    order.sort_by_key(|&(place, wave)| (wave, ranks[place]));
    order
}
