//! Judging a problem by simulated runs of the default scheduler.

use crate::certificate;
use crate::limit;
use crate::model::Problem;
use crate::pack::{Meter, compile};
use crate::search::{Outcome, search};
use crate::share::share;
use crate::simulate::{Compiled, State, order, simulate};
use crate::verdict::{Budget, Scheduler, Verdict, between};

/// The verdict on a problem within a budget.
pub fn judge(problem: &Problem, budget: &Budget) -> Verdict {
    let Some(compiled) = limit::stage("the numbering of the pods", || Compiled::new(problem))
    else {
        return Verdict::nothing();
    };
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
    let first = limit::part("the smallest nodes", 50, || judge(low, budget));
    let first = first.unwrap_or_else(Verdict::nothing);
    let second = limit::stage("the largest nodes", || judge(high, budget));
    between(first, second.unwrap_or_else(Verdict::nothing))
}

/// A placement of the pods that wait, by their places and their nodes', that
/// passes every filter: of one of so many runs, or of a search of so many
/// steps. None is no proof that there is none.
pub fn witness(problem: &Problem, budget: &Budget) -> Option<Vec<(usize, usize)>> {
    if certificate::find(&compile(problem, true)).is_some() {
        return None;
    }
    let compiled = Compiled::new(problem);
    let mut run = |order: &[usize], seed: u64| simulate(&compiled, order, seed).placed;
    share(&order(problem), budget.runs, budget.seed, &mut run).witness.or_else(|| {
        let packing = compile(problem, false);
        let Outcome::Found(nodes) = search(&packing, &mut Meter::new(budget.search, None)) else {
            return None;
        };
        let classes = packing.classes.iter().zip(nodes);
        let pairs = classes.flat_map(|(class, nodes)| class.members.iter().copied().zip(nodes));
        Some(pairs.collect()).filter(|pairs: &Vec<_>| replay(&compiled, pairs))
    })
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
            limit::check();
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
