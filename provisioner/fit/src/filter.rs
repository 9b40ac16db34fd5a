//! Whether a node takes a pod, as far as the node alone decides: the filters
//! `NodeUnschedulable`, `NodeName`, `TaintToleration`, `NodeAffinity` and, for
//! volumes that are bound, `VolumeBinding`.

use crate::limit;
use crate::model::{Effect, Node, Pod, Taint};

/// Why a node does not take a pod, in the scheduler's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It is cordoned.
    Unschedulable,
    /// The pod is for another node.
    Name,
    /// A taint the pod does not tolerate.
    Taint,
    /// The pod's selector or affinity.
    Affinity,
    /// A port of the node is taken.
    Port,
    /// Too many pods.
    Pods,
    /// Too little CPU.
    Cpu,
    /// Too little memory.
    Memory,
    /// Too little ephemeral storage.
    Ephemeral,
    /// Too little of something else.
    Extended,
    /// A volume is on another node.
    Volume,
    /// Copies would not be spread.
    Spread,
    /// The neighbours it needs are not there.
    Neighbours,
    /// A neighbour it does not bear, or that does not bear it, is there.
    AntiAffinity,
}

impl Reason {
    /// For a resource there is too little of, by the name Kubernetes has for it.
    pub fn short_of(resource: &str) -> Self {
        match resource {
            "pods" => Self::Pods,
            "cpu" => Self::Cpu,
            "memory" => Self::Memory,
            "ephemeral-storage" => Self::Ephemeral,
            _ => Self::Extended,
        }
    }

    /// In words: `3 nodes …`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "is cordoned",
            Self::Name => "is another than the one it names",
            Self::Taint => "has a taint it does not tolerate",
            Self::Affinity => "has not the labels it asks for",
            Self::Port => "has a port taken that it asks for",
            Self::Pods => "has no place for another pod",
            Self::Cpu => "has too little CPU left",
            Self::Memory => "has too little memory left",
            Self::Ephemeral => "has too little ephemeral storage left",
            Self::Extended => "lacks a resource it asks for",
            Self::Volume => "has not its volume",
            Self::Spread => "would have too many of its copies",
            Self::Neighbours => "has not the neighbours it needs",
            Self::AntiAffinity => "has a neighbour that excludes it",
        }
    }
}

/// The taint of a cordoned node, which pods may tolerate.
const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// Why the node never takes the pod, whoever else is there; none if it may.
pub fn refuses(pod: &Pod, node: &Node) -> Option<Reason> {
    limit::check();
    let tolerates = |taint: &Taint| pod.tolerations.iter().any(|one| one.tolerates(taint));
    let cordoned =
        || Taint { key: CORDONED.to_owned(), value: String::new(), effect: Effect::NoSchedule };
    if node.unschedulable && !tolerates(&cordoned()) {
        return Some(Reason::Unschedulable);
    }
    if pod.node_name.as_ref().is_some_and(|name| *name != node.name) {
        return Some(Reason::Name);
    }
    if node.taints.iter().any(|t| t.effect != Effect::PreferNoSchedule && !tolerates(t)) {
        return Some(Reason::Taint);
    }
    if !wants(pod, node) {
        return Some(Reason::Affinity);
    }
    let elsewhere = |nodes: &Vec<String>| !nodes.contains(&node.name);
    if pod.claims.iter().any(|claim| claim.nodes.as_ref().is_some_and(elsewhere)) {
        return Some(Reason::Volume);
    }
    None
}

/// Whether the node has what the pod's selector and affinity require.
pub fn wants(pod: &Pod, node: &Node) -> bool {
    pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
        && pod
            .node_affinity
            .required
            .as_ref()
            .is_none_or(|terms| terms.iter().any(|term| term.holds(node)))
}

/// Taints of the node that should rather keep the pod away, but need not.
pub(crate) fn unwelcome(pod: &Pod, node: &Node) -> usize {
    let tolerates = |taint: &&Taint| {
        let may = |one: &&crate::model::Toleration| {
            one.effect.is_none_or(|effect| effect == Effect::PreferNoSchedule)
        };
        pod.tolerations.iter().filter(may).any(|one| one.tolerates(taint))
    };
    let soft = node.taints.iter().filter(|taint| taint.effect == Effect::PreferNoSchedule);
    soft.filter(|taint| !tolerates(taint)).count()
}
