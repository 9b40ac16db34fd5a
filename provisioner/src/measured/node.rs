//! One node as it was measured: how much is used by whom, whether it bears
//! that, and what was predicted.

use terrarium_fit::reading::Load;
use terrarium_fit::sizing::Quantiles;
use terrarium_inventory::Role;
use terrarium_k3s::config::Reservation;

use super::answer::{Node, Pod, Predicted, Pressure, Share};
use super::causes::causes;
use super::join::{PodUse, Use};
use super::snapshot::{self, Snapshot, Summary};
use super::victims::victims;
use super::{About, cluster};
use crate::fit::answer::{self as fit, Range, Word};
use crate::fit::judge;
use crate::fit::words::{cores, mib, mib_range, percent};

/// Samples below which peaks say little.
pub(super) const FEW: u64 = 60;

const MIB: u64 = 1024 * 1024;
const MILLI: f64 = 1000.0;

/// A share of the time in which all processes wait for memory, from which on
/// a node is short of it; the alert of the stack's Prometheus has the same.
const STALLED: f64 = 0.1;
/// Shares of the time in which some process waits for a processor or for I/O,
/// from which on everything is slow.
const CROWDED: f64 = 0.5;
const WAITING: f64 = 0.4;
/// Per cent of the processors' time that leave no room for a peak.
const BUSY: u64 = 90;

/// What is known of a node.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub node: &'a cluster::Node,
    pub role: Role,
    pub board: Option<String>,
    pub snapshot: &'a Snapshot,
    /// Its pods.
    pub pods: Vec<&'a PodUse>,
    /// The same node of `provision fit`'s answer.
    pub predicted: Option<&'a fit::Node>,
}

/// The node, if its agent has taken a sample yet.
pub(crate) fn node(known: &Known<'_>, about: &About) -> Option<Node> {
    let Known { node: kube, snapshot, pods, .. } = known;
    let history = snapshot.node.history.as_ref()?;
    let memory = snapshot.node.memory_total_bytes.unwrap_or(kube.memory);
    let used = Use::of(history.memory_bytes?, 1.0);
    let used_cpu = history.cpu_cores.map(|cpu| cpu.quantiles(MILLI));
    let mut pods_used = Use::default();
    for found in pods.iter().filter_map(|pod| pod.memory.as_ref()) {
        pods_used.add(found);
    }
    // Figures over time are of the same time only where pods are as old.
    let together = pods.iter().all(|pod| pod.samples * 10 >= history.samples * 9);
    let own = own(&used, &pods_used, together);
    let load = load(pods);
    let share = |summary: Option<Summary>| {
        summary.map(|summary| Share { p95: summary.p95, p99: summary.p99 })
    };
    let pressure = Pressure {
        cpu: share(history.cpu_pressure),
        memory: share(history.memory_pressure),
        io: share(history.io_pressure),
    };
    let (seconds, samples) = history.covers(snapshot.taken_seconds.unwrap_or_default());
    let cores = u64::from(snapshot.node.cpus) * 1000;
    let kept = Reservation::of(known.role, memory).eviction_mib * MIB;
    let (lasting_cpu, lasting) = lasting(samples, used_cpu.as_ref(), &pressure);
    let found = word(memory, kept, &used.of, cores, lasting_cpu, &lasting, kube);
    let (word, reasons) = found;
    // What pods might use one day is no measurement, so it is told apart.
    let (_, reading) = judge::read(Range { low: memory, high: memory }, Some(own), &load, false);
    let seen: Vec<_> = pods.iter().map(|pod| (&pod.pod, seen(pod, snapshot))).collect();
    Some(Node {
        name: kube.name.clone(),
        board: known.board.clone(),
        role: Some(match known.role {
            Role::Server => "server",
            Role::Agent => "agent",
        }),
        memory,
        allocatable: kube.allocatable,
        cores,
        requested: load.requested,
        requested_cpu: sum(pods, |container| container.request.cpu),
        limited: load.limited,
        used: used.of,
        used_cpu,
        pods_used: pods_used.of,
        own,
        headroom: memory.saturating_sub(used.of.max),
        pressure,
        predicted: known.predicted.and_then(|node| predicted(node, own, load.requested)),
        word,
        reasons,
        reading,
        causes: causes(snapshot, pods),
        first_killed: victims(memory, &seen),
        pods: pods.iter().map(|pod| told(pod, about)).collect(),
        seconds,
        samples,
    })
}

fn seen<'a>(pod: &PodUse, snapshot: &'a Snapshot) -> Option<&'a snapshot::Pod> {
    let pod = &pod.pod;
    snapshot.pods.iter().find(|seen| seen.namespace == pod.namespace && seen.name == pod.name)
}

/// What is used and is no pod's: at this moment and in the middle of the time,
/// if it is the same `together`. Sums of higher quantiles say nothing about the
/// rest.
fn own(used: &Use, pods: &Use, together: bool) -> Range {
    let now = used.last.saturating_sub(pods.last);
    if !together {
        return Range { low: now, high: now };
    }
    let middle = used.of.p50.saturating_sub(pods.of.p50);
    Range { low: now.min(middle), high: now.max(middle) }
}

fn sum(pods: &[&PodUse], of: impl Fn(&cluster::Container) -> Option<u64>) -> u64 {
    pods.iter().flat_map(|pod| &pod.pod.containers).filter_map(of).sum()
}

