//! The services of an answer, each with its part of the nodes and how far it may grow.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::change::{Dimension, in_place, largest_of};
use terrarium_fit::simulate::Run;
use terrarium_fit::verdict::Verdict;
use terrarium_fit::{k3s, limit};

use super::kind;
use crate::fit::advice;
use crate::fit::answer::{Remark, Service};
use crate::fit::problem::Asked;

pub(super) fn services(
    asked: &Asked,
    verdict: &Verdict,
    run: &Run,
    refused: &[Remark],
    complete: bool,
) -> Vec<Service> {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let mut seen: BTreeSet<(&str, usize)> = BTreeSet::new();
    for (place, pod) in asked.low.pods.iter().enumerate() {
        let name = pod.service.as_str();
        let about = asked.about(name);
        let found = verdict.services.get(name);
        let service = services.entry(name).or_insert_with(|| {
            order.push(name);
            let verdict = match found {
                Some(found) => kind(found.verdict),
                // What runs already is not asked about.
                None if pod.node_name.is_some() => "guaranteed",
                None => "unknown",
            };
            let reason =
                found.and_then(|found| found.certificate.as_ref()).map(ToString::to_string);
            Service { reason, ..Service::new(name, about.title, about.group, verdict) }
        });
        service.request += pod.requests.memory_bytes;
        service.limit = service.limit.zip(pod.memory_limit()).map(|(sum, one)| sum + one);
        service.cpu += pod.requests.cpu_milli;
        service.volumes += pod.claims.iter().map(|claim| claim.bytes).sum::<u64>();
        if let Some(node) = run.placed[place]
            && seen.insert((name, node))
        {
            service.nodes.push(asked.low.nodes[node].name.clone());
        }
    }
    let mut all: Vec<Service> = order.iter().filter_map(|name| services.remove(name)).collect();
    if complete {
        room(asked, run, &mut all);
    }
    for refusal in refused {
        let name = refusal.service.clone().unwrap_or_default();
        let reason = Some(refusal.what.clone());
        let own = Service::new(&name, name.clone(), "Cluster".to_owned(), "impossible");
        all.push(Service { reason, ..own });
    }
    all
}

/// How far each may grow: with every pod where it is, and where few enough pods are
/// there to try, with others elsewhere.
fn room(asked: &Asked, run: &Run, services: &mut [Service]) {
    let problem = &asked.low;
    let few = problem.pods.len() <= advice::PODS_MAX && problem.nodes.len() <= NODES_MAX;
    let own = |service: &&mut Service| service.name != k3s::SERVICE;
    for of in [Dimension::Memory, Dimension::Cpu] {
        let place = || in_place(of, problem, &run.placed);
        let placed = limit::stage(STAGE, place).unwrap_or_default();
        for service in services.iter_mut().filter(own) {
            *slot(service, of) = placed.get(&service.name).copied();
        }
    }
    for service in services.iter_mut().filter(own).filter(|_| few) {
        for of in [Dimension::Memory, Dimension::Cpu] {
            let name = service.name.clone();
            let found = limit::stage(STAGE, || {
                let found = largest_of(of, problem, &name, advice::STEPS);
                limit::check();
                found
            });
            let slot = slot(service, of);
            *slot = (*slot).max(found.flatten());
        }
    }
}

const STAGE: &str = "the room to grow";
/// Nodes among which it is tried to move others.
const NODES_MAX: usize = 16;

const fn slot(service: &mut Service, of: Dimension) -> &mut Option<u64> {
    match of {
        Dimension::Memory => &mut service.largest_request,
        Dimension::Cpu => &mut service.largest_cpu,
    }
}
