//! The answer, as `--json` prints it and the other views show it. Memory and
//! disk in bytes, CPU in thousandths of a core.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the document.
pub(crate) const VERSION: u32 = 1;

/// All there is to say about one stack on some boards.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    pub version: u32,
    /// `impossible`, `guaranteed`, `possible` or `unknown`: never a mixture.
    pub verdict: &'static str,
    pub word: Word,
    /// Why the word is what it is; the first reason is the weightiest.
    pub reasons: Vec<String>,
    /// What is judged: services of charts, of stand-ins, or manifests.
    pub subject: Subject,
    /// Pods, as `namespace/name`, and the node each is on. The scheduler's own
    /// choice may differ unless the verdict is `guaranteed`.
    pub placement: BTreeMap<String, String>,
    /// Pods no node is found for, and why.
    pub left: Vec<Left>,
    /// How often the default scheduler, simulated, places everything in the order given.
    pub share: Option<Share>,
    /// How often in shuffled orders.
    pub any_order: Option<Share>,
    /// The proof of an impossible.
    pub certificate: Option<Certificate>,
    pub nodes: Vec<Node>,
    pub services: Vec<Service>,
    /// What is there and was not judged, in a sentence for each reason.
    pub not_judged: Vec<String>,
    /// What no scheduler checks.
    pub remarks: Vec<Remark>,
    /// What would make it fit, or fit surely.
    pub change: Vec<Change>,
    /// What becomes of each service when a node is lost.
    pub loss: Vec<Loss>,
}

impl Answer {
    /// What was not judged and is no reason of the word's.
    pub(crate) fn untold(&self) -> impl Iterator<Item = &String> {
        self.not_judged.iter().filter(|what| !self.reasons.contains(what))
    }
}

/// The answer for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Word {
    #[serde(rename = "fits")]
    Fits,
    #[serde(rename = "tight")]
    Tight,
    #[serde(rename = "does not fit")]
    DoesNotFit,
}

impl Word {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Tight => "tight",
            Self::DoesNotFit => "does not fit",
        }
    }
}

/// What is judged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Subject {
    /// For a heading: `core on 3x pi5-8gb`.
    pub title: String,
    /// Where the figures come from: `charts`, `stand-in`, `manifests`.
    pub source: &'static str,
}

/// A pod without a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Left {
    pub pod: String,
    pub service: String,
    pub why: String,
}

/// A share of simulated runs between the bounds of its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Share {
    /// From 0 to 1.
    pub low: f64,
    /// From 0 to 1.
    pub high: f64,
    /// How many runs it was counted in.
    pub runs: u64,
    /// How many of them placed everything.
    pub complete: u64,
}

/// A proof that there is no placement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Certificate {
    /// One sentence with the numbers.
    pub sentence: String,
    /// As the checker takes it.
    pub proof: Value,
}

/// From the least to the most it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Range {
    pub low: u64,
    pub high: u64,
}

/// One node: what the scheduler counts, and what the board bears.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    pub name: String,
    /// The board's name for people, when it is known.
    pub board: Option<String>,
    /// `server` or `agent`; nothing for nodes of somebody's manifests.
    pub role: Option<&'static str>,
    /// `MemTotal`.
    pub memory: Range,
    /// What the scheduler may hand out.
    pub allocatable: Range,
    pub allocatable_cpu: u64,
    /// What it has handed out in this placement.
    pub requested: u64,
    pub requested_cpu: u64,
    /// All limits together; a pod without one counts its request.
    pub limited: u64,
    /// Pods that say no memory request, or no memory limit.
    pub without_request: usize,
    pub without_limit: usize,
    /// What the system, k3s and the agent use themselves, when the board is
    /// known.
    pub own: Option<Own>,
    /// Whether the board bears it, and the numbers behind that.
    pub bears: Word,
    pub reading: String,
    /// Volumes on its disk, and what is free there when that is known.
    pub volumes: u64,
    pub disk_free: Option<u64>,
    pub pods: Vec<Pod>,
}

/// What a board uses before any pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Own {
    pub system: Range,
    pub kubernetes: Range,
    pub agent: Range,
}

impl Own {
    /// All of it.
    pub(crate) const fn total(&self) -> Range {
        Range {
            low: self.system.low + self.kubernetes.low + self.agent.low,
            high: self.system.high + self.kubernetes.high + self.agent.high,
        }
    }
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
}

/// One service.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Service {
    pub name: String,
    pub title: String,
    pub group: String,
    /// As the whole's: one of the four.
    pub verdict: &'static str,
    /// Why, when it is refused or left.
    pub reason: Option<String>,
    pub request: u64,
    /// Nothing when a pod has none.
    pub limit: Option<u64>,
    pub cpu: u64,
    pub volumes: u64,
    /// The nodes its pods are on.
    pub nodes: Vec<String>,
    /// The largest request its largest pod could have with all else as it is.
    pub largest_request: Option<u64>,
    /// Likewise of CPU.
    pub largest_cpu: Option<u64>,
}

impl Service {
    /// One that nothing is counted of yet.
    pub(crate) fn new(name: &str, title: String, group: String, verdict: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            title,
            group,
            verdict,
            reason: None,
            request: 0,
            limit: Some(0),
            cpu: 0,
            volumes: 0,
            nodes: Vec::new(),
            largest_request: None,
            largest_cpu: None,
        }
    }
}

/// Something no scheduler checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Remark {
    /// `cpu`, `sizes`, `disk`, `surge`, `start`, `requests`, `reservation`, `budget`, …
    pub about: &'static str,
    /// The service it is about.
    pub service: Option<String>,
    pub weight: Weight,
    pub what: String,
    /// What can be done.
    pub hint: Option<String>,
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Weight {
    /// It cannot work.
    Refusal,
    /// It may not work.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// `drop`, `conflict`, `requests`, `order`, `pin`, `board`.
    pub kind: &'static str,
    pub what: String,
}

/// One node lost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Loss {
    pub node: String,
    /// One sentence.
    pub summary: String,
    /// `survives`, `degraded`, `lost`, `not rescheduled`, by service; those
    /// without a pod on the node survive.
    pub services: BTreeMap<String, Fate>,
}

/// What becomes of a service when a node is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fate {
    /// From the placement above.
    pub here: &'static str,
    /// With everything placed anew that neither a volume nor a host ties.
    pub best: Option<&'static str>,
}
