//! Pods that differ in nothing that decides about their class.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{HostPort, NodeTerm, Pod, PodTerm, Resources, SpreadConstraint, Toleration};

/// All of a pod that decides about its class. Equal ones need no second look at the
/// nodes: there may be very many of both.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Alike<'p> {
    namespace: &'p str,
    /// By these, terms of others tell them apart.
    namespace_labels: &'p BTreeMap<String, String>,
    labels: Vec<(&'p str, &'p str)>,
    requests: &'p Resources,
    wave: u32,
    node_selector: &'p BTreeMap<String, String>,
    tolerations: &'p [Toleration],
    host_ports: &'p [HostPort],
    spread: &'p [SpreadConstraint],
    required: Option<&'p [NodeTerm]>,
    neighbours: [&'p [PodTerm]; 2],
    /// Where its volumes are, and which of the shared ones they are.
    volumes: Vec<(Option<&'p [String]>, Option<usize>)>,
}

impl<'p> Alike<'p> {
    /// With the labels that any selector looks at.
    pub(super) fn new(
        pod: &'p Pod,
        relevant: &BTreeSet<&str>,
        shared: &BTreeMap<(&str, &str), usize>,
    ) -> Self {
        let labels = pod.labels.iter().filter(|(key, _)| relevant.contains(key.as_str()));
        let volumes =
            pod.claims.iter().map(|claim| (claim.nodes.as_deref(), claim.among(pod, shared)));
        Self {
            namespace: &pod.namespace,
            namespace_labels: &pod.namespace_labels,
            labels: labels.map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            requests: &pod.requests,
            wave: pod.wave,
            node_selector: &pod.node_selector,
            tolerations: &pod.tolerations,
            host_ports: &pod.host_ports,
            spread: &pod.spread,
            required: pod.node_affinity.required.as_deref(),
            neighbours: [&pod.affinity.required, &pod.anti_affinity.required],
            volumes: volumes.filter(|volume| *volume != (None, None)).collect(),
        }
    }
}
