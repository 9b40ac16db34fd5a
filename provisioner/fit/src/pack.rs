//! Pods and nodes as the solver sees them: classes of identical pods, nodes
//! with room in every dimension, and what may not share a node or a domain.
//! Whatever it demands holds in every state the scheduler can reach with all
//! pods placed; what depends on the order of arrival is left out. So no
//! placement here means none at all, and a placement here is a witness only
//! after [`crate::checker::replay`].

pub(crate) mod compile;
mod meter;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use crate::limit;

pub use compile::compile;
pub use meter::Meter;

/// A packing problem in integers.
#[derive(Debug, Clone, Default)]
pub struct Packing {
    /// What is counted: `cpu` in thousandths of a core, `memory` and
    /// `ephemeral-storage` in bytes, `pods`, and extended resources.
    pub dimensions: Vec<String>,
    /// `namespace/name` of the problem's pods.
    pub names: Vec<String>,
    /// The nodes.
    pub nodes: Vec<Bin>,
    /// The pods still to place, by class.
    pub classes: Vec<Class>,
    /// Per topology the domain of each node; none where the label is missing.
    /// The first topology makes each node a domain of its own.
    pub topologies: Vec<Vec<Option<usize>>>,
    /// Pairs of classes that may not share a domain.
    pub conflicts: Vec<Conflict>,
    /// At most so many pods of a class in each domain.
    pub caps: Vec<Cap>,
    /// Classes all of whose pods end up in one domain.
    pub tied: Vec<Tied>,
}

/// A node's room after the pods bound to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// The node's name.
    pub name: String,
    /// Room by dimension.
    pub room: Vec<u64>,
}

/// Pods that differ in nothing the scheduler looks at.
#[derive(Debug, Clone)]
pub struct Class {
    /// Their places in the problem's list of pods.
    pub members: Vec<usize>,
    /// What one of them takes, by dimension.
    pub demand: Vec<u64>,
    /// The nodes all filters but those for resources and neighbours accept.
    pub eligible: Vec<bool>,
    /// They arrive once all pods of earlier waves run.
    pub wave: u32,
    /// Whether it matters what is placed before them.
    pub order: Order,
}

/// How a pod's choice of nodes depends on the pods there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// Only by room and by what excludes it.
    #[default]
    Free,
    /// A spread constraint: the domain with the fewest is always open to it,
    /// and any may be that one.
    Spread {
        /// The domains.
        topology: usize,
    },
    /// By more than can be bounded: in words, why.
    Bound(String),
}

/// Two classes that exclude each other, or one that excludes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// One class.
    pub one: usize,
    /// The other, or the same.
    pub other: usize,
    /// Where they may not meet.
    pub topology: usize,
    /// What keeps them apart.
    pub cause: Cause,
}

/// Why pods may not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// They ask for the same port of the node.
    HostPort,
    /// One of them forbids the other.
    AntiAffinity,
    /// They do not fit next to each other.
    Size,
    /// A spread constraint with a domain that stays empty.
    Spread,
}

/// A bound on a class in each domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// The class.
    pub class: usize,
    /// The domains.
    pub topology: usize,
    /// Pods of the class in one domain at most.
    pub most: u64,
}

/// Classes whose pods are all in one domain in the end, whichever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// The classes.
    pub classes: Vec<usize>,
    /// The domains.
    pub topology: usize,
    /// What ties them.
    pub tie: Tie,
}

/// What ties pods together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// A volume of one node.
    Volume,
    /// Each requires the others for neighbours.
    Affinity,
}

impl Packing {
    /// Whether a pod of the class fits an empty node in every dimension.
    pub fn fits(&self, class: usize, node: usize) -> bool {
        limit::check();
        let class = &self.classes[class];
        class.eligible[node] && within(&class.demand, &self.nodes[node].room)
    }

    /// The class of each pod, by its place in the problem.
    pub fn classes_of(&self) -> BTreeMap<usize, usize> {
        let classes = self.classes.iter().enumerate();
        classes
            .inspect(|_| limit::check())
            .flat_map(|(class, pods)| pods.members.iter().map(move |&pod| (pod, class)))
            .collect()
    }

    /// Pods to place.
    pub fn pods(&self) -> usize {
        self.classes.iter().map(|class| class.members.len()).sum()
    }

    /// The same with only the classes `keep` accepts, by their members.
    #[must_use]
    pub fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut renamed = vec![None; self.classes.len()];
        let mut classes = Vec::new();
        for (index, class) in self.classes.iter().enumerate() {
            limit::check();
            let members: Vec<usize> =
                class.members.iter().copied().filter(|&pod| keep(pod)).collect();
            if !members.is_empty() {
                renamed[index] = Some(classes.len());
                classes.push(Class { members, ..class.clone() });
            }
        }
        let conflicts = self.conflicts.iter().filter_map(|conflict| {
            let (one, other) = (renamed[conflict.one]?, renamed[conflict.other]?);
            Some(Conflict { one, other, ..conflict.clone() })
        });
        let caps = self
            .caps
            .iter()
            .filter_map(|cap| Some(Cap { class: renamed[cap.class]?, ..cap.clone() }));
        let tied = self.tied.iter().map(|tied| Tied {
            classes: tied.classes.iter().filter_map(|&class| renamed[class]).collect(),
            ..tied.clone()
        });
        Self {
            classes,
            conflicts: conflicts.collect(),
            caps: caps.collect(),
            tied: tied.filter(|tied| !tied.classes.is_empty()).collect(),
            dimensions: self.dimensions.clone(),
            names: self.names.clone(),
            nodes: self.nodes.clone(),
            topologies: self.topologies.clone(),
        }
    }
}

/// Whether `demand` stays within `room`. A dimension the pod does not ask for
/// never stands in its way, however overcommitted the node.
pub fn within(demand: &[u64], room: &[u64]) -> bool {
    demand.iter().zip(room).all(|(demand, room)| *demand == 0 || demand <= room)
}
