//! Pods counted by domain: how many of those a term means are in each value of
//! a node label.

use std::collections::BTreeMap;

use crate::model::Node;

/// Nodes by the value of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topology {
    /// The label.
    pub key: String,
    /// The domain of each node; none where the label is missing.
    pub domain: Vec<Option<u32>>,
    /// How many domains there are.
    pub domains: usize,
}

impl Topology {
    pub(super) fn new(key: &str, nodes: &[Node]) -> Self {
        let mut values: BTreeMap<&str, u32> = BTreeMap::new();
        let mut domain = Vec::with_capacity(nodes.len());
        for node in nodes {
            let found = node.labels.get(key).map(|value| {
                let next = u32::try_from(values.len()).unwrap_or(u32::MAX);
                *values.entry(value).or_insert(next)
            });
            domain.push(found);
        }
        let domains = values.len();
        Self { key: key.to_owned(), domain, domains }
    }
}

/// Something that is counted by domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counter {
    /// By which label.
    pub topology: usize,
    /// Nodes whose pods count; all when empty.
    pub among: Vec<bool>,
}

/// A constraint on spreading, in numbers.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub counter: usize,
    pub topology: usize,
    pub max_skew: u32,
    pub hard: bool,
    pub min_domains: Option<u32>,
    /// Whether the pod itself is one of those counted.
    pub own: bool,
    /// The domains that count, by number.
    pub eligible: Vec<bool>,
    /// Whether it is the system's default rather than the pod's own.
    pub default: bool,
}
