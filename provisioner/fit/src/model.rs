//! Nodes and pods as the scheduler sees them. Integers throughout: CPU in
//! thousandths of a core, memory and disk in bytes.
//!
//! ```text
//! nodes.yaml, pods.yaml ─▶ manifest ─▶ Problem ─▶ simulate (runs of the scheduler)
//!                                             └─▶ pack ─▶ verdict (proofs)
//! ```

mod holds;
mod owner;
mod volumes;

pub use holds::selects;
pub use owner::Owner;
pub use volumes::{bytes, shared};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limit;

/// What is to be judged.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Problem {
    /// The nodes, in their API's order.
    pub nodes: Vec<Node>,
    /// The pods in their modelled order of arrival, those bound to a node first
    /// or anywhere.
    pub pods: Vec<Pod>,
}

/// It may be large, so a copy is made within the question's limit.
impl Clone for Problem {
    fn clone(&self) -> Self {
        let pods = self.pods.iter().inspect(|_| limit::check()).cloned().collect();
        Self { nodes: self.nodes.clone(), pods }
    }
}

/// Amounts of what nodes have and pods ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of local ephemeral storage.
    pub ephemeral_bytes: u64,
    /// Pods; one for a pod.
    pub pods: u64,
    /// Everything else, by name, in whole units.
    pub extended: BTreeMap<String, u64>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// Cordoned.
    pub unschedulable: bool,
    /// What the scheduler may hand out.
    pub allocatable: Resources,
    /// What there is.
    pub capacity: Resources,
}

/// A taint of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, often empty.
    pub value: String,
    /// What it does.
    pub effect: Effect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// They are not placed there.
    NoSchedule,
    /// They are rather placed elsewhere.
    PreferNoSchedule,
    /// They are not placed there, and leave.
    NoExecute,
}

/// Which taints a pod tolerates.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// The key; all keys when none.
    pub key: Option<String>,
    /// The value it has to have; any when none.
    pub value: Option<String>,
    /// The effect; all when none.
    pub effect: Option<Effect>,
}

/// A requirement on one label (or, of nodes, field).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Its value is among those given.
    In,
    /// It is missing, or its value is not among them.
    NotIn,
    /// It is there.
    Exists,
    /// It is missing.
    DoesNotExist,
    /// Its value, an integer, is greater.
    Gt,
    /// Its value, an integer, is less.
    Lt,
}

/// All of it has to hold; an empty term never does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NodeTerm {
    /// On labels.
    pub labels: Vec<Requirement>,
    /// On fields, of which there is one: `metadata.name`.
    pub fields: Vec<Requirement>,
}

/// A pod's wishes for nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NodeAffinity {
    /// One of the terms has to hold, when there are any at all.
    pub required: Option<Vec<NodeTerm>>,
    /// Terms and their weights, 1 to 100.
    pub preferred: Vec<(u32, NodeTerm)>,
}

/// Which pods are meant: all requirements hold. `None` means none; an empty
/// list all.
pub type Selector = Option<Vec<Requirement>>;

/// Other pods, and how near.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodTerm {
    /// Namespaces they may be in, by name.
    pub namespaces: Vec<String>,
    /// And by label; an empty list means all of them.
    pub namespace_selector: Selector,
    /// Their labels.
    pub selector: Selector,
    /// The node label whose value they share.
    pub topology_key: String,
}

/// Wishes for neighbours, or against them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PodAffinity {
    /// All have to hold.
    pub required: Vec<PodTerm>,
    /// Terms and their weights, 1 to 100.
    pub preferred: Vec<(u32, PodTerm)>,
}

/// Copies are to be spread evenly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpreadConstraint {
    /// How far the fullest domain may be above the emptiest.
    pub max_skew: u32,
    /// The node label that makes the domains.
    pub topology_key: String,
    /// Whether it must hold (`DoNotSchedule`).
    pub hard: bool,
    /// The pods that are counted.
    pub selector: Selector,
    /// With fewer domains the emptiest counts as empty.
    pub min_domains: Option<u32>,
    /// Only nodes of the pod's own affinity count (`nodeAffinityPolicy: Honor`).
    pub honor_affinity: bool,
    /// Only nodes whose taints it tolerates count (`nodeTaintsPolicy: Honor`).
    pub honor_taints: bool,
}

/// A port of the node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// The address; `0.0.0.0` is every one.
    pub ip: String,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// The port.
    pub port: u16,
}

/// A volume of a node's own disk (local-path).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// How much it asks for. The scheduler does not look at that.
    pub bytes: u64,
    /// The nodes it is bound to, once it is.
    pub nodes: Option<Vec<String>>,
    /// Whether it is made for each pod and goes with it.
    pub ephemeral: bool,
    /// Whether pods on several nodes use it at once: it ties none to another.
    pub anywhere: bool,
    /// Whether one pod alone may use it (`ReadWriteOncePod`).
    pub alone: bool,
}

