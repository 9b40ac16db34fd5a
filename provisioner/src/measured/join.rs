//! What Kubernetes, the agents and Prometheus say, brought together: each pod
//! with what it used, and each container of a workload over all its pods.

use std::collections::BTreeMap;

use terrarium_fit::sizing::{self, Oom, Quantiles, Used};

use super::cluster::{Cluster, Container, Pod};
use super::history::{History, Past, quantiles};
use super::snapshot::{self, Snapshot, Summary, whole};

/// Thousandths of a core in a core.
const MILLI: f64 = 1000.0;

/// Everything that is known of the pods.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joined {
    /// In the cluster's order.
    pub pods: Vec<PodUse>,
    /// Of pods that stay, in the order of their workloads' names.
    pub containers: Vec<sizing::Container>,
}

/// What a pod used: its containers' sums. A sum of quantiles is at least the
/// quantile of the sum.
#[derive(Debug, Clone, Default)]
pub(crate) struct PodUse {
    pub pod: Pod,
    pub memory: Option<Use>,
    pub cpu: Option<Use>,
    /// Of its container with the fewest.
    pub samples: u64,
    /// Of its worst container.
    pub pressure: Pressure,
    pub oom_kills: u64,
    /// Of its worst container, 0 to 1.
    pub throttled: Option<f64>,
    pub restarts: u64,
}

/// Bytes, or thousandths of a core.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub last: u64,
    pub of: Quantiles,
}

/// Shares of time, 0 to 1: what 95 and 99 of 100 samples stay below.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Pressure {
    pub cpu: Option<(f64, f64)>,
    pub memory: Option<(f64, f64)>,
    pub io: Option<(f64, f64)>,
}

/// Joins.
pub(crate) fn join(
    cluster: &Cluster,
    snapshots: &BTreeMap<String, Snapshot>,
    history: &History,
) -> Joined {
    let mut joined = Joined::default();
    let mut workloads: BTreeMap<(&str, &str, &str), sizing::Container> = BTreeMap::new();
    for pod in &cluster.pods {
        let seen = seen(pod, snapshots);
        joined.pods.push(pod_use(pod, seen));
        let snapshot = pod.node.as_ref().and_then(|node| snapshots.get(node));
        let taken = snapshot.and_then(|snapshot| snapshot.taken_seconds).unwrap_or_default();
        for container in pod.containers.iter().filter(|_| !pod.once) {
            let key = (pod.namespace.as_str(), pod.workload.as_str(), container.name.as_str());
            let found = workloads.entry(key).or_insert_with(|| of_workload(pod, container));
            let measured = seen.and_then(|seen| of_pod(seen, &container.name));
            let measured = measured.map(|measured| (measured, taken));
            let past = past(history, &pod.namespace, &pod.name, &container.name);
            found.pods.push(used(pod, container, measured, past));
        }
    }
    for ((namespace, name, container), past) in &history.containers {
        let here = |pod: &Pod| pod.namespace == *namespace && pod.name == *name;
        if cluster.pods.iter().any(here) {
            continue;
        }
        // A pod that was replaced: what it used still tells what is needed.
        let owner = workloads.iter_mut().find(|((space, workload, of), _)| {
            space == namespace && of == container && is_pod_of(name, workload)
        });
        if let Some((_, found)) = owner {
            let gone = Used { pod: name.clone(), ..Used::default() };
            found.pods.push(with_past(gone, past));
        }
    }
    joined.containers = workloads.into_values().collect();
    joined
}

fn seen<'a>(pod: &Pod, snapshots: &'a BTreeMap<String, Snapshot>) -> Option<&'a snapshot::Pod> {
    let snapshot = snapshots.get(pod.node.as_deref()?)?;
    snapshot.pods.iter().find(|seen| seen.namespace == pod.namespace && seen.name == pod.name)
}

fn of_pod<'a>(pod: &'a snapshot::Pod, container: &str) -> Option<&'a snapshot::Container> {
    pod.containers.iter().find(|found| found.name == container)
}

fn past<'a>(history: &'a History, namespace: &str, pod: &str, container: &str) -> Option<&'a Past> {
    history.containers.get(&(namespace.to_owned(), pod.to_owned(), container.to_owned()))
}

fn of_workload(pod: &Pod, container: &Container) -> sizing::Container {
    sizing::Container {
        service: pod.service.clone(),
        namespace: pod.namespace.clone(),
        workload: pod.workload.clone(),
        container: container.name.clone(),
        in_pod: pod.containers.len() as u64,
        request: container.request,
        limit: container.limit,
        pods: Vec::new(),
    }
}

