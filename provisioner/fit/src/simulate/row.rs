//! Nodes and pods in numbers, each by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::counter::Spread;
use crate::filter::{Reason, refuses, unwelcome};
use crate::model::{Node, NodeAffinity, Pod, Problem, Resources, Toleration};

#[derive(Debug, Clone)]
pub(super) struct NodeRow {
    pub cpu: u64,
    pub memory: u64,
    pub ephemeral: u64,
    pub pods: u64,
    pub extended: Vec<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct PodRow {
    pub cpu: u64,
    pub memory: u64,
    pub ephemeral: u64,
    pub extended: Vec<u64>,
    pub scored: (u64, u64),
    pub bound: Option<usize>,
    pub by_node: Arc<ByNode>,
    pub ports: Vec<usize>,
    /// The volumes it shares that are on no node yet, by number.
    pub volumes: Vec<usize>,
    /// Counters that go up by so much when it is placed.
    pub adds: Vec<(usize, i64)>,
    /// Its required neighbours: counters, and whether it is one of them.
    pub needs: Vec<usize>,
    pub needs_itself: bool,
    /// Its excluded neighbours, and those that exclude it.
    pub excludes: Vec<usize>,
    /// Counters and weights its neighbours score by.
    pub likes: Vec<(usize, i64)>,
    pub spread: Arc<[Spread]>,
}

/// What the nodes alone decide of a pod, whoever else is there.
#[derive(Debug)]
pub(super) struct ByNode {
    /// Why each node never takes it.
    pub refused: Vec<Option<Reason>>,
    /// The score of its preferred node affinity, and of taints, by node;
    /// empty when all are alike.
    pub affinity: Vec<i64>,
    pub taints: Vec<i64>,
}

/// All of a pod that the nodes alone look at.
pub(super) type Wishes<'p> = (
    Option<&'p str>,
    &'p BTreeMap<String, String>,
    &'p NodeAffinity,
    &'p [Toleration],
    Vec<&'p [String]>,
);

/// What the nodes alone look at.
pub(super) fn wishes(pod: &Pod) -> Wishes<'_> {
    (
        pod.node_name.as_deref(),
        &pod.node_selector,
        &pod.node_affinity,
        &pod.tolerations,
        pod.claims.iter().filter_map(|claim| claim.nodes.as_deref()).collect(),
    )
}

pub(super) fn extended(problem: &Problem) -> Vec<String> {
    let asked = problem.pods.iter().flat_map(|pod| &pod.requests.extended);
    let mut names: Vec<String> =
        asked.filter(|(_, amount)| **amount > 0).map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

fn amounts(resources: &Resources, names: &[String]) -> Vec<u64> {
    names.iter().map(|name| resources.get(name)).collect()
}

pub(super) fn node_row(node: &Node, names: &[String]) -> NodeRow {
    let all = &node.allocatable;
    NodeRow {
        cpu: all.cpu_milli,
        memory: all.memory_bytes,
        ephemeral: all.ephemeral_bytes,
        pods: all.pods,
        extended: amounts(all, names),
    }
}

impl ByNode {
    pub(super) fn new(pod: &Pod, nodes: &[Node]) -> Self {
        let weights = |node: &Node| -> i64 {
            let terms = pod.node_affinity.preferred.iter();
            terms.filter(|(_, term)| term.holds(node)).map(|(weight, _)| i64::from(*weight)).sum()
        };
        let affinity: Vec<i64> = if pod.node_affinity.preferred.is_empty() {
            Vec::new()
        } else {
            nodes.iter().map(weights).collect()
        };
        let unwelcome = |node| i64::try_from(unwelcome(pod, node)).unwrap_or(i64::MAX);
        let taints: Vec<i64> = nodes.iter().map(unwelcome).collect();
        Self {
            refused: nodes.iter().map(|node| refuses(pod, node)).collect(),
            affinity,
            taints: if taints.iter().any(|count| *count > 0) { taints } else { Vec::new() },
        }
    }
}

pub(super) fn row(
    pod: &Pod,
    nodes: &HashMap<&str, usize>,
    names: &[String],
    by_node: Arc<ByNode>,
) -> PodRow {
    PodRow {
        cpu: pod.requests.cpu_milli,
        memory: pod.requests.memory_bytes,
        ephemeral: pod.requests.ephemeral_bytes,
        extended: amounts(&pod.requests, names),
        scored: pod.scored,
        bound: pod.node_name.as_deref().and_then(|name| nodes.get(name).copied()),
        by_node,
        ports: Vec::new(),
        volumes: Vec::new(),
        adds: Vec::new(),
        needs: Vec::new(),
        needs_itself: false,
        excludes: Vec::new(),
        likes: Vec::new(),
        spread: Arc::default(),
    }
}