fn load(pods: &[&PodUse]) -> Load {
    let without = |of: fn(&cluster::Container) -> Option<u64>| {
        pods.iter().filter(|pod| pod.pod.containers.iter().any(|c| of(c).is_none())).count()
    };
    Load {
        requested: sum(pods, |container| container.request.memory),
        limited: sum(pods, |container| container.limit.memory.or(container.request.memory)),
        without_request: without(|container| container.request.memory),
        without_limit: without(|container| container.limit.memory),
    }
}

fn told(pod: &PodUse, about: &About) -> Pod {
    let request = |container: &cluster::Container| container.request.memory;
    let limits = pod.pod.containers.iter().map(|container| container.limit.memory);
    Pod {
        key: pod.pod.key(),
        service: pod.pod.service.clone(),
        group: about.of(&pod.pod.service, &pod.pod.namespace).1,
        request: pod.pod.containers.iter().filter_map(request).sum(),
        limit: limits.sum(),
        used: pod.memory.map(|memory| memory.of),
    }
}

/// The figures a word can stand on. Everything starts at once after a first run, and a
/// few samples of that say nothing of the processors and disks of later; memory that
/// is short is short.
fn lasting<'a>(
    samples: u64,
    used_cpu: Option<&'a Quantiles>,
    pressure: &Pressure,
) -> (Option<&'a Quantiles>, Pressure) {
    if samples < FEW {
        (None, Pressure { cpu: None, io: None, ..*pressure })
    } else {
        (used_cpu, *pressure)
    }
}

/// Whether the node bears what it was measured to do, with every reason for the
/// word. `kept` is what the kubelet keeps free by putting pods out.
fn word(
    memory: u64,
    kept: u64,
    used: &Quantiles,
    cores: u64,
    used_cpu: Option<&Quantiles>,
    pressure: &Pressure,
    kube: &cluster::Node,
) -> (Word, Vec<String>) {
    let mut found: Vec<(Word, String)> = Vec::new();
    let mut say = |word, what: String| found.push((word, what));
    let hundred = |share: f64| format!("{:.0} %", share * 100.0);
    if let Some(why) = &kube.unready {
        say(Word::DoesNotFit, format!("Kubernetes calls it not ready: {why}"));
    }
    for short in &kube.short_of {
        say(Word::DoesNotFit, format!("its kubelet reports {short}"));
    }
    let least = |used: u64| mib(memory.saturating_sub(used));
    if used.p95.saturating_add(kept) > memory {
        let what = format!(
            "in 5 of 100 samples no more than {} were free; below {} its kubelet evicts pods",
            least(used.p95),
            mib(kept)
        );
        say(Word::DoesNotFit, what);
    } else if used.max.saturating_add(kept) > memory {
        let what = format!(
            "free memory fell to {}; below {} its kubelet evicts pods",
            least(used.max),
            mib(kept)
        );
        say(Word::Tight, what);
    }
    if let Some(share) = pressure.memory {
        let what = |share, of| {
            format!(
                "in {of} of 100 samples everything waited for memory, {} of the time",
                hundred(share)
            )
        };
        if share.p95 >= STALLED {
            say(Word::DoesNotFit, what(share.p95, 5));
        } else if share.p99 >= STALLED {
            say(Word::Tight, what(share.p99, 1));
        }
    }
    if let Some(cpu) = used_cpu.filter(|cpu| percent(cpu.p95, cores) >= BUSY) {
        let what = format!(
            "in 5 of 100 samples its processors did the work of {} and more of {} cores",
            self::cores(cpu.p95),
            self::cores(cores)
        );
        say(Word::Tight, what);
    }
    for (share, least, what) in
        [(pressure.cpu, CROWDED, "for a processor"), (pressure.io, WAITING, "for its disks")]
    {
        if let Some(share) = share.filter(|share| share.p95 >= least) {
            let time = hundred(share.p95);
            say(
                Word::Tight,
                format!("in 5 of 100 samples something waited {what}, {time} of the time"),
            );
        }
    }
    let word = found.iter().map(|(word, _)| *word).max().unwrap_or(Word::Fits);
    if found.is_empty() {
        let most = format!("at most {} of {} were used", mib(used.max), mib(memory));
        return (word, vec![format!("{most}; {} were always free", least(used.max))]);
    }
    found.sort_by_key(|(word, _)| std::cmp::Reverse(*word));
    (word, found.into_iter().map(|(_, why)| why).collect())
}

/// What `provision fit` says of the node, against what it is.
fn predicted(node: &fit::Node, own: Range, requested: u64) -> Option<Predicted> {
    let expected = node.own?.total();
    let against = if own.high < expected.low {
        format!("{} less", mib(expected.low - own.high))
    } else if own.low > expected.high {
        format!("{} more", mib(own.low - expected.high))
    } else {
        "as predicted".to_owned()
    };
    let pods = if node.requested / MIB == requested / MIB {
        "its pods request as much as predicted".to_owned()
    } else {
        format!("its pods request {}, predicted were {}", mib(requested), mib(node.requested))
    };
    let (word, own_said, expected_said) =
        (node.bears.as_str(), mib_range(own), mib_range(expected));
    Some(Predicted {
        word: node.bears,
        own: expected,
        requested: node.requested,
        difference: format!(
            "predicted: {word}, with {expected_said} for the system and k3s; they use {own_said}, \
             {against}; {pods}",
        ),
    })
}

#[cfg(test)]
mod tests;
