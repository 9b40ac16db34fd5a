//! What an update of a workload needs beside what runs.
//!
//! A Deployment that may lack a pod ends an old one first, and the new one finds
//! the room that is left: an update of it goes on wherever its pods run at all. One
//! that may lack none starts a new pod first. Once that runs an old one ends, whose
//! room takes the next. So the first new pod decides, and it alone is asked about.
//! A `DaemonSet` that surges starts the new pod beside the old on each node. A
//! `StatefulSet` ends a pod before it makes it again, as `Recreate` ends all.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::filter::Reason;
use terrarium_fit::model::{Owner, Pod};
use terrarium_fit::{k3s, limit};

use super::answer::{Remark, Weight};
use super::problem::reasons;
use super::words::mib;

/// The first step of an update that starts pods before it ends any.
pub(super) struct Step {
    /// Places of the pods that a new one starts beside.
    beside: Vec<usize>,
    /// How many pods the workload has.
    pods: u64,
    /// Whether it makes a pod for each node.
    everywhere: bool,
}

/// The updates among these pods that start a pod before they end one.
pub(super) fn steps(pods: &[Pod]) -> Vec<Step> {
    let mut known: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut steps: Vec<Step> = Vec::new();
    for (place, pod) in pods.iter().enumerate().filter(|(_, pod)| pod.service != k3s::SERVICE) {
        limit::check();
        let (name, everywhere) = match &pod.owner {
            Owner::Deployment { name, max_surge: 1.., max_unavailable: 0 } => (name, false),
            Owner::DaemonSet { name, max_surge: 1.. } => (name, true),
            _ => continue,
        };
        let key = (pod.namespace.as_str(), name.as_str(), everywhere);
        let step = *known.entry(key).or_insert_with(|| {
            steps.push(Step { beside: Vec::new(), pods: 0, everywhere });
            steps.len() - 1
        });
        if let Some(step) = steps.get_mut(step) {
            step.pods += 1;
            if everywhere || step.beside.is_empty() {
                step.beside.push(place);
            }
        }
    }
    steps
}

impl Step {
    /// How many new pods are asked about.
    pub(super) fn count(&self) -> usize {
        self.beside.len()
    }

    /// The new pods.
    pub(super) fn next<'p>(&'p self, pods: &'p [Pod]) -> impl Iterator<Item = Pod> + 'p {
        let old = self.beside.iter().map(|&place| &pods[place]);
        old.map(|pod| Pod { name: format!("{}-next", pod.name), node_name: None, ..pod.clone() })
    }

    /// That the update does not go on, when new pods found no node, with what the
    /// nodes have against each.
    pub(super) fn remark(&self, pods: &[Pod], kept_out: &[Vec<(Reason, usize)>]) -> Option<Remark> {
        let pod = &pods[*self.beside.first()?];
        // One pod that one pod alone may have the volume of waits for itself.
        let alone = pod.claims.iter().any(|claim| claim.alone);
        let why = match kept_out.first() {
            _ if alone => "its volume is for one pod at a time".to_owned(),
            None => return None,
            Some(_) if self.everywhere => self.everywhere(kept_out),
            Some(why) => reasons(why),
        };
        let service = &pod.service;
        let of = match name(pod) {
            Some(name) if name != service => format!("`{name}` of `{service}`"),
            _ => format!("`{service}`"),
        };
        let request = match pod.requests.memory_bytes {
            0 => String::new(),
            bytes => format!(" of {}", mib(bytes)),
        };
        Some(Remark {
            about: "update",
            service: Some(service.clone()),
            weight: Weight::Warning,
            what: format!(
                "an update of {of} starts a pod{request} before it ends an old one and waits for \
                 ever: {why}"
            ),
            hint: Some(self.hint(pod)),
        })
    }

    fn everywhere(&self, kept_out: &[Vec<(Reason, usize)>]) -> String {
        // Of the nodes that are not its own each has the labels against it.
        let own = |why: &Reason| !matches!(why, Reason::Affinity | Reason::Name);
        let found: BTreeSet<Reason> =
            kept_out.iter().flatten().map(|(why, _)| *why).filter(own).collect();
        let said: Vec<&str> = found.into_iter().map(Reason::as_str).collect();
        let (nodes, all) = (kept_out.len(), self.pods);
        format!(
            "of its {all} nodes {nodes} cannot take it beside the old: each {}",
            said.join(" or ")
        )
    }

    fn hint(&self, pod: &Pod) -> String {
        if self.everywhere {
            return "leave out its `maxSurge`: an old pod then ends first".to_owned();
        }
        if pod.claims.iter().any(|claim| !claim.anywhere && !claim.ephemeral) {
            return "give it `strategy: Recreate`: two pods would share its volume meanwhile"
                .to_owned();
        }
        match self.pods {
            1 => "set `maxUnavailable: 1`: the old pod then ends first, and it is away until the \
                  new one runs; or make room"
                .to_owned(),
            pods => format!(
                "set `maxUnavailable: 1`: an old pod then ends first, and {} of {pods} stay; or \
                 make room",
                pods - 1
            ),
        }
    }
}

fn name(pod: &Pod) -> Option<&String> {
    match &pod.owner {
        Owner::Deployment { name, .. } | Owner::DaemonSet { name, .. } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
