//! Why nothing fits: a reason short enough to be read and checked by hand.
//! Each kind is one sentence with its numbers, and
//! [`crate::checker`] re-counts it from the problem itself.

mod find;
mod text;

#[cfg(test)]
mod tests;

pub use find::find;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::pack::{Cause, Tie};

/// A proof that not all pods can be placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Certificate {
    /// Every node's filters refuse the pod, whatever room it has.
    Nowhere {
        /// The pod.
        pod: String,
        /// How many nodes refuse it.
        nodes: usize,
    },
    /// The pod alone is larger than each node it may go to.
    TooLarge {
        /// The pod.
        pod: String,
        /// Where it falls short, node by node.
        short: Vec<Short>,
    },
    /// What can only go to these nodes exceeds them together.
    Confined {
        /// The nodes.
        nodes: Vec<String>,
        /// The pods.
        pods: Vec<String>,
        /// What runs out.
        dimension: String,
        /// What the pods need, in the dimension's unit.
        needs: u64,
        /// What the nodes have.
        has: u64,
    },
    /// More copies than the nodes or domains have places for.
    Copies {
        /// The pods, all alike.
        pods: Vec<String>,
        /// Places, by sets of nodes.
        places: Vec<Places>,
        /// What limits the places.
        cause: Cause,
    },
    /// Pods no two of which share a node outnumber their nodes.
    Apart {
        /// The pods.
        pods: Vec<String>,
        /// All nodes any of them may go to.
        nodes: Vec<String>,
    },
    /// Pods that have to be in one domain, none of which takes all of them.
    Together {
        /// The pods.
        pods: Vec<String>,
        /// What ties them.
        tie: Tie,
        /// The nodes of each domain any of them may go to.
        domains: Vec<Vec<String>>,
    },
    /// Every placement was ruled out, one by one.
    Searched {
        /// How many pods.
        pods: usize,
        /// How many nodes.
        nodes: usize,
        /// Steps the search took.
        steps: u64,
        /// Steps a second search, built differently, took to agree.
        again: u64,
    },
}

impl Certificate {
    /// The pods by whose names it holds; none when it is about all of them. Of
    /// copies these are one more than there are places, which is enough.
    pub(crate) fn pods(&self) -> Option<BTreeSet<&str>> {
        fn named(pods: &[String]) -> BTreeSet<&str> {
            pods.iter().map(String::as_str).collect()
        }
        match self {
            Self::Nowhere { pod, .. } | Self::TooLarge { pod, .. } => {
                Some(BTreeSet::from([pod.as_str()]))
            }
            Self::Confined { pods, .. }
            | Self::Apart { pods, .. }
            | Self::Together { pods, .. } => Some(named(pods)),
            Self::Copies { pods, places, .. } => Some(named(too_many(pods, places))),
            Self::Searched { .. } => None,
        }
    }
}

/// Of copies, one more than there are places; all when they are not as many.
pub(crate) fn too_many<'a>(pods: &'a [String], places: &[Places]) -> &'a [String] {
    let total = places.iter().map(|places| places.most).fold(0, u64::saturating_add);
    let enough = usize::try_from(total).map_or(pods.len(), |total| total.saturating_add(1));
    &pods[..enough.min(pods.len())]
}

/// Where a node falls short of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The node.
    pub node: String,
    /// What there is too little of.
    pub dimension: String,
    /// What the pod needs, in the dimension's unit.
    pub needs: u64,
    /// What the node has left beside the pods bound to it.
    pub has: u64,
}

/// Places for identical pods on a set of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The nodes, one or those of a domain.
    pub nodes: Vec<String>,
    /// How many pods they take together.
    pub most: u64,
}
