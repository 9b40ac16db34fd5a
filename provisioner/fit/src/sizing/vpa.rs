//! What the recommender of the Vertical Pod Autoscaler says, with its defaults:
//! decaying histograms of CPU samples and of each day's memory peak, p90 of
//! them, 15 % on top, and 25m and 250 MiB for a pod at the least, shared among
//! its containers. Its bounds are p50 and p95, widened by how little history
//! there is. A limit keeps its proportion to the request.

mod aggregate;
mod histogram;

use aggregate::Aggregate;
use histogram::{CPU, Histogram, MEMORY};

use super::advise::{cpu, memory};
use super::number::{float, whole};
use super::{Container, Part, Resource, Size, Term, Used, Why};

/// The most any amount can be.
const MOST: f64 = 1e14;
const MARGIN: f64 = 0.15;
const POD_MEMORY: f64 = 250.0 * 1024.0 * 1024.0;
const POD_CPU: f64 = 25.0;
/// Each of a pod's quantiles stands for so many of a thousand samples; a
/// little more than its share, so that a percentile finds its own.
const SHARES: [f64; 5] = [501.0, 400.0, 50.0, 39.0, 10.0];

pub(super) fn size(container: &Container) -> Size {
    let sampled = |pod: &Used| pod.series.is_some();
    let approximated = !container.pods.iter().all(sampled);
    let mut all = Aggregate::default();
    for pod in &container.pods {
        if let Some(series) = &pod.series {
            all.samples(series, pod.oom, container.request.memory.unwrap_or(0));
        } else {
            quantiles(&mut all, pod, container.request.memory.unwrap_or(0));
        }
    }
    let confidence = if approximated {
        let (seconds, samples) = container.history();
        confidence(float(seconds), float(samples))
    } else {
        confidence(float(all.seconds()), float(all.count))
    };
    let mut size = Size::default();
    let share = 1.0 / float(container.in_pod.max(1));
    let one = |histogram: &Histogram, scale: f64, least: f64| {
        let least = amount(float(amount(least)) * share);
        let bounds = estimates(histogram, scale, confidence).map(|value| value.max(least));
        (!histogram.is_empty()).then_some((bounds, least))
    };
    let parts = [
        (one(&all.memory, 1.0, POD_MEMORY), Part::MemoryRequest, &all.memory, 1.0),
        (one(&all.cpu, 1000.0, POD_CPU), Part::CpuRequest, &all.cpu, 1000.0),
    ];
    for (found, what, histogram, scale) in parts {
        let Some(([low, target, high], least)) = found else { continue };
        let value = amount(histogram.percentile(0.9) * scale);
        let why = if target > least {
            Why::new(what, Term::Histogram, None, value, 15)
        } else {
            Why::new(what, Term::Floor, None, least, 0)
        };
        size.why.push(Why { approximated, ..why });
        for (resource, value) in
            [(&mut size.low, low), (&mut size.request, target), (&mut size.high, high)]
        {
            *part(resource, what) = Some(value);
        }
    }
    size.limit = Resource {
        cpu: proportional(container.limit.cpu, container.request.cpu, size.request.cpu),
        memory: proportional(container.limit.memory, container.request.memory, size.request.memory),
    };
    size
}

fn part(resource: &mut Resource, what: Part) -> &mut Option<u64> {
    if what == Part::CpuRequest { &mut resource.cpu } else { &mut resource.memory }
}

/// Days of history that stand behind the figures, counting one sample a minute.
fn confidence(seconds: f64, samples: f64) -> f64 {
    (seconds / 86_400.0).min(samples / 1440.0)
}

/// The lower bound, the target and the upper bound.
fn estimates(histogram: &Histogram, scale: f64, confidence: f64) -> [u64; 3] {
    let with_margin = |percentile: f64| {
        let base = amount(histogram.percentile(percentile) * scale);
        base + amount(float(base) * MARGIN)
    };
    [
        scaled(with_margin(0.5), 0.001, -2.0, confidence),
        with_margin(0.9),
        scaled(with_margin(0.95), 1.0, 1.0, confidence),
    ]
}

/// × (1 + multiplier/confidence)^exponent.
fn scaled(value: u64, multiplier: f64, exponent: f64, confidence: f64) -> u64 {
    amount(float(value) * (1.0 + multiplier / confidence).powf(exponent))
}

/// An amount as VPA keeps it: whole, from 0 to 1e14.
fn amount(value: f64) -> u64 {
    whole(value.min(MOST))
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
