//! Pods that all end up in one domain, whichever it is.

use std::collections::BTreeMap;

use super::neighbours::{Neighbours, by_label};
use crate::limit;
use crate::model::{Pod, PodTerm, Problem, shared};
use crate::pack::{Class, Tie, Tied};

/// The groups of classes that volumes or neighbours tie.
pub(super) fn tied(problem: &Problem, classes: &[Class], neighbours: &mut Neighbours) -> Vec<Tied> {
    let shared = shared(problem);
    let mut volumes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut together: Vec<(&[PodTerm], Vec<usize>)> = Vec::new();
    for (class, pods) in classes.iter().enumerate() {
        let Some(pod) = pods.members.first().map(|&pod| &problem.pods[pod]) else { continue };
        for volume in pod.claims.iter().filter_map(|claim| claim.among(pod, &shared)) {
            volumes.entry(volume).or_default().push(class);
        }
        let terms = pod.affinity.required.as_slice();
        if terms.is_empty() {
            continue;
        }
        match together.iter_mut().find(|(known, _)| *known == terms) {
            Some((_, classes)) => classes.push(class),
            None => together.push((terms, vec![class])),
        }
    }
    let of_volumes =
        volumes.into_values().map(|classes| Tied { classes, topology: 0, tie: Tie::Volume });
    let mut all: Vec<Tied> = of_volumes.collect();
    for (terms, classes) in
        together.into_iter().filter(|(terms, _)| only_each_other(problem, terms))
    {
        for term in terms {
            let topology = neighbours.number(by_label(problem, &term.topology_key));
            all.push(Tied { classes: classes.clone(), topology, tie: Tie::Affinity });
        }
    }
    all
}

/// Whether all pods that the terms mean have these very terms and are on no node yet:
/// the first decides where all go. One that is elsewhere would draw others there.
fn only_each_other(problem: &Problem, terms: &[PodTerm]) -> bool {
    let meant = |pod: &&Pod| {
        limit::check();
        terms.iter().all(|term| term.means(pod))
    };
    let bound = |pod: &Pod| pod.node_name.is_some() || pod.affinity.required != terms;
    !problem.pods.iter().filter(meant).any(bound)
}
