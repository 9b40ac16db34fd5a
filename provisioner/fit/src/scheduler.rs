//! Judging a problem by simulated runs of the default scheduler.

use crate::model::Problem;
use crate::simulate::{Compiled, State, simulate};
use crate::verdict::{Budget, Scheduler, Verdict, between};

/// The verdict on a problem within a budget.
pub fn judge(problem: &Problem, budget: &Budget) -> Verdict {
    let compiled = Compiled::new(problem);
    let mut run = |order: &[usize], seed: u64| simulate(&compiled, order, seed).placed;
    let again = |placement: &[(usize, usize)]| replay(&compiled, placement);
    let mut scheduler = Scheduler { simulate: &mut run, replay: &again };
    crate::verdict::judge(problem, budget, &mut scheduler, None)
}

/// The verdict on nodes whose allocatable lies between two ends.
pub fn judge_interval(low: &Problem, high: &Problem, budget: &Budget) -> Verdict {
    if low == high {
        return judge(low, budget);
    }
    between(judge(low, budget), judge(high, budget))
}

/// Whether some order places these pods on these nodes, one by one, with each
/// node's consent.
fn replay(compiled: &Compiled, placement: &[(usize, usize)]) -> bool {
    let mut state = State::new(compiled);
    let mut waiting: Vec<(usize, usize)> =
        placement.iter().copied().filter(|(pod, _)| !state.is_placed(*pod)).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|&(pod, node)| {
            let fits = state.feasible(pod, node);
            if fits {
                state.place(pod, node);
            }
            !fits
        });
        if waiting.len() == before {
            return false;
        }
    }
    true
}
