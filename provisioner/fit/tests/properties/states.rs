//! Every state the scheduler can get into: each pod that waits, on each node
//! that takes it, in any order or in that of the waves.

use std::collections::HashSet;

use terrarium_fit::model::Problem;
use terrarium_fit::simulate::{Compiled, State};

/// What can come of a problem.
pub(crate) struct States {
    /// All pods can be placed.
    pub complete: bool,
    /// Some may be left over.
    pub stuck: bool,
    /// The states from which nothing more can be placed: the node of each pod.
    pub last: Vec<Vec<Option<usize>>>,
}

/// Looks at all of them, whatever the order of arrival.
pub(crate) fn states(problem: &Problem) -> States {
    explore(problem, &vec![0; problem.pods.len()])
}

/// Those in which no pod comes before all of earlier waves have their nodes.
pub(crate) fn states_in_waves(problem: &Problem) -> States {
    explore(problem, &problem.pods.iter().map(|pod| pod.wave).collect::<Vec<_>>())
}

fn explore(problem: &Problem, waves: &[u32]) -> States {
    let compiled = Compiled::new(problem);
    let mut last = Vec::new();
    walk(&State::new(&compiled), waves, &mut HashSet::new(), &mut last);
    let whole = |placed: &Vec<Option<usize>>| placed.iter().all(Option::is_some);
    States { complete: last.iter().any(whole), stuck: !last.iter().all(whole), last }
}

fn walk(
    state: &State<'_>,
    waves: &[u32],
    seen: &mut HashSet<Vec<Option<usize>>>,
    last: &mut Vec<Vec<Option<usize>>>,
) {
    if !seen.insert(state.placement()) {
        return;
    }
    let waiting: Vec<usize> = (0..waves.len()).filter(|&pod| !state.is_placed(pod)).collect();
    let wave = waiting.iter().map(|&pod| waves[pod]).min();
    let mut ends = true;
    for pod in waiting.into_iter().filter(|&pod| Some(waves[pod]) == wave) {
        for node in 0..state.nodes() {
            if state.feasible(pod, node) {
                ends = false;
                // Taking the pod away again would leave its volume where it is.
                let mut next = state.clone();
                next.place(pod, node);
                walk(&next, waves, seen, last);
            }
        }
    }
    if ends {
        last.push(state.placement());
    }
}

/// Whether the pods can arrive at this placement in some order.
pub(crate) fn arrives(problem: &Problem, placement: &[usize]) -> bool {
    let compiled = Compiled::new(problem);
    let state = State::new(&compiled);
    let bound = |(pod, node): (usize, &usize)| state.placement()[pod].is_none_or(|at| at == *node);
    placement.iter().enumerate().all(bound) && goes(&state, placement)
}

fn goes(state: &State<'_>, placement: &[usize]) -> bool {
    let waiting: Vec<usize> = (0..placement.len()).filter(|&pod| !state.is_placed(pod)).collect();
    waiting.is_empty()
        || waiting.iter().any(|&pod| {
            state.feasible(pod, placement[pod]) && {
                let mut next = state.clone();
                next.place(pod, placement[pod]);
                goes(&next, placement)
            }
        })
}
