//! Pods that end, such as those of jobs, and that no node ever takes. Whether others
//! leave them room is a matter of time; this is not.

use std::collections::BTreeSet;

use terrarium_fit::filter::{Reason, refuses};
use terrarium_fit::model::{Node, Pod};

use super::answer::{Remark, Weight};
use super::problem::{Asked, reasons};

/// A refusal for each service with such a pod.
pub(crate) fn remarks(asked: &Asked) -> Vec<Remark> {
    let mut told = BTreeSet::new();
    // With the nodes as large as they may be.
    let nodes = &asked.high.nodes;
    let pods = asked.low.pods.iter().chain(&asked.jobs).filter(|pod| pod.ends());
    pods.filter(|pod| pod.node_name.is_none() && !pod.leaving)
        .filter_map(|pod| {
            let why: Vec<Reason> =
                nodes.iter().map(|node| alone(pod, node)).collect::<Option<_>>()?;
            told.insert(pod.service.clone()).then(|| Remark {
                about: "job",
                service: Some(pod.service.clone()),
                weight: Weight::Refusal,
                what: format!(
                    "the job `{}` can run nowhere, even when nothing else does: {}",
                    pod.service,
                    reasons(&counted(why))
                ),
                hint: Some("lower its requests, or change what it asks of a node".to_owned()),
            })
        })
        .collect()
}

/// Why the node does not take the pod with nothing else on it.
fn alone(pod: &Pod, node: &Node) -> Option<Reason> {
    refuses(pod, node).or_else(|| Some(Reason::short_of(pod.requests.beyond(&node.allocatable)?)))
}

fn counted(why: Vec<Reason>) -> Vec<(Reason, usize)> {
    let mut counted: Vec<(Reason, usize)> = Vec::new();
    for reason in why {
        match counted.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, nodes)) => *nodes += 1,
            None => counted.push((reason, 1)),
        }
    }
    counted
}
