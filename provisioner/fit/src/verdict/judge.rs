//! From a problem to its verdict.

use std::collections::BTreeMap;

use super::{Budget, Case, Replay, Verdict, decide};
use crate::certificate::Certificate;
use crate::checker::{check, translate};
use crate::limit;
use crate::model::Problem;
use crate::pack::compile;
use crate::share::Simulate;
use crate::simulate::order;

/// The scheduler a verdict is about.
pub struct Scheduler<'a> {
    /// Runs it over the unbound pods in an order of arrival.
    pub simulate: &'a mut Simulate<'a>,
    /// Replays a placement through its filters, pod by pod.
    pub replay: &'a Replay<'a>,
}

impl std::fmt::Debug for Scheduler<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scheduler").finish_non_exhaustive()
    }
}

/// Judges a problem within a budget. `stop` ends the work early, for callers
/// with a clock; with it, equal inputs need not give equal bytes.
pub fn judge<'a>(
    problem: &'a Problem,
    budget: &Budget,
    scheduler: &'a mut Scheduler<'a>,
    stop: Option<&'a dyn Fn() -> bool>,
) -> Verdict {
    let packed = || (compile(problem, false), compile(problem, true), order(problem));
    let Some((packing, lasting, order)) = limit::stage("the sorting of the pods", packed) else {
        return Verdict::nothing();
    };
    let mut services: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, pod) in problem.pods.iter().enumerate() {
        if pod.node_name.is_none() {
            services.entry(pod.service.clone()).or_default().push(place);
        }
    }
    let confirmed = |proof: &Certificate| confirmed(problem, proof, budget.search);
    let mut case = Case {
        packing: &packing,
        lasting: &lasting,
        order,
        services,
        simulate: &mut *scheduler.simulate,
        replay: scheduler.replay,
        check: &confirmed,
        stop,
    };
    let mut verdict = decide(&mut case, budget);
    if !verdict.placement.is_empty() {
        let bound = problem.pods.iter().filter_map(|pod| Some((pod.key(), pod.node_name.clone()?)));
        verdict.placement.extend(bound);
    }
    verdict
}

/// The certificate, if it holds when it is counted again.
fn confirmed(problem: &Problem, proof: &Certificate, steps: u64) -> Option<Certificate> {
    let checked = || check(&translate(problem, proof.pods().as_ref()), proof, steps);
    limit::stage("the check of a proof", checked).flatten()
}
