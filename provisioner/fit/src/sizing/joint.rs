//! New sizes for all containers at once, so that the stack still fits.
//!
//! What shrinks shrinks first. Then all grow, the most important first, up to
//! what they used 95 % of the time, of CPU half of it; only when that is not to be had for all do
//! those with more to spare give it up. What room is left goes to what they
//! want, the most important first again.

mod apply;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::advise::{cpu, largest, memory};
use super::{Container, Part, Resource, Size, Term, Why};
use crate::change;
use crate::model::Problem;
use crate::scheduler::judge;
use crate::verdict::{Budget, Kind};
use apply::{priority, with};

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
const EACH: Budget = Budget { search: 20_000, proof: 0, runs: 8, seed: 1 };
/// What the last one may.
const LAST: Budget = Budget { search: 1_000_000, proof: 0, runs: 100, seed: 1 };
const MIB: u64 = 1 << 20;

/// One request of one container.
struct Request {
    /// The container's place in the list of all.
    container: usize,
    /// Its place among those wanted.
    place: usize,
    what: Part,
    now: u64,
    /// What it should not go below.
    least: u64,
    wanted: u64,
}

/// The sizes wanted, given by the containers' places, cut down to what fits.
/// Pods whose requests change are placed anew, all others stay. Of equally
/// important ones those first in `wanted` are served first.
pub fn jointly(problem: &Problem, wanted: &[(usize, Size)], containers: &[Container]) -> Joint {
    let mut requests = requests(wanted, containers);
    requests.sort_by_key(|one| {
        let container = &containers[one.container];
        (std::cmp::Reverse(priority(problem, container)), one.what, one.place)
    });
    let place = |amounts: &[u64], budget: &Budget| {
        let all = requests.iter().zip(amounts);
        let all: Vec<_> =
            all.map(|(one, amount)| (&containers[one.container], one.what, *amount)).collect();
        placed(&with(problem, &all), budget)
    };
    let mut given: Vec<u64> = requests.iter().map(|one| one.wanted).collect();
    let mut placement = place(&given, &EACH);
    if placement.is_none() {
        given = shared(&requests, &|amounts| place(amounts, &EACH).is_some());
        placement = place(&given, &LAST);
    }
    joint(wanted, containers, &requests, &given, placement)
}

/// What each request gets when not all fit.
fn shared(requests: &[Request], fits: &dyn Fn(&[u64]) -> bool) -> Vec<u64> {
    let mut given = Vec::new();
    for spare in [false, true] {
        let keep = |one: &Request| one.now.min(if spare { one.least } else { one.wanted });
        given = requests.iter().map(keep).collect();
        raise(requests, &mut given, |one| one.least, fits);
        if requests.iter().zip(&given).all(|(one, given)| *given >= one.least) {
            break;
        }
    }
    raise(requests, &mut given, |one| one.wanted, fits);
    given
}

/// Raises one after the other, each as far as it fits.
fn raise(
    requests: &[Request],
    given: &mut [u64],
    to: impl Fn(&Request) -> u64,
    fits: &dyn Fn(&[u64]) -> bool,
) {
    for (place, one) in requests.iter().enumerate() {
        let (from, to) = (given[place], to(one));
        if from >= to {
            continue;
        }
        given[place] = to;
        if fits(given) {
            continue;
        }
        let step = if one.what == Part::CpuRequest { 1 } else { MIB };
        let mut try_out = given.to_vec();
        let most = change::largest(from, to, step, &mut |amount| {
            try_out[place] = amount;
            Some(fits(&try_out))
        });
        given[place] = most.unwrap_or(from);
    }
}

fn requests(wanted: &[(usize, Size)], containers: &[Container]) -> Vec<Request> {
    let mut all = Vec::new();
    for (place, (index, size)) in wanted.iter().enumerate() {
        let Some(container) = containers.get(*index) else { continue };
        let used = largest(container, |pod| Some(memory(pod)?.p95)).map(|(_, bytes)| bytes);
        // Less CPU than at times is slower; less than half the time is starved.
        let busy = largest(container, |pod| Some(cpu(pod)?.p50)).map(|(_, milli)| milli);
        let (now, want) = (container.request, size.request);
        let both = [
            (Part::MemoryRequest, now.memory, want.memory, used),
            (Part::CpuRequest, now.cpu, want.cpu, busy),
        ];
        for (what, now, wanted, least) in both {
            let Some(wanted) = wanted else { continue };
            let least = least.unwrap_or(wanted).min(wanted);
            all.push(Request {
                container: *index,
                place,
                what,
                now: now.unwrap_or(0),
                least,
                wanted,
            });
        }
    }
    all
}

fn joint(
    wanted: &[(usize, Size)],
    containers: &[Container],
    requests: &[Request],
    given: &[u64],
    placement: Option<BTreeMap<String, String>>,
) -> Joint {
    let mut sizes = wanted.to_vec();
    let mut lacks: BTreeMap<usize, Resource> = BTreeMap::new();
    for (one, &given) in requests.iter().zip(given) {
        if given >= one.wanted {
            continue;
        }
        let size = &mut sizes[one.place].1;
        size.why.retain(|why| why.what != one.what);
        size.why.push(Why::new(one.what, Term::Room, None, one.wanted, 0));
        let lack = lacks.entry(one.place).or_default();
        let by = Some(one.wanted - given);
        // A request of nothing is no request: the scores would count it as one.
        let given = Some(given).filter(|&given| given > 0);
        if one.what == Part::CpuRequest {
            (size.request.cpu, lack.cpu) = (given, by);
        } else {
            (size.request.memory, lack.memory) = (given, by);
        }
    }
    let short = lacks.into_iter().map(|(place, by)| {
        let container = &containers[wanted[place].0];
        Short { service: container.service.clone(), container: container.container.clone(), by }
    });
    Joint { sizes, short: short.collect(), placement }
}

/// A placement of every pod, checked filter by filter; none when none was
/// found.
fn placed(problem: &Problem, budget: &Budget) -> Option<BTreeMap<String, String>> {
    let verdict = judge(problem, budget);
    matches!(verdict.verdict, Kind::Possible | Kind::Guaranteed).then_some(verdict.placement)
}
