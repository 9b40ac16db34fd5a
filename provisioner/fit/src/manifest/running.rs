//! Pods that run already and whose controllers are among the manifests as well, as
//! `kubectl get all -o yaml` prints both: the pods that the controllers make are
//! those that are there, on the nodes where they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{ManifestError, Object};
use crate::model::{Node, Owner, Pod};

/// A kind, a namespace and a name.
type Key = (String, String, String);

/// Controllers above a pod: a `ReplicaSet` and its Deployment, a Job and its `CronJob`.
const ABOVE: usize = 3;

/// By controller, the names of its pods and the nodes they are on.
#[derive(Debug, Default)]
pub(super) struct Running(BTreeMap<Key, Vec<(String, String)>>);

impl Running {
    /// What runs of controllers that are among the objects.
    pub(super) fn new(objects: &[Object], nodes: &[Node]) -> Result<Self, ManifestError> {
        let key = |object: &Object| {
            (object.kind.name.clone(), object.namespace.clone(), object.name.clone())
        };
        let mut above: BTreeMap<Key, Option<Key>> = BTreeMap::new();
        for object in objects.iter().filter(|object| !object.kind.is("Pod")) {
            above.insert(key(object), owner(object)?);
        }
        let known: BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        let mut running: BTreeMap<Key, Vec<(String, String)>> = BTreeMap::new();
        for object in objects.iter().filter(|object| object.kind.is("Pod")) {
            crate::limit::check();
            let at = object.at();
            let node = at.get("spec").get("nodeName").text_or("")?;
            let ended =
                matches!(at.get("status").get("phase").text_or("")?, "Succeeded" | "Failed");
            let leaving = !at.get("metadata").get("deletionTimestamp").is_null();
            if ended || leaving || !known.contains(node) {
                continue;
            }
            let Some(mut top) = owner(object)?.filter(|owner| above.contains_key(owner)) else {
                continue;
            };
            for _ in 0..ABOVE {
                let next = above.get(&top).cloned().flatten();
                let Some(next) = next.filter(|next| above.contains_key(next)) else { break };
                top = next;
            }
            running.entry(top).or_default().push((object.name.clone(), node.to_owned()));
        }
        Ok(Self(running))
    }

    /// Puts pods that a controller would make where those that it made are.
    pub(super) fn place(&self, object: &Object, made: &mut [Pod]) {
        let key = (object.kind.name.clone(), object.namespace.clone(), object.name.clone());
        let Some(running) = self.0.get(&key) else { return };
        for (name, node) in running {
            let free = |pod: &&mut Pod| pod.node_name.is_none();
            let mut free = made.iter_mut().filter(free);
            let same = match free.next() {
                None => return,
                Some(first) => match &first.owner {
                    Owner::StatefulSet { .. } => {
                        std::iter::once(first).chain(free).find(|pod| pod.name == *name)
                    }
                    Owner::DaemonSet { name, .. } => {
                        let here = format!("{name}-{node}");
                        std::iter::once(first).chain(free).find(|pod| pod.name == here)
                    }
                    _ => Some(first),
                },
            };
            if let Some(pod) = same {
                pod.node_name = Some(node.clone());
            }
        }
    }
}

fn owner(object: &Object) -> Result<Option<Key>, ManifestError> {
    let owners = object.at().get("metadata").get("ownerReferences").items()?;
    let Some(owner) = owners.first() else { return Ok(None) };
    let (kind, name) = (owner.get("kind").text()?, owner.get("name").text()?);
    Ok(Some((kind.to_owned(), object.namespace.clone(), name.to_owned())))
}

#[cfg(test)]
mod tests {
    use crate::manifest::{nodes, pods};

    const NODES: &str = "kind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: 4, memory: \
                         4Gi}}\n---\nkind: Node\nmetadata: {name: b}\nstatus: {allocatable: {cpu: \
                         4, memory: 4Gi}}\n---\n";

    fn workload(kind: &str, name: &str, more: &str, metadata: &str) -> String {
        format!(
            "kind: {kind}\nmetadata: {{name: {name}{metadata}}}\nspec: {{{more} template: {{spec: \
             {{containers: [{{name: c, image: i}}]}}}}}}\n---\n"
        )
    }

    fn pod(name: &str, kind: &str, owner: &str, node: &str, phase: &str) -> String {
        format!(
            "kind: Pod\nmetadata: {{name: {name}, ownerReferences: [{{kind: {kind}, name: \
             {owner}}}]}}\nspec: {{nodeName: {node}, containers: [{{name: c, image: \
             i}}]}}\nstatus: {{phase: {phase}}}\n---\n"
        )
    }

    #[test]
    fn what_runs_stays_where_it_is_and_what_is_new_is_free() {
        let of_web = ", ownerReferences: [{kind: Deployment, name: web}]";
        let texts = [
            workload("Deployment", "web", "replicas: 3,", ""),
            workload("ReplicaSet", "web-1", "replicas: 3,", of_web),
            pod("web-1-x", "ReplicaSet", "web-1", "b", "Running"),
            pod("web-1-y", "ReplicaSet", "web-1", "b", "Running"),
            pod("web-1-z", "ReplicaSet", "web-1", "a", "Failed"),
            workload("StatefulSet", "db", "replicas: 2,", ""),
            pod("db-1", "StatefulSet", "db", "a", "Running"),
            pod("db-0", "StatefulSet", "db", "gone", "Running"),
            workload("DaemonSet", "log", "", ""),
            pod("log-q", "DaemonSet", "log", "b", "Running"),
        ];
        let read = pods(&texts.concat(), &nodes(NODES).unwrap()).unwrap().pods;
        let found: Vec<(&str, Option<&str>)> =
            read.iter().map(|pod| (pod.name.as_str(), pod.node_name.as_deref())).collect();
        let expected = [
            ("web-0", Some("b")),
            ("web-1", Some("b")),
            ("web-2", None),
            ("db-0", None),
            ("db-1", Some("a")),
            ("log-a", None),
            ("log-b", Some("b")),
        ];
        assert_eq!(found, expected);
    }
}
