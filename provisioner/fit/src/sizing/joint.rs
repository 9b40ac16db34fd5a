//! New sizes for all containers at once, so that the stack still fits.

mod apply;
mod share;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::advise::{cpu, largest, memory};
use super::{Container, Part, Resource, Size, Term, Why};
use crate::model::Problem;
use crate::scheduler::witness;
use crate::verdict::Budget;
use apply::{Change, priority, with};
use share::{Request, share};

pub use apply::workload;

/// What all get together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Joint {
    /// The size each gets, by the container's place, in the order wanted.
    pub sizes: Vec<(usize, Size)>,
    /// Those that get less than they want.
    pub short: Vec<Short>,
    /// A placement of every pod with these sizes, `namespace/name` to node; none
    /// when none was found.
    pub placement: Option<BTreeMap<String, String>>,
}

/// Who gets less than it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The service.
    pub service: String,
    /// Its container.
    pub container: String,
    /// What its request lacks, in each pod.
    pub by: Resource,
}

/// What one question of many may cost: a few runs of the scheduler, then a
/// search.
const EACH: Budget = Budget { search: 4_000, proof: 0, runs: 8, seed: 1 };
/// What the last one may.
const LAST: Budget = Budget { search: 1_000_000, proof: 0, runs: 100, seed: 1 };

/// The sizes wanted, given by the containers' places, cut down to what fits.
/// Pods that change are placed anew, all others stay. Of equally important
/// ones those first in `wanted` are served first.
pub fn jointly(problem: &Problem, wanted: &[(usize, Size)], containers: &[Container]) -> Joint {
    let asked = Asked::new(problem, wanted, containers);
    let mut given: Vec<u64> = asked.requests.iter().map(|one| one.wanted).collect();
    let mut moved = vec![true; given.len()];
    let mut placement = asked.place(&given, &moved, &EACH);
    if placement.is_none() {
        let fits = |given: &[u64], moved: &[bool]| asked.place(given, moved, &EACH).is_some();
        (given, moved) = share(&asked.requests, &fits);
        placement = asked.place(&given, &moved, &LAST);
    }
    let (sizes, short) = asked.answer(&given, &moved);
    Joint { sizes, short, placement }
}

/// What is asked for.
struct Asked<'a> {
    problem: &'a Problem,
    wanted: &'a [(usize, Size)],
    containers: &'a [Container],
    /// The most important first.
    requests: Vec<Request>,
}

impl<'a> Asked<'a> {
    fn new(problem: &'a Problem, wanted: &'a [(usize, Size)], containers: &'a [Container]) -> Self {
        let mut workloads = BTreeMap::new();
        let mut requests = Vec::new();
        for (place, (index, size)) in wanted.iter().enumerate() {
            let Some(container) = containers.get(*index) else { continue };
            let next = workloads.len();
            let workload =
                *workloads.entry((&container.namespace, &container.workload)).or_insert(next);
            let used = largest(container, |pod| Some(memory(pod)?.p95)).map(|(_, bytes)| bytes);
            // Less CPU than at times is slower; less than half the time is starved.
            let busy = largest(container, |pod| Some(cpu(pod)?.p50)).map(|(_, milli)| milli);
            let (now, want) = (container.request, size.request);
            let both = [
                (Part::MemoryRequest, now.memory, want.memory, used),
                (Part::CpuRequest, now.cpu, want.cpu, busy),
            ];
            for (what, now, wanted, least) in both {
                let (Some(wanted), now) = (wanted, now.unwrap_or(0)) else { continue };
                let least = least.unwrap_or(wanted).min(wanted);
                requests.push(Request { place, workload, what, now, least, wanted });
            }
        }
        let rank = |one: &Request| {
            let container = &containers[wanted[one.place].0];
            (std::cmp::Reverse(priority(problem, container)), one.what, one.place)
        };
        requests.sort_by_cached_key(rank);
        Self { problem, wanted, containers, requests }
    }

    /// A placement with these amounts for those that are moved.
    fn place(
        &self,
        given: &[u64],
        moved: &[bool],
        budget: &Budget,
    ) -> Option<BTreeMap<String, String>> {
        let all = self.requests.iter().zip(given).zip(moved).filter(|(_, moved)| **moved);
        let changes: Vec<Change<'_>> = all
            .map(|((one, &amount), _)| {
                let (index, size) = &self.wanted[one.place];
                let container = &self.containers[*index];
                // A limit that changes starts pods anew as well.
                let anew = amount != one.now || size.limit != container.limit;
                Change { container, what: one.what, amount, anew }
            })
            .collect();
        placed(&with(self.problem, &changes), budget)
    }

    /// The size of each, and who gets less than it wants.
    fn answer(&self, given: &[u64], moved: &[bool]) -> (Vec<(usize, Size)>, Vec<Short>) {
        let mut sizes = self.wanted.to_vec();
        let mut lacks: BTreeMap<usize, Resource> = BTreeMap::new();
        for ((one, &given), &moved) in self.requests.iter().zip(given).zip(moved) {
            let (index, size) = &mut sizes[one.place];
            if given < one.wanted {
                *lacks.entry(one.place).or_default().of(one.what) = Some(one.wanted - given);
            }
            if !moved {
                let container = &self.containers[*index];
                (size.request, size.limit) = (container.request, container.limit);
            } else if given < one.wanted {
                // A request of nothing is none: the scores would count it as one.
                *size.request.of(one.what) = Some(given).filter(|&given| given > 0);
            } else {
                continue;
            }
            let term = if moved { Term::Room } else { Term::Stays };
            size.why.retain(|why| why.what != one.what);
            size.why.push(Why::new(one.what, term, None, one.wanted, 0));
        }
        let short = lacks.into_iter().map(|(place, by)| {
            let container = &self.containers[self.wanted[place].0];
            Short { service: container.service.clone(), container: container.container.clone(), by }
        });
        (sizes, short.collect())
    }
}

/// A placement of every pod, checked filter by filter; none when none was
/// found.
fn placed(problem: &Problem, budget: &Budget) -> Option<BTreeMap<String, String>> {
    let bound = problem.pods.iter().filter_map(|pod| Some((pod.key(), pod.node_name.clone()?)));
    let found = witness(problem, budget)?;
    let new = found
        .into_iter()
        .map(|(pod, node)| (problem.pods[pod].key(), problem.nodes[node].name.clone()));
    Some(bound.chain(new).collect())
}
