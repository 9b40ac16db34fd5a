//! Nodes.

use super::ManifestError;
use super::at::At;
use crate::model::{Effect, Node, Taint};

pub(super) fn node(at: &At<'_>) -> Result<Node, ManifestError> {
    let (metadata, spec, status) = (at.get("metadata"), at.get("spec"), at.get("status"));
    let capacity = status.get("capacity").resources()?;
    let allocatable = status.get("allocatable");
    let name = metadata.get("name").text()?.to_owned();
    let mut labels = metadata.get("labels").texts()?;
    // The kubelet sets it; a file written by hand may lack it.
    labels.entry("kubernetes.io/hostname".to_owned()).or_insert_with(|| name.clone());
    let taints = spec.get("taints").items()?;
    let mut taints: Vec<Taint> = taints.iter().map(taint).collect::<Result<_, _>>()?;
    taints.extend(unready(&status, &taints)?);
    let node = Node {
        name,
        labels,
        taints,
        unschedulable: spec.get("unschedulable").flag()?,
        allocatable: if allocatable.is_null() {
            capacity.clone()
        } else {
            allocatable.resources()?
        },
        capacity,
    };
    Ok(completed(node))
}

/// The taint of a node that says that it is not ready, should it not be there yet. One
/// that says nothing of it is written by hand.
fn unready(status: &At<'_>, taints: &[Taint]) -> Result<Option<Taint>, ManifestError> {
    for condition in status.get("conditions").items()? {
        if condition.get("type").text()? != "Ready" {
            continue;
        }
        let key = match condition.get("status").text_or("True")? {
            "True" => return Ok(None),
            "False" => "node.kubernetes.io/not-ready",
            _ => "node.kubernetes.io/unreachable",
        };
        let there = taints.iter().any(|one| one.key == key && one.effect == Effect::NoSchedule);
        let taint = Taint { key: key.to_owned(), value: String::new(), effect: Effect::NoSchedule };
        return Ok((!there).then_some(taint));
    }
    Ok(None)
}

/// What the kubelet takes where nothing is said.
const PODS: u64 = 110;

/// A node written by hand may have only one of the two lists, and no number of pods.
fn completed(mut node: Node) -> Node {
    if node.allocatable.pods == 0 {
        node.allocatable.pods = PODS;
    }
    if node.capacity.memory_bytes == 0 {
        node.capacity.memory_bytes = node.allocatable.memory_bytes;
    }
    if node.capacity.cpu_milli == 0 {
        node.capacity.cpu_milli = node.allocatable.cpu_milli;
    }
    if node.capacity.pods == 0 {
        node.capacity.pods = node.allocatable.pods;
    }
    node
}

fn taint(at: &At<'_>) -> Result<Taint, ManifestError> {
    Ok(Taint {
        key: at.get("key").text()?.to_owned(),
        value: at.get("value").text_or("")?.to_owned(),
        effect: effect(&at.get("effect"))?,
    })
}

pub(super) fn effect(at: &At<'_>) -> Result<Effect, ManifestError> {
    match at.text()? {
        "NoSchedule" => Ok(Effect::NoSchedule),
        "PreferNoSchedule" => Ok(Effect::PreferNoSchedule),
        "NoExecute" => Ok(Effect::NoExecute),
        other => Err(at
            .wrong(format!("expected NoSchedule, PreferNoSchedule or NoExecute, found `{other}`"))),
    }
}
