//! What the `simple` strategy of Robusta's KRR says, with its use of OOM kills
//! switched on:
//!
//! ```text
//! memory request = memory limit = max(peak × 1.15, limit of an OOM kill × 1.25)
//! cpu request    = p95                                     no limit
//! ```
//!
//! The largest pod decides. Rounded up to 1 MiB and 1m, then at least 100 MiB
//! and 10m. In floating point as there, so that the last MiB agrees too.

#[cfg(test)]
mod tests;

use super::advise::{cpu, largest, memory};
use super::number::{float, whole};
use super::{Container, Part, Sample, Size, Term, Used, Why};

const MIB: f64 = 1_048_576.0;
const LEAST_MEMORY: u64 = 100 << 20;
const LEAST_CPU: u64 = 10;

pub(super) fn size(container: &Container) -> Size {
    let mut size = Size::default();
    if let Some((bytes, why)) = proposal(container) {
        (size.request.memory, size.limit.memory) = (Some(bytes), Some(bytes));
        size.why.push(why);
    }
    let approximated =
        container.pods.iter().any(|pod| samples(pod).is_none() && cpu(pod).is_some());
    if let Some((pod, milli)) = largest(container, p95) {
        let term = if milli < LEAST_CPU { Term::Floor } else { Term::P95 };
        let (pod, value) = if milli < LEAST_CPU { (None, LEAST_CPU) } else { (Some(pod), milli) };
        size.request.cpu = Some(value);
        let why = Why::new(Part::CpuRequest, term, pod, value, 0);
        size.why.push(Why { approximated, ..why });
    }
    (size.low, size.high) = (size.request, size.request);
    size
}

fn proposal(container: &Container) -> Option<(u64, Why)> {
    let what = Part::MemoryRequest;
    // KRR says nothing of what it has no memory samples of, killed or not.
    let (peak_pod, peak) = largest(container, |pod| Some(memory(pod)?.max))?;
    let killed = largest(container, |pod| pod.oom?.limit);
    let by_peak = float(peak) * (1.0 + 15.0 / 100.0);
    let by_kill = killed.map_or(0.0, |(_, limit)| float(limit) * (1.0 + 25.0 / 100.0));
    let bytes = whole((by_peak.max(by_kill) / MIB).ceil() * MIB);
    let why = match killed {
        _ if bytes < LEAST_MEMORY => Why::new(what, Term::Floor, None, LEAST_MEMORY, 0),
        Some((pod, limit)) if by_kill > by_peak => {
            Why::new(what, Term::OomKill, Some(pod), limit, 25)
        }
        _ => Why::new(what, Term::Peak, Some(peak_pod), peak, 15),
    };
    Some((bytes.max(LEAST_MEMORY), why))
}

fn samples(pod: &Used) -> Option<&[Sample]> {
    let series = pod.series.as_ref()?;
    (!series.cpu.is_empty()).then_some(&series.cpu)
}

/// Prometheus' quantile: between two samples where it falls between them.
fn p95(pod: &Used) -> Option<u64> {
    let Some(samples) = samples(pod) else {
        return cpu(pod).map(|all| all.p95);
    };
    let mut values: Vec<u64> = samples.iter().map(|sample| sample.value).collect();
    values.sort_unstable();
    let rank = 0.95 * float(values.len().saturating_sub(1) as u64);
    let low = usize::try_from(whole(rank.floor())).ok()?;
    let above = (low + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    let cores = |place: usize| float(values[place]) / 1000.0;
    let value = cores(low) * (1.0 - weight) + cores(above) * weight;
    // 0.058 cores may come out as 59m: as there.
    Some(whole((value * 1000.0).ceil()))
}
