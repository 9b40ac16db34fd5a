//! Preemption: a pod no node takes has less important ones give way on one node.
//! Budgets for disruption are not known here, so none is violated.

use std::cmp::Reverse;

use super::State;
use crate::limit;
use crate::random::Random;

/// Pods that go, the more important first, and the node they free.
pub(super) struct Preemption {
    pub node: usize,
    pub victims: Vec<usize>,
}

/// Where the scheduler would make room; none when that helps nowhere. `since`
/// tells in which order pods were placed. The state is as before.
pub(super) fn preempt(
    state: &mut State<'_>,
    pod: usize,
    since: &[u64],
    random: &mut Random,
) -> Option<Preemption> {
    let arrival = &state.compiled.arrival;
    let mut found = candidates(state, pod, since);
    let cost = |one: &Preemption| {
        let highest = one.victims.iter().map(|&pod| arrival.priority[pod]).max();
        let sum: i64 =
            one.victims.iter().map(|&pod| i64::from(arrival.priority[pod]) + (1 << 31)).sum();
        let top = one.victims.iter().filter(|&&pod| Some(arrival.priority[pod]) == highest);
        // Of equal ones those that have run the shortest.
        (highest, sum, one.victims.len(), Reverse(top.map(|&pod| since[pod]).min()))
    };
    let least = found.iter().map(cost).min()?;
    found.retain(|one| cost(one) == least);
    let pick = if found.len() == 1 { 0 } else { random.below(found.len()) };
    Some(found.swap_remove(pick))
}

/// Each node that takes the pod once others are gone from it.
pub(super) fn candidates(state: &mut State<'_>, pod: usize, since: &[u64]) -> Vec<Preemption> {
    let arrival = &state.compiled.arrival;
    let priority = arrival.priority[pod];
    if arrival.patient[pod] || priority <= arrival.lowest {
        return Vec::new();
    }
    let mut lower: Vec<Vec<usize>> = vec![Vec::new(); state.nodes()];
    for (other, at) in state.placement().into_iter().enumerate() {
        limit::check();
        if let Some(node) = at
            && arrival.yields[other]
            && arrival.priority[other] < priority
        {
            lower[node].push(other);
        }
    }
    let mut found: Vec<Preemption> = Vec::new();
    for (node, mut others) in lower.into_iter().enumerate() {
        others.sort_by_key(|&other| (Reverse(arrival.priority[other]), since[other]));
        let victims = victims(state, pod, node, &others);
        found.extend(victims.map(|victims| Preemption { node, victims }));
    }
    found
}

/// Who of the others has to go from the node for the pod: as few as it takes,
/// the least important. None when even all of them going does not help.
fn victims(state: &mut State<'_>, pod: usize, node: usize, others: &[usize]) -> Option<Vec<usize>> {
    if others.is_empty() {
        return None;
    }
    for &other in others {
        state.remove(other);
    }
    let mut victims = Vec::new();
    let helps = state.feasible(pod, node);
    for &other in others {
        state.place(other, node);
        if helps && !state.feasible(pod, node) {
            state.remove(other);
            victims.push(other);
        }
    }
    for &victim in &victims {
        state.place(victim, node);
    }
    helps.then_some(victims)
}
