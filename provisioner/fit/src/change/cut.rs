//! Making it certain: requests cut until every order of arrival places all.

use std::collections::BTreeSet;

use crate::limit;
use crate::model::Problem;

/// A cut below half of a request asks whether the service runs at all.
const MOST: u64 = 50;
/// Services that are cut together at most.
const TOGETHER: usize = 2;

/// Services and the memory request, in bytes, their largest pods are cut to.
pub type Cuts = Vec<(String, u64)>;

/// The fewest services whose memory requests, cut by the same share, make it
/// certain; of equally many those that are cut by the least. `services` are
/// those that may be. None when a half of two is not enough.
pub fn cuts(
    problem: &Problem,
    services: &[String],
    certain: &mut dyn FnMut(&Problem) -> bool,
) -> Option<Cuts> {
    for size in 1..=TOGETHER.min(services.len()) {
        let mut best: Option<(u64, BTreeSet<&str>)> = None;
        for set in sets(services, size) {
            // Only what is cut by less than the best so far is of interest.
            let most = best.as_ref().map_or(MOST, |(share, _)| share - 1);
            if let Some(share) = least(problem, &set, most, certain) {
                best = Some((share, set));
            }
        }
        if let Some((share, set)) = best {
            let changed = cut(problem, &set, share);
            let to = |name: &str| {
                let own = changed.pods.iter().filter(|pod| pod.service == name);
                own.map(|pod| pod.requests.memory_bytes).max().unwrap_or_default()
            };
            return Some(set.into_iter().map(|name| (name.to_owned(), to(name))).collect());
        }
    }
    None
}

/// All choices of one or two.
fn sets(services: &[String], size: usize) -> Vec<BTreeSet<&str>> {
    let names: Vec<&str> = services.iter().map(String::as_str).collect();
    if size == 1 {
        return names.into_iter().map(|name| BTreeSet::from([name])).collect();
    }
    let pairs = names.iter().enumerate().flat_map(|(place, one)| {
        names[place + 1..].iter().map(move |other| {
            limit::check();
            BTreeSet::from([*one, *other])
        })
    });
    pairs.collect()
}

/// The least share, in per cent, that is enough.
fn least(
    problem: &Problem,
    set: &BTreeSet<&str>,
    most: u64,
    certain: &mut dyn FnMut(&Problem) -> bool,
) -> Option<u64> {
    if most == 0 || !certain(&cut(problem, set, most)) {
        return None;
    }
    let (mut short, mut enough) = (0, most);
    while enough - short > 1 {
        let middle = short.midpoint(enough);
        if certain(&cut(problem, set, middle)) { enough = middle } else { short = middle }
    }
    Some(enough)
}

/// The same pods with less memory for these services, in whole MiB.
fn cut(problem: &Problem, set: &BTreeSet<&str>, share: u64) -> Problem {
    const MIB: u64 = 1 << 20;
    let mut changed = problem.clone();
    for pod in changed.pods.iter_mut().filter(|pod| set.contains(pod.service.as_str())) {
        let bytes = &mut pod.requests.memory_bytes;
        let less = (*bytes / MIB) * share / 100 * MIB;
        *bytes -= less;
        pod.scored.1 = pod.scored.1.saturating_sub(less);
    }
    changed
}
