//! What was measured, as `--json` prints it and the other views show it. Memory
//! in bytes, CPU in thousandths of a core, shares of time from 0 to 1.

use serde::Serialize;
use terrarium_fit::sizing::{Advice, Method, Quantiles, Resource};

use crate::fit::answer::{Range, Word};

/// Version of the document.
pub(crate) const VERSION: u32 = 1;

/// All there is to say of a cluster that runs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    pub version: u32,
    pub word: Word,
    /// Why the word is what it is; the first reason is the weightiest.
    pub reasons: Vec<String>,
    /// For a heading: `27 pods on 3 nodes`.
    pub title: String,
    /// The longest any container was watched, in seconds.
    pub seconds: u64,
    /// Where figures come from: `agents`, `prometheus`.
    pub sources: Vec<&'static str>,
    /// What `provision fit` says of the same inventory.
    pub predicted: Option<Word>,
    pub nodes: Vec<Node>,
    /// Nodes whose agent did not answer.
    pub silent: Vec<Silent>,
    /// Pods without a node: `namespace/name`, and why.
    pub left: Vec<Left>,
    pub services: Vec<Service>,
    pub sizes: Vec<Sizing>,
    /// The file the sizes were written to, when that was asked for.
    pub written: Option<Written>,
    /// What the reader should know of the figures.
    pub notes: Vec<String>,
}

/// The file of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Written {
    pub file: String,
    /// Whether it says anything else than before.
    pub changed: bool,
    /// Containers no value of a chart sizes.
    pub skipped: Vec<String>,
}

/// A node nothing was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Silent {
    pub node: String,
    pub why: String,
}

/// A pod that waits for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Left {
    pub pod: String,
    pub why: String,
}

/// One node.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    pub name: String,
    pub board: Option<String>,
    /// `server` or `agent`.
    pub role: Option<&'static str>,
    /// `MemTotal`.
    pub memory: u64,
    /// What the scheduler may hand out.
    pub allocatable: u64,
    pub cores: u64,
    /// Its pods' requests and limits; a pod without a limit counts its request.
    pub requested: u64,
    pub requested_cpu: u64,
    pub limited: u64,
    /// What is not available any more, pods and all else together.
    pub used: Quantiles,
    pub used_cpu: Option<Quantiles>,
    /// What its pods use: working sets, summed.
    pub pods_used: Quantiles,
    /// What the system, k3s and the agent use: all that no pod does.
    pub own: Range,
    /// What was always left.
    pub headroom: u64,
    pub pressure: Pressure,
    pub predicted: Option<Predicted>,
    pub word: Word,
    /// Why; and what would be if pods used what they may.
    pub reasons: Vec<String>,
    pub reading: String,
    /// The Pi's own troubles, with the services that suffer.
    pub causes: Vec<Cause>,
    /// Who the kernel would kill first.
    pub first_killed: Vec<Victim>,
    pub pods: Vec<Pod>,
    /// How long it was watched.
    pub seconds: u64,
    pub samples: u64,
}

/// Shares of time processes waited: what 95 and 99 of 100 samples stay below.
/// For a processor and I/O some process, for memory all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Pressure {
    pub cpu: Option<Share>,
    pub memory: Option<Share>,
    pub io: Option<Share>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Share {
    pub p95: f64,
    pub p99: f64,
}

/// What was predicted of a node, and how it compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Predicted {
    pub word: Word,
    pub own: Range,
    /// Of the pods `provision fit` would place there.
    pub requested: u64,
    /// The difference in one sentence.
    pub difference: String,
}

/// Something of the board that slows down what runs on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// `voltage`, `heat`, `card`, `swap`.
    pub about: &'static str,
    pub what: String,
    /// What can be done.
    pub hint: String,
    /// Services on the node that wait or answer late.
    pub suffer: Vec<String>,
}

/// A pod by the kernel's order of killing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Victim {
    pub pod: String,
    pub container: String,
    /// `oom_score_adj`, as the kubelet sets it.
    pub adjustment: i64,
    /// With what it uses now in thousandths of the memory: the highest goes first.
    pub score: i64,
}

/// A pod on a node.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Pod {
    /// `namespace/name`.
    #[serde(rename = "pod")]
    pub key: String,
    pub service: String,
    pub group: String,
    pub request: u64,
    pub limit: Option<u64>,
    pub used: Option<Quantiles>,
}

/// One service: its pods together. A sum of quantiles is at least the quantile
/// of the sum.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Service {
    pub name: String,
    pub title: String,
    pub group: String,
    pub nodes: Vec<String>,
    pub request: u64,
    /// Nothing when a pod has none.
    pub limit: Option<u64>,
    pub request_cpu: u64,
    pub used: Option<Quantiles>,
    pub used_cpu: Option<Quantiles>,
    /// Between the most that was used and the limit.
    pub headroom: Option<i64>,
    /// Of its worst container.
    pub pressure: Pressure,
    pub oom_kills: u64,
    /// Share of periods its CPU limit held it up, of its worst container.
    pub throttled: Option<f64>,
    pub restarts: u64,
}

/// What a container should ask for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sizing {
    pub service: String,
    pub namespace: String,
    /// `StatefulSet/redis`.
    pub workload: String,
    pub container: String,
    pub request: Resource,
    pub limit: Resource,
    /// By our rules.
    pub advice: Advice,
    /// What fits together with all others, when that is less.
    pub short: Option<Resource>,
    /// By another tool's rules.
    pub other: Option<Other>,
}

/// Another tool's advice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Other {
    pub method: Method,
    pub advice: Advice,
}