fn used(
    pod: &Pod,
    container: &Container,
    measured: Option<(&snapshot::Container, f64)>,
    past: Option<&Past>,
) -> Used {
    let mut used = Used {
        pod: pod.name.clone(),
        node: pod.node.clone().unwrap_or_default(),
        restarts: container.restarts,
        ..Used::default()
    };
    if let Some((measured, taken)) = measured {
        used.startup_memory = measured.startup_memory_bytes;
        used.throttled = measured.throttled_ratio;
        if measured.oom_kills > 0 {
            used.oom = Some(Oom { kills: measured.oom_kills, limit: measured.oom_limit_bytes });
        }
        if let Some(history) = &measured.history {
            (used.seconds, used.samples) = history.covers(taken);
            used.memory = history.memory_bytes.map(|memory| memory.quantiles(1.0));
            used.cpu = history.cpu_cores.map(|cpu| cpu.quantiles(MILLI));
        }
    }
    // A kill that ended the container is missed by the agent, not by Kubernetes.
    if used.oom.is_none() && container.oom_killed {
        used.oom = Some(Oom { kills: 1, limit: container.limit.memory });
    }
    match past {
        Some(past) => with_past(used, past),
        None => used,
    }
}

/// Puts Prometheus' history in the place of the agent's, where it goes back
/// further.
fn with_past(mut used: Used, past: &Past) -> Used {
    if let Some(oom) = past.oom {
        let known = used.oom.get_or_insert_default();
        known.kills = known.kills.max(oom.kills);
        known.limit = known.limit.max(oom.limit);
    }
    if past.seconds() > used.seconds {
        used.seconds = past.seconds();
        used.samples = past.series.memory.len().max(past.series.cpu.len()) as u64;
        used.memory = quantiles(&past.series.memory).or(used.memory);
        used.cpu = quantiles(&past.series.cpu).or(used.cpu);
        used.series = Some(past.series.clone());
    }
    used
}

/// Whether a pod of that name is one a workload makes with names of chance:
/// `web-7d4b9c-x2x2x` of `Deployment/web`, `log-x2x2x` of `DaemonSet/log`.
fn is_pod_of(pod: &str, workload: &str) -> bool {
    let parts = match workload.split_once('/') {
        Some(("Deployment", name)) => Some((name, 2)),
        Some(("DaemonSet", name)) => Some((name, 1)),
        _ => None,
    };
    parts.is_some_and(|(name, parts)| {
        let rest = pod.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.split('-').count() == parts && rest.len() >= 5)
    })
}

fn pod_use(pod: &Pod, seen: Option<&snapshot::Pod>) -> PodUse {
    let mut sum = PodUse { pod: pod.clone(), ..PodUse::default() };
    let samples = |container: &Container| {
        of_pod(seen?, &container.name)?.history.as_ref().map(|history| history.samples)
    };
    sum.samples = pod.containers.iter().map(|one| samples(one).unwrap_or(0)).min().unwrap_or(0);
    for container in &pod.containers {
        sum.restarts += container.restarts;
        let measured = seen.and_then(|seen| of_pod(seen, &container.name));
        let kills = measured.map_or(0, |measured| measured.oom_kills);
        sum.oom_kills += kills.max(u64::from(container.oom_killed));
        let Some(measured) = measured else { continue };
        if let Some(share) = measured.throttled_ratio {
            sum.throttled = Some(sum.throttled.unwrap_or(0.0).max(share));
        }
        let Some(history) = &measured.history else { continue };
        add(&mut sum.memory, history.memory_bytes, 1.0);
        add(&mut sum.cpu, history.cpu_cores, MILLI);
        worse(&mut sum.pressure.cpu, history.cpu_pressure);
        worse(&mut sum.pressure.memory, history.memory_pressure);
        worse(&mut sum.pressure.io, history.io_pressure);
    }
    sum
}

impl Use {
    pub(crate) fn of(summary: Summary, scale: f64) -> Self {
        Self { last: whole(summary.last * scale), of: summary.quantiles(scale) }
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: &Self) {
        self.last = self.last.saturating_add(other.last);
        let (mine, theirs) = (&mut self.of, &other.of);
        mine.p50 = mine.p50.saturating_add(theirs.p50);
        mine.p90 = mine.p90.saturating_add(theirs.p90);
        mine.p95 = mine.p95.saturating_add(theirs.p95);
        mine.p99 = mine.p99.saturating_add(theirs.p99);
        mine.max = mine.max.saturating_add(theirs.max);
    }
}

fn add(sum: &mut Option<Use>, summary: Option<Summary>, scale: f64) {
    if let Some(summary) = summary {
        sum.get_or_insert_default().add(&Use::of(summary, scale));
    }
}

/// The worse of both, end by end.
pub(crate) fn worse(most: &mut Option<(f64, f64)>, summary: Option<Summary>) {
    if let Some(Summary { p95, p99, .. }) = summary {
        let (old95, old99) = most.unwrap_or_default();
        *most = Some((old95.max(p95), old99.max(p99)));
    }
}

#[cfg(test)]
mod tests;
