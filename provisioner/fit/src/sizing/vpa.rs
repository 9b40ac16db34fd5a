//! What the recommender of the Vertical Pod Autoscaler says, with its defaults:
//! decaying histograms of CPU samples and of each day's memory peak, p90 of
//! them, 15 % on top, and 25m and 250 MiB for a pod at the least, shared among
//! its containers. Its bounds are p50 and p95, widened by how little history
//! there is. A limit keeps its proportion to the request.

mod aggregate;
mod histogram;

#[cfg(test)]
mod tests;

use aggregate::Aggregate;
use histogram::{CPU, Histogram, MEMORY};

use super::advise::{cpu, measured, memory};
use super::number::{self, float};
use super::{Container, Part, Resource, Series, Size, Term, Used, Why};

/// The most any amount can be.
const MOST: f64 = 1e14;
const MARGIN: f64 = 0.15;
const POD_MEMORY: u64 = 250 << 20;
const POD_CPU: u64 = 25;
/// Each of a pod's quantiles stands for so many of a thousand samples; a
/// little more than its share, so that a percentile finds its own.
const SHARES: [f64; 5] = [501.0, 400.0, 50.0, 39.0, 10.0];

pub(super) fn size(container: &Container) -> Size {
    let requested = container.request.memory.unwrap_or(0);
    let sampled = container.pods.iter().all(|pod| whole(pod).is_some() || !measured(pod));
    let mut all = Aggregate::default();
    for pod in &container.pods {
        match whole(pod) {
            Some(series) if sampled => all.merge(Aggregate::of(series, pod.oom, requested)),
            _ => quantiles(&mut all, pod, requested),
        }
    }
    let history = if sampled { (all.seconds(), all.count) } else { container.history() };
    let confidence = confidence(float(history.0), float(history.1));
    let mut size = Size::default();
    let parts = [
        (Part::MemoryRequest, &all.memory, 1.0, POD_MEMORY),
        (Part::CpuRequest, &all.cpu, 1000.0, POD_CPU),
    ];
    for (what, histogram, unit, least) in parts {
        if histogram.is_empty() {
            continue;
        }
        let least = floor(least, container.in_pod);
        let percentile = |part: f64| amount(histogram.percentile(part) * unit);
        let [low, target, high] =
            [0.5, 0.9, 0.95].map(|part| with_margin(percentile(part), MARGIN));
        let why = if target > least {
            Why::new(what, Term::Histogram, None, percentile(0.9), 15)
        } else {
            Why::new(what, Term::Floor, None, least, 0)
        };
        size.why.push(Why { approximated: !sampled, ..why });
        *size.low.of(what) = Some(scaled(low, 0.001, -2.0, confidence).max(least));
        *size.request.of(what) = Some(target.max(least));
        *size.high.of(what) = Some(scaled(high, 1.0, 1.0, confidence).max(least));
    }
    size.limit = Resource {
        cpu: proportional(container.limit.cpu, container.request.cpu, size.request.cpu),
        memory: proportional(container.limit.memory, container.request.memory, size.request.memory),
    };
    size
}

/// A pod's samples, if they are of all that is known of it.
fn whole(pod: &Used) -> Option<&Series> {
    let series = pod.series.as_ref()?;
    let memory = pod.memory.is_none() || !series.memory.is_empty();
    let cpu = pod.cpu.is_none() || !series.cpu.is_empty();
    (memory && cpu).then_some(series)
}

/// Days of history that stand behind the figures, counting one sample a minute.
fn confidence(seconds: f64, samples: f64) -> f64 {
    (seconds / 86_400.0).min(samples / 1440.0)
}

/// So large a part more.
fn with_margin(value: u64, part: f64) -> u64 {
    value + amount(float(value) * part)
}

/// A pod's least, shared among its containers.
fn floor(least: u64, in_pod: u64) -> u64 {
    amount(float(least) * (1.0 / float(in_pod.max(1))))
}

/// × (1 + multiplier/confidence)^exponent.
fn scaled(value: u64, multiplier: f64, exponent: f64, confidence: f64) -> u64 {
    amount(float(value) * (1.0 + multiplier / confidence).powf(exponent))
}

/// An amount as VPA keeps it: whole, from 0 to 1e14.
fn amount(value: f64) -> u64 {
    number::whole(value.min(MOST))
}

/// The limit that keeps its proportion to the request.
fn proportional(limit: Option<u64>, request: Option<u64>, new: Option<u64>) -> Option<u64> {
    let (limit, new) = (limit.filter(|&limit| limit > 0)?, new?);
    let request = request.filter(|&request| request > 0).unwrap_or(limit);
    let value = u128::from(new) * u128::from(limit) / u128::from(request);
    Some(u64::try_from(value).unwrap_or(u64::MAX))
}

/// A pod known by quantiles alone: each stands for its share of the samples,
/// none older than another, and its highest memory for the only day's peak.
fn quantiles(all: &mut Aggregate, pod: &Used, requested: u64) {
    if let Some(cpu) = cpu(pod) {
        let weight = float(pod.samples.max(1)) * 0.0001;
        for (value, share) in [cpu.p50, cpu.p90, cpu.p95, cpu.p99, cpu.max].iter().zip(SHARES) {
            all.cpu.add(float(*value) / 1000.0, share * weight, 0);
        }
    }
    if let Some(memory) = memory(pod) {
        all.peak(memory.max, pod.oom, requested);
    }
}
