//! Pods for nodes by name: those of a `DaemonSet`, and those whose template names one.

use super::at::At;
use super::pod::{Around, template};
use super::workload::part;
use super::{ManifestError, Object};
use crate::limit;
use crate::model::{
    Effect, Node, NodeAffinity, NodeTerm, Operator, Owner, Pod, Requirement, Toleration,
};

/// How many nodes of a `DaemonSet` may have two of its pods during an update: none,
/// unless it says so.
fn surge(at: &At<'_>, nodes: u64) -> Result<u64, ManifestError> {
    let strategy = at.get("spec").get("updateStrategy");
    let surge = strategy.get("rollingUpdate").get("maxSurge");
    if surge.is_null() || strategy.get("type").text_or("RollingUpdate")? != "RollingUpdate" {
        return Ok(0);
    }
    part(&surge, nodes, true)
}

/// What every pod of a `DaemonSet` tolerates.
const TOLERATED: [(&str, Effect); 6] = [
    ("node.kubernetes.io/not-ready", Effect::NoExecute),
    ("node.kubernetes.io/unreachable", Effect::NoExecute),
    ("node.kubernetes.io/disk-pressure", Effect::NoSchedule),
    ("node.kubernetes.io/memory-pressure", Effect::NoSchedule),
    ("node.kubernetes.io/pid-pressure", Effect::NoSchedule),
    ("node.kubernetes.io/unschedulable", Effect::NoSchedule),
];

pub(super) fn daemon_set(
    at: &At<'_>,
    object: &Object,
    around: &Around,
    nodes: &[Node],
) -> Result<Vec<Pod>, ManifestError> {
    let mut pod = template(&at.get("spec").get("template"), &object.namespace, around)?;
    pod.tolerations.extend(TOLERATED.map(|(key, effect)| Toleration {
        key: Some(key.to_owned()),
        value: None,
        effect: Some(effect),
    }));
    let takes = |node: &&Node| {
        limit::check();
        let tolerated = |taint: &crate::model::Taint| {
            taint.effect == Effect::PreferNoSchedule
                || pod.tolerations.iter().any(|one| one.tolerates(taint))
        };
        crate::filter::wants(&pod, node) && node.taints.iter().all(tolerated)
    };
    let on: Vec<&Node> = nodes.iter().filter(takes).collect();
    let owner =
        Owner::DaemonSet { name: object.name.clone(), max_surge: surge(at, on.len() as u64)? };
    let here = |node: &Node| Pod {
        name: format!("{}-{}", object.name, node.name),
        owner: owner.clone(),
        node_affinity: only(&pod.node_affinity, &node.name),
        ..pod.clone()
    };
    Ok(on.into_iter().map(here).collect())
}

/// The same wishes, of one node.
fn only(affinity: &NodeAffinity, node: &str) -> NodeAffinity {
    let named = Requirement {
        key: "metadata.name".to_owned(),
        operator: Operator::In,
        values: vec![node.to_owned()],
    };
    let mut terms = affinity.required.clone().unwrap_or_else(|| vec![NodeTerm::default()]);
    for term in &mut terms {
        // An empty term never holds, and one with a name would.
        if affinity.required.is_none() || *term != NodeTerm::default() {
            term.fields.push(named.clone());
        }
    }
    NodeAffinity { required: Some(terms), preferred: affinity.preferred.clone() }
}

/// A pod of a template that names a node: no scheduler is asked, and neither cordons nor
/// taints are looked at, but that node's kubelet takes it only with room for it and the
/// labels it asks for. Its controller makes it again without end. Not so a pod that is
/// there with its node.
pub(super) fn name_node(pod: &mut Pod) {
    if let Some(node) = pod.node_name.take() {
        pod.node_affinity = only(&pod.node_affinity, &node);
        pod.tolerations.push(Toleration {
            key: None,
            value: None,
            effect: Some(Effect::NoSchedule),
        });
    }
}