/// A container, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether it runs before the others and ends.
    pub init: bool,
    /// Whether it starts before the others and stays.
    pub sidecar: bool,
    /// Memory it requests, if it says so.
    pub memory_request: Option<u64>,
    /// Memory it may use at most, if it says so.
    pub memory_limit: Option<u64>,
    /// CPU it requests, if it says so, in thousandths of a core.
    pub cpu_request: Option<u64>,
}

/// What a pod says of its memory as a whole, and not by its containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole {
    /// Whether it requests some.
    pub requested: bool,
    /// Whether it has a limit.
    pub limited: bool,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its namespace's labels.
    pub namespace_labels: BTreeMap<String, String>,
    /// Its name.
    pub name: String,
    /// The service it belongs to: a card's name, or its workload's.
    pub service: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What the scheduler sets aside for it.
    pub requests: Resources,
    /// What running it takes beside its containers.
    pub overhead: Resources,
    /// CPU and memory as the scores count them: what no container says counts
    /// as 100 thousandths of a core and 200 MiB.
    pub scored: (u64, u64),
    /// The most it may take at once, of what has a limit.
    pub limits: Resources,
    /// What it says of memory as a whole.
    pub whole: Whole,
    /// Higher goes first.
    pub priority: i32,
    /// Whether it waits rather than have others give way (`preemptionPolicy: Never`).
    pub patient: bool,
    /// The node it is on already.
    pub node_name: Option<String>,
    /// Labels its node has to have.
    pub node_selector: BTreeMap<String, String>,
    /// Its wishes for nodes.
    pub node_affinity: NodeAffinity,
    /// The taints it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Its wishes for neighbours.
    pub affinity: PodAffinity,
    /// Its wishes against them.
    pub anti_affinity: PodAffinity,
    /// Its constraints on spreading.
    pub spread: Vec<SpreadConstraint>,
    /// Who counts as a copy of it when it says nothing of spreading.
    pub copies: Selector,
    /// Ports of the node.
    pub host_ports: Vec<HostPort>,
    /// Volumes on the node's disk.
    pub claims: Vec<Claim>,
    /// What made it.
    pub owner: Owner,
    /// Whether it is on its way out: it takes room, and counts for no spread.
    pub leaving: bool,
    /// It arrives once all pods of earlier waves run.
    pub wave: u32,
    /// Its containers.
    pub containers: Vec<Container>,
}

impl Pod {
    /// `namespace/name`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Memory it may use at most; none when neither it as a whole nor each of
    /// its lasting containers has a limit.
    pub fn memory_limit(&self) -> Option<u64> {
        let mut lasting = self.containers.iter().filter(|container| !container.init);
        let limited =
            self.whole.limited || lasting.all(|container| container.memory_limit.is_some());
        limited.then_some(self.limits.memory_bytes)
    }

    /// Whether it goes by itself and makes room.
    pub const fn ends(&self) -> bool {
        self.leaving || matches!(self.owner, Owner::Job { .. })
    }
}

impl Resources {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.saturating_add(other.cpu_milli);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        self.ephemeral_bytes = self.ephemeral_bytes.saturating_add(other.ephemeral_bytes);
        self.pods = self.pods.saturating_add(other.pods);
        for (name, amount) in &other.extended {
            let sum = self.extended.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }

    /// The larger of both in each.
    pub fn max(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.max(other.cpu_milli);
        self.memory_bytes = self.memory_bytes.max(other.memory_bytes);
        self.ephemeral_bytes = self.ephemeral_bytes.max(other.ephemeral_bytes);
        self.pods = self.pods.max(other.pods);
        for (name, amount) in &other.extended {
            let most = self.extended.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
    }

    /// What of these amounts a node that has `all` for pods does not have, the first in
    /// the scheduler's order. What is not asked for is never too much, though the node
    /// has less than none left of it.
    pub fn beyond(&self, all: &Self) -> Option<&str> {
        let own = ["pods", "cpu", "memory", "ephemeral-storage"];
        let names = own.into_iter().chain(self.extended.keys().map(String::as_str));
        let mut names = names.filter(|name| {
            let asked = self.get(name);
            asked > 0 && asked > all.get(name)
        });
        names.next()
    }

    /// Whether a node that has `all` for pods has these amounts.
    pub fn fit(&self, all: &Self) -> bool {
        self.beyond(all).is_none()
    }

    /// Sets the amount of a resource by the name Kubernetes has for it.
    pub fn set(&mut self, name: &str, amount: u64) {
        match name {
            "cpu" => self.cpu_milli = amount,
            "memory" => self.memory_bytes = amount,
            "ephemeral-storage" => self.ephemeral_bytes = amount,
            "pods" => self.pods = amount,
            other => {
                self.extended.insert(other.to_owned(), amount);
            }
        }
    }

    /// The amount of a resource by the name Kubernetes has for it.
    pub fn get(&self, name: &str) -> u64 {
        match name {
            "cpu" => self.cpu_milli,
            "memory" => self.memory_bytes,
            "ephemeral-storage" => self.ephemeral_bytes,
            "pods" => self.pods,
            other => self.extended.get(other).copied().unwrap_or_default(),
        }
    }
}
