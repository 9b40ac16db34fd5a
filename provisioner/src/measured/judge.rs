//! One word over all that was measured, with its reasons.

use std::collections::BTreeMap;

use terrarium_inventory::Inventory;

use super::About;
use super::answer::{Answer, Left, Node, Silent, Sizing, VERSION};
use super::cluster::Cluster;
use super::join::{Joined, PodUse};
use super::node::{Known, node};
use super::service::services;
use super::snapshot::Snapshot;
use crate::fit::answer::{self as fit, Word};
use crate::fit::words::{listed, mib};
use crate::report::terminal::count;

/// Reasons that are told; the rest stands with the nodes.
const REASONS: usize = 3;

/// Letters of what a probe says; an answer it did not expect may be long.
const LONGEST: usize = 160;
/// What is said of a pod the scheduler has not looked at yet: no verdict.
const YOUNG: &str = "the scheduler has not said why";

/// Everything that was found out.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub inventory: &'a Inventory,
    pub cluster: &'a Cluster,
    pub snapshots: &'a BTreeMap<String, Snapshot>,
    pub silent: Vec<Silent>,
    pub joined: &'a Joined,
    pub predicted: Option<&'a fit::Answer>,
    pub sizes: Vec<Sizing>,
    pub sources: Vec<&'static str>,
    pub notes: Vec<String>,
}

/// Judges it.
pub(crate) fn judge(found: Found<'_>, about: &About) -> Answer {
    let mut silent = found.silent.clone();
    let mut nodes = Vec::new();
    for of in &found.cluster.nodes {
        if silent.iter().any(|silent| silent.node == of.name) {
            continue;
        }
        match measured(&found, of, about) {
            Ok(node) => nodes.push(node),
            Err(why) => silent.push(Silent { node: of.name.clone(), why }),
        }
    }
    let left = left(found.cluster);
    let (word, mut reasons) = word(&nodes, &left, &found);
    if !silent.is_empty() {
        let names: Vec<&str> = silent.iter().map(|silent| silent.node.as_str()).collect();
        reasons.push(format!("nothing was measured on {}", listed(&names)));
    }
    let history = found.joined.containers.iter().map(|container| container.history().0);
    let mut notes = found.notes;
    notes.extend(found.cluster.evicted.iter().map(|(pod, why)| {
        format!("`{pod}` was put out by its kubelet: {}", why.trim().trim_end_matches('.'))
    }));
    notes.extend(found.snapshots.iter().flat_map(|(node, snapshot)| failing(node, snapshot)));
    let fewest = nodes.iter().map(|node| node.samples).min();
    if let Some(samples) = fewest.filter(|samples| *samples < super::node::FEW) {
        let number = usize::try_from(samples).unwrap_or(usize::MAX);
        notes.push(format!(
            "the word stands on {} of a node, too few to say anything of processors and disks: \
             look again later",
            count(number, "sample")
        ));
    }
    Answer {
        version: VERSION,
        word,
        reasons,
        title: format!(
            "{} on {}",
            count(found.cluster.pods.len(), "pod"),
            count(found.cluster.nodes.len(), "node")
        ),
        seconds: history.max().unwrap_or(0),
        sources: found.sources,
        predicted: found.predicted.map(|answer| answer.word),
        nodes,
        silent,
        left,
        services: services(&found.joined.pods, about),
        sizes: found.sizes,
        written: None,
        notes,
    }
}

/// The probes of a node that fail.
fn failing(node: &str, snapshot: &Snapshot) -> Vec<String> {
    let failing = snapshot.probes.iter().filter(|probe| !probe.success);
    failing
        .map(|probe| {
            let why = probe.failure.as_deref().unwrap_or("no reason is given");
            let why: String = why.chars().take(LONGEST).collect();
            format!("the probe `{}` of {node} fails: {why}", probe.name)
        })
        .collect()
}

fn measured(found: &Found<'_>, of: &super::cluster::Node, about: &About) -> Result<Node, String> {
    let snapshot = found.snapshots.get(&of.name).ok_or("it is not in the inventory")?;
    let written = found.inventory.nodes.iter().find(|node| node.name == of.name);
    let written = written.ok_or("it is not in the inventory")?;
    let board = of.labels.get("terrarium/board").and_then(|id| terrarium_hardware::board(id));
    let here = |pod: &&PodUse| pod.pod.node.as_deref() == Some(of.name.as_str());
    let known = Known {
        node: of,
        role: written.role,
        board: board.map(|board| board.title.clone()).or_else(|| snapshot.node.model.clone()),
        snapshot,
        pods: found.joined.pods.iter().filter(here).collect(),
        predicted: found
            .predicted
            .and_then(|answer| answer.nodes.iter().find(|node| node.name == of.name)),
    };
    node(&known, about).ok_or_else(|| "its agent has taken no sample yet".to_owned())
}

fn left(cluster: &Cluster) -> Vec<Left> {
    let waiting = cluster.pods.iter().filter(|pod| pod.node.is_none());
    waiting
        .map(|pod| Left {
            pod: pod.key(),
            why: pod.unscheduled.clone().unwrap_or_else(|| YOUNG.to_owned()),
        })
        .collect()
}

fn word(nodes: &[Node], left: &[Left], found: &Found<'_>) -> (Word, Vec<String>) {
    let mut all: Vec<(Word, String)> = Vec::new();
    for left in left.iter().filter(|left| left.why != YOUNG) {
        let why = left.why.trim_end_matches('.');
        all.push((Word::DoesNotFit, format!("no node is found for `{}`: {why}", left.pod)));
    }
    for node in nodes {
        let reasons = node.reasons.iter();
        all.extend(reasons.map(|why| (node.word, format!("{}: {why}", node.name))));
    }
    all.extend(found.joined.pods.iter().filter_map(killed).map(|why| (Word::Tight, why)));
    if !found.cluster.evicted.is_empty() {
        let pods = count(found.cluster.evicted.len(), "pod");
        all.push((Word::Tight, format!("kubelets have put out {pods}")));
    }
    let word = all.iter().map(|(word, _)| *word).max().unwrap_or(Word::Fits);
    let reasons = all.into_iter().filter(|(of, _)| *of == word).map(|(_, why)| why);
    (word, reasons.take(REASONS).collect())
}

/// Says when a pod was killed for want of memory.
fn killed(pod: &PodUse) -> Option<String> {
    let times = match pod.oom_kills {
        0 => return None,
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let limits: Option<u64> =
        pod.pod.containers.iter().map(|container| container.limit.memory).sum();
    let limit =
        limits.map_or_else(String::new, |limit| format!(", with a limit of {}", mib(limit)));
    Some(format!("`{}` was killed {times} for want of memory{limit}", pod.pod.key()))
}

#[cfg(test)]
pub(crate) mod tests;
