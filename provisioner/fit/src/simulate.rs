//! The default scheduler, run over pods one by one: filters, scores with their
//! integer divisions, a seeded choice among equals. Everything that needs texts
//! is worked out once, in [`Compiled`]; a run works on numbers alone.

mod arrival;
mod compile;
mod counter;
mod preempt;
mod row;
mod score;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use arrival::order;
pub use compile::Compiled;
pub use state::State;

use std::collections::VecDeque;

use crate::filter::Reason;
use crate::limit;
use crate::random::Random;
use preempt::preempt;

/// Below this number of nodes all of them are looked at.
const ALL_BELOW: usize = 100;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The node of each pod, by its place in the problem.
    pub placed: Vec<Option<usize>>,
    /// Pods no node was found for, and why the nodes refuse them in the end:
    /// each reason with the number of nodes.
    pub left: Vec<(usize, Vec<(Reason, usize)>)>,
}

/// Runs the scheduler over `order`, places of pods in the problem; pods bound
/// already are there from the beginning, and stay. What finds no node has less
/// important ones give way where that helps, and is tried again as long as
/// others come or go.
pub fn simulate(compiled: &Compiled, order: &[usize], seed: u64) -> Run {
    let mut random = Random::new(seed);
    let mut state = State::new(compiled);
    let arrival = &compiled.arrival;
    let mut waiting: VecDeque<usize> = arrival.in_turn(order).into();
    waiting.retain(|&pod| !state.is_placed(pod));
    let (mut start, mut turn) = (0, 0);
    let mut since = vec![0; compiled.pods.len()];
    let mut gone = Vec::new();
    loop {
        let mut left = VecDeque::new();
        let (mut came, mut went) = (false, false);
        while let Some(pod) = waiting.pop_front() {
            limit::check();
            if !arrival.is_made(pod, &state) {
                left.push_back(pod);
                continue;
            }
            let mut node = choose(&state, pod, &mut start, &mut random);
            if node.is_none()
                && let Some(found) = preempt(&mut state, pod, &since, &mut random)
            {
                // Their controllers make them again at once.
                for victim in found.victims.into_iter().rev() {
                    state.remove(victim);
                    if arrival.bare[victim] {
                        gone.push(victim);
                    } else {
                        waiting.push_front(victim);
                    }
                }
                (node, went) = (Some(found.node), true);
            }
            if let Some(node) = node {
                state.place(pod, node);
                turn += 1;
                (since[pod], came) = (turn, true);
            } else {
                left.push_back(pod);
            }
        }
        waiting = left;
        // Otherwise only neighbours that came since can open a node to a pod.
        let opened = |&pod: &usize| compiled.waits_for_neighbours(pod) || arrival.follows(pod);
        if !came || !went && !waiting.iter().any(opened) {
            break;
        }
    }
    let left = waiting.into_iter().chain(gone).map(|pod| (pod, state.reasons(pod))).collect();
    Run { placed: state.placement(), left }
}

/// The node the scheduler would choose.
fn choose(state: &State<'_>, pod: usize, start: &mut usize, random: &mut Random) -> Option<usize> {
    let feasible = sample(state, pod, start);
    match feasible.as_slice() {
        [] => None,
        [only] => Some(*only),
        _ => {
            let scores = state.scores(pod, &feasible);
            let best = scores.iter().copied().max()?;
            let ties = || feasible.iter().zip(&scores).filter(|(_, score)| **score == best);
            let pick = random.below(ties().count());
            ties().nth(pick).map(|(node, _)| *node)
        }
    }
}

/// The nodes that take the pod: all, or of a hundred or more as many as the
/// scheduler looks for, from where the last search ended.
fn sample(state: &State<'_>, pod: usize, start: &mut usize) -> Vec<usize> {
    let nodes = state.nodes();
    let wanted = if nodes < ALL_BELOW {
        nodes
    } else {
        (nodes * (50_usize.saturating_sub(nodes / 125)).max(5) / 100).max(ALL_BELOW)
    };
    let mut found = Vec::new();
    let mut looked = 0;
    while looked < nodes && found.len() < wanted {
        let node = (*start + looked) % nodes;
        if state.feasible(pod, node) {
            found.push(node);
        }
        looked += 1;
    }
    if nodes >= ALL_BELOW {
        *start = (*start + looked) % nodes;
    }
    found
}
