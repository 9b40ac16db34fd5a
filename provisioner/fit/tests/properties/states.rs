//! Every state the scheduler can get into: each pod that waits, on each node
//! that takes it, in any order.

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

/// Looks at all of them.
pub(crate) fn states(problem: &Problem) -> States {
    let compiled = Compiled::new(problem);
    let mut state = State::new(&compiled);
    let mut last = Vec::new();
    walk(&mut state, problem.pods.len(), &mut HashSet::new(), &mut last);
    let whole = |placed: &Vec<Option<usize>>| placed.iter().all(Option::is_some);
    States { complete: last.iter().any(whole), stuck: !last.iter().all(whole), last }
}

fn walk(
    state: &mut State<'_>,
    pods: usize,
    seen: &mut HashSet<Vec<Option<usize>>>,
    last: &mut Vec<Vec<Option<usize>>>,
) {
    if !seen.insert(state.placement()) {
        return;
    }
    let mut ends = true;
    for pod in 0..pods {
        if state.is_placed(pod) {
            continue;
        }
        for node in 0..state.nodes() {
            if state.feasible(pod, node) {
                ends = false;
                state.place(pod, node);
                walk(state, pods, seen, last);
                state.remove(pod);
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
    let mut state = State::new(&compiled);
    let bound = |(pod, node): (usize, &usize)| state.placement()[pod].is_none_or(|at| at == *node);
    placement.iter().enumerate().all(bound) && goes(&mut state, placement)
}

fn goes(state: &mut State<'_>, placement: &[usize]) -> bool {
    let waiting: Vec<usize> = (0..placement.len()).filter(|&pod| !state.is_placed(pod)).collect();
    waiting.is_empty()
        || waiting.iter().any(|&pod| {
            state.feasible(pod, placement[pod]) && {
                state.place(pod, placement[pod]);
                let goes = goes(state, placement);
                state.remove(pod);
                goes
            }
        })
}
