//! What containers used, and what they ask for now.

use serde::{Deserialize, Serialize};

/// Quantiles of what was used, of samples one a minute at most: bytes of
/// working set, or thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half the samples are no higher.
    pub p50: u64,
    /// Nine in ten are no higher. A source without it gives its `p95`.
    pub p90: u64,
    /// 95 of 100 are no higher.
    pub p95: u64,
    /// 99 of 100 are no higher.
    pub p99: u64,
    /// The highest.
    pub max: u64,
}

impl Quantiles {
    /// Of whole samples: each quantile is the smallest value so many are no
    /// higher than. None of no samples.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1);
            values.get(rank - 1).copied()
        };
        Some(Self { p50: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
    }

    pub(super) fn of_samples(samples: &[Sample]) -> Option<Self> {
        Self::of(samples.iter().map(|sample| sample.value))
    }
}

/// CPU in thousandths of a core, memory in bytes; none where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resource {
    /// Thousandths of a core.
    pub cpu: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

/// Kills for want of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Oom {
    /// How many were seen.
    pub kills: u64,
    /// The highest limit that was in force at one, in bytes; none when the node
    /// itself ran out.
    pub limit: Option<u64>,
}

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Bytes, or thousandths of a core.
    pub value: u64,
}

/// Whole samples, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Series {
    /// Working set.
    pub memory: Vec<Sample>,
    /// CPU, averaged from one sample to the next.
    pub cpu: Vec<Sample>,
}

/// A container of one pod, over the time it was watched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Used {
    /// The pod.
    pub pod: String,
    /// Its node.
    pub node: String,
    /// For how long it was watched.
    pub seconds: u64,
    /// How many samples that gave.
    pub samples: u64,
    /// Its working set.
    pub memory: Option<Quantiles>,
    /// Its CPU.
    pub cpu: Option<Quantiles>,
    /// The most memory in the ten minutes after a start, in bytes.
    pub startup_memory: Option<u64>,
    /// Kills for want of memory, if there were any.
    pub oom: Option<Oom>,
    /// How often it was started again.
    pub restarts: u64,
    /// The share of CPU periods in which its limit held it back, 0 to 1.
    pub throttled: Option<f64>,
    /// The samples themselves, where a Prometheus kept them.
    pub series: Option<Series>,
}

/// A container of a workload: of all its pods, and what it asks for now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Container {
    /// The service it belongs to.
    pub service: String,
    /// Its namespace.
    pub namespace: String,
    /// What made its pods: `StatefulSet/redis`; `Pod/redis` when nothing did.
    pub workload: String,
    /// Its name in the pod.
    pub container: String,
    /// How many containers its pod has; VPA's floor is the pod's. 0 counts as 1.
    pub in_pod: u64,
    /// What it requests now.
    pub request: Resource,
    /// What it may use at most now.
    pub limit: Resource,
    /// What was used, by pod.
    pub pods: Vec<Used>,
}

impl Container {
    /// How much history there is: seconds, of the longest watched pod or from
    /// the first whole sample to the last, and samples of all pods together.
    pub fn history(&self) -> (u64, u64) {
        let series = || self.pods.iter().filter_map(|pod| pod.series.as_ref());
        let times = || {
            let all = series().flat_map(|series| series.memory.iter().chain(&series.cpu));
            all.map(|sample| sample.at)
        };
        let span = times().max().zip(times().min()).map_or(0, |(last, first)| last - first);
        let longest = self.pods.iter().map(|pod| pod.seconds).max().unwrap_or(0);
        let samples = self.pods.iter().fold(0_u64, |sum, pod| sum.saturating_add(pod.samples));
        (longest.max(span), samples)
    }
}
