//! Kubernetes' own form of nodes and pods, as far as it is read.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use terrarium_untrusted::{line, lines, maybe_line};

/// The priority of `system-node-critical`.
pub(super) const NODE_CRITICAL: i64 = 2_000_001_000;

#[derive(Deserialize)]
pub(super) struct Metadata {
    #[serde(deserialize_with = "line")]
    pub name: String,
    #[serde(default)]
    #[serde(deserialize_with = "line")]
    pub namespace: String,
    #[serde(default, deserialize_with = "lines")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, rename = "ownerReferences")]
    pub owners: Vec<Owner>,
}

#[derive(Deserialize)]
pub(super) struct Owner {
    #[serde(deserialize_with = "line")]
    pub kind: String,
    #[serde(deserialize_with = "line")]
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Node {
    pub metadata: Metadata,
    pub status: NodeStatus,
}

#[derive(Deserialize)]
pub(super) struct NodeStatus {
    #[serde(default)]
    pub capacity: BTreeMap<String, String>,
    #[serde(default)]
    pub allocatable: BTreeMap<String, String>,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    #[serde(rename = "nodeInfo")]
    pub info: Option<Info>,
}

#[derive(Deserialize)]
pub(super) struct Info {
    #[serde(rename = "kernelVersion")]
    #[serde(deserialize_with = "line")]
    pub kernel: String,
}

#[derive(Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    #[serde(deserialize_with = "line")]
    pub kind: String,
    pub status: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize)]
pub(super) struct Pod {
    pub metadata: Metadata,
    pub spec: Spec,
    #[serde(default)]
    pub status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(default, deserialize_with = "maybe_line")]
    pub node_name: Option<String>,
    #[serde(default)]
    pub priority: i64,
    pub containers: Vec<Container>,
    #[serde(default)]
    pub init_containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    #[serde(deserialize_with = "line")]
    pub name: String,
    #[serde(default)]
    pub resources: Resources,
    #[serde(default)]
    #[serde(deserialize_with = "line")]
    pub restart_policy: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Resources {
    #[serde(default)]
    pub requests: BTreeMap<String, String>,
    #[serde(default)]
    pub limits: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(deserialize_with = "line")]
    pub phase: String,
    pub reason: String,
    pub message: String,
    #[serde(rename = "podIP")]
    pub pod_ip: Option<IpAddr>,
    pub conditions: Vec<Condition>,
    pub container_statuses: Vec<State>,
    pub init_container_statuses: Vec<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    #[serde(deserialize_with = "line")]
    pub name: String,
    #[serde(default)]
    pub restart_count: u64,
    #[serde(default)]
    #[serde(rename = "state")]
    pub now: Phase,
    #[serde(default)]
    #[serde(rename = "lastState")]
    pub before: Phase,
}

#[derive(Default, Deserialize)]
pub(super) struct Phase {
    pub terminated: Option<Ended>,
}

#[derive(Deserialize)]
pub(super) struct Ended {
    #[serde(default)]
    pub reason: String,
}

impl State {
    /// Whether its last end, or the one before it runs again, was for want of
    /// memory.
    pub(super) fn was_killed(&self) -> bool {
        [&self.now, &self.before]
            .into_iter()
            .filter_map(|phase| phase.terminated.as_ref())
            .any(|ended| ended.reason == "OOMKilled")
    }
}
