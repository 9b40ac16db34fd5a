//! Terrarium's own rules, made for nodes where 100 MiB matter:
//!
//! ```text
//! memory request = max(p99, most at a start) × 1.10       at least 8 MiB
//! memory limit   = max(peak × 1.25, limit of an OOM kill × 1.5 + 32 MiB)
//! cpu request    = p90                                     no limit
//! ```
//!
//! The largest pod decides; memory is rounded up to the MiB.

use super::advise::{cpu, largest, memory};
use super::{Container, Part, Size, Term, Why};

const MIB: u64 = 1 << 20;
/// The least memory, in bytes.
const FLOOR: u64 = 8 * MIB;
/// What a limit has to exceed the one that failed by, beside half of it.
const MORE: u64 = 32 * MIB;
const DAY: u64 = 86_400;

pub(super) fn size(container: &Container) -> Size {
    let mut size = Size::default();
    if let Some((request, why)) = memory_request(container) {
        let (low, high) = interval(why.value.max(1), container.history());
        size.request.memory = Some(request);
        size.low.memory = Some(mebibytes(plus(low, why.margin)).min(request));
        size.high.memory = high.map(|high| mebibytes(plus(high, why.margin)).max(request));
        size.why.push(why);
        let (limit, why) = memory_limit(container, request);
        size.limit.memory = Some(limit);
        size.why.extend(why);
    }
    if let Some((pod, p90)) = largest(container, |pod| Some(cpu(pod)?.p90)) {
        let request = p90.max(1);
        let (low, high) = interval(request, container.history());
        size.request.cpu = Some(request);
        (size.low.cpu, size.high.cpu) = (Some(low.max(1)), high);
        size.why.push(Why::new(Part::CpuRequest, Term::P90, Some(pod), p90, 0));
    }
    size
}

fn memory_request(container: &Container) -> Option<(u64, Why)> {
    let what = Part::MemoryRequest;
    let p99 = largest(container, |pod| Some(memory(pod)?.p99));
    let start = largest(container, |pod| pod.startup_memory);
    let (term, (pod, bytes)) = match (p99, start) {
        (Some(p99), Some(start)) if start.1 > p99.1 => (Term::StartUp, start),
        (Some(p99), _) => (Term::P99, p99),
        (None, start) => (Term::StartUp, start?),
    };
    let request = mebibytes(plus(bytes, 10));
    Some(if request < FLOOR {
        (FLOOR, Why::new(what, Term::Floor, None, FLOOR, 0))
    } else {
        (request, Why::new(what, term, Some(pod), bytes, 10))
    })
}

fn memory_limit(container: &Container, request: u64) -> (u64, Option<Why>) {
    let what = Part::MemoryLimit;
    let highest = |pod: &super::Used| memory(pod).map(|all| all.max).max(pod.startup_memory);
    let peak = largest(container, highest);
    let killed = largest(container, |pod| pod.oom?.limit);
    let peak = peak.map(|(pod, bytes)| {
        (mebibytes(plus(bytes, 25)), Why::new(what, Term::Peak, Some(pod), bytes, 25))
    });
    let killed = killed.map(|(pod, bytes)| {
        let limit = mebibytes(plus(bytes, 50).saturating_add(MORE));
        (limit, Why::new(what, Term::OomKill, Some(pod), bytes, 50))
    });
    let decided = [killed, peak].into_iter().flatten().max_by_key(|(limit, _)| *limit);
    match decided {
        Some((limit, why)) if limit >= request => (limit, Some(why)),
        // The floor of the request: a limit is never below it.
        _ => (request, None),
    }
}

/// How far off a figure may be with so much history, in seconds and samples:
/// the confidence of the Vertical Pod Autoscaler, `c` days of one sample a
/// minute, gives × (1 + 0.001/c)⁻² and × (1 + 1/c). Without any history there
/// is no upper end.
fn interval(value: u64, (seconds, samples): (u64, u64)) -> (u64, Option<u64>) {
    let confident = u128::from(seconds.min(samples.saturating_mul(60)).min(u64::from(u32::MAX)));
    let (value, day) = (u128::from(value), u128::from(DAY));
    let whole = |value: u128| u64::try_from(value).unwrap_or(u64::MAX);
    // 0.001 days in the unit that keeps it whole: tenths of a second.
    let (ours, all) = (confident * 10, confident * 10 + day / 100);
    let low = whole(value * ours / all * ours / all);
    let high = (value * (confident + day)).checked_div(confident).map(whole);
    (low, high)
}

/// So many percent more, rounded up.
fn plus(value: u64, percent: u64) -> u64 {
    let more = (u128::from(value) * u128::from(100 + percent)).div_ceil(100);
    u64::try_from(more).unwrap_or(u64::MAX)
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(MIB).saturating_mul(MIB)
}
