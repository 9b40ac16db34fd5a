//! Who gets how much when not all that is wanted fits.
//!
//! What shrinks shrinks first. Then all grow, the most important first, up to
//! what they used 95 % of the time, of CPU half of it; only when that is not to
//! be had for all do those with more to spare give it up. What room is left goes
//! to what they want, the most important first again. A workload whose pods
//! would find no node again, whatever they ask for, stays as it is.

use crate::change::largest;
use crate::sizing::Part;

const MIB: u64 = 1 << 20;

/// One request of one container.
pub(super) struct Request {
    /// The container's place among those wanted.
    pub place: usize,
    /// The same for all containers of a pod.
    pub workload: usize,
    pub what: Part,
    pub now: u64,
    /// What it should not go below.
    pub least: u64,
    pub wanted: u64,
}

/// Whether these amounts fit, of the requests that are to change.
type Fits<'a> = dyn Fn(&[u64], &[bool]) -> bool + 'a;

/// What each request gets, and whether it changes at all.
pub(super) fn share(requests: &[Request], fits: &Fits<'_>) -> (Vec<u64>, Vec<bool>) {
    let (mut given, mut moved) = (Vec::new(), Vec::new());
    for spare in [false, true] {
        let keep = |one: &Request| one.now.min(if spare { one.least } else { one.wanted });
        given = requests.iter().map(keep).collect();
        moved = movable(requests, &given, fits);
        for ((given, one), moved) in given.iter_mut().zip(requests).zip(&moved) {
            if !moved {
                *given = one.now;
            }
        }
        raise(requests, &mut given, &moved, |one| one.least, fits);
        let enough = |(place, one): (usize, &Request)| !moved[place] || given[place] >= one.least;
        if requests.iter().enumerate().all(enough) {
            break;
        }
    }
    raise(requests, &mut given, &moved, |one| one.wanted, fits);
    (given, moved)
}

/// Those whose pods find a node again when they ask for so little. All of them,
/// if not even the pods as they are fit.
fn movable(requests: &[Request], lowest: &[u64], fits: &Fits<'_>) -> Vec<bool> {
    let mut moved = vec![true; requests.len()];
    if fits(lowest, &moved) {
        return moved;
    }
    moved.fill(false);
    if !fits(lowest, &moved) {
        moved.fill(true);
        return moved;
    }
    let mut workloads: Vec<usize> = requests.iter().map(|one| one.workload).collect();
    workloads.sort_unstable();
    workloads.dedup();
    for workload in workloads {
        let before = moved.clone();
        for (moved, one) in moved.iter_mut().zip(requests) {
            *moved |= one.workload == workload;
        }
        if !fits(lowest, &moved) {
            moved = before;
        }
    }
    moved
}

/// Raises one after the other, each as far as it fits.
fn raise(
    requests: &[Request],
    given: &mut [u64],
    moved: &[bool],
    to: impl Fn(&Request) -> u64,
    fits: &Fits<'_>,
) {
    for (place, one) in requests.iter().enumerate() {
        let (from, to) = (given[place], to(one));
        if !moved[place] || from >= to {
            continue;
        }
        given[place] = to;
        if fits(given, moved) {
            continue;
        }
        let step = if one.what == Part::CpuRequest { 1 } else { MIB };
        let mut tried = given.to_vec();
        let mut enough = |amount| {
            tried[place] = amount;
            Some(fits(&tried, moved))
        };
        // Most often there is no room for any of it.
        let most = largest(to.min(from + step), to, step, &mut enough);
        given[place] = most.unwrap_or(from);
    }
}
