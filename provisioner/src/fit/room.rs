//! Room for what comes beside the pods that stay: one more pod during an update,
//! and jobs.

use std::collections::BTreeMap;

use terrarium_fit::filter::Reason;
use terrarium_fit::limit;
use terrarium_fit::model::{Pod, Problem};
use terrarium_fit::simulate::{Compiled, State};

use super::answer::{Remark, Weight};
use super::problem::Asked;
use super::rollout;
use super::words::mib;

/// What finds no room beside the pods placed so, node of each pod by place.
pub(super) fn remarks(asked: &Asked, placed: &[Option<usize>]) -> Vec<Remark> {
    let updates = rollout::steps(&asked.low.pods);
    let next = updates.iter().flat_map(|update| update.next(&asked.low.pods));
    let beside: Vec<Pod> = next.chain(asked.jobs.iter().cloned()).collect();
    let mut pods = Problem::clone(&asked.low).pods;
    let first = pods.len();
    pods.extend(beside);
    let all = pods.len();
    let compiled = Compiled::new(&Problem { nodes: asked.low.nodes.clone(), pods });
    let mut state = State::new(&compiled);
    // What names its node is there from the beginning; it is yet to come here.
    for place in first..all {
        state.remove(place);
    }
    for (pod, node) in placed.iter().enumerate() {
        if let (false, Some(node)) = (state.is_placed(pod), node) {
            state.place(pod, *node);
        }
    }
    let mut place = first;
    let mut remarks = Vec::new();
    for update in &updates {
        let looked = place..place + update.count();
        place = looked.end;
        let kept_out: Vec<Vec<(Reason, usize)>> =
            looked.filter_map(|pod| refused(&state, pod)).collect();
        remarks.extend(update.remark(&asked.low.pods, &kept_out));
    }
    for (number, job) in asked.jobs.iter().enumerate() {
        if refused(&state, place + number).is_some() {
            remarks.push(job_waits(job));
        }
    }
    remarks
}

/// Why no node takes the pod now, with the number of nodes for each reason.
fn refused(state: &State<'_>, pod: usize) -> Option<Vec<(Reason, usize)>> {
    let mut counted = BTreeMap::new();
    for node in 0..state.nodes() {
        limit::check();
        *counted.entry(state.reason(pod, node)?).or_default() += 1;
    }
    Some(counted.into_iter().collect())
}

fn job_waits(job: &Pod) -> Remark {
    let (request, service) = (mib(job.requests.memory_bytes), &job.service);
    Remark {
        about: "start",
        service: Some(service.clone()),
        weight: Weight::Warning,
        what: format!(
            "the job `{}` of `{service}` requests {request} while the others run, and no node has \
             that left",
            job.name
        ),
        hint: Some("scale something down while it runs".to_owned()),
    }
}
