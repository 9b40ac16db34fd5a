//! What Kubernetes says of nodes and pods, as `kubectl get -o json` prints it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;
use terrarium_fit::k3s::SERVICE as K3S;
use terrarium_fit::manifest;
use terrarium_fit::model::{Owner, Problem};
use terrarium_fit::quantity::{self, QuantityError};
use terrarium_fit::sizing::Resource;
use terrarium_helm::release::NAMESPACE;
use terrarium_k3s::storage::Storage;

mod raw;

/// The kinds that are asked for: what is judged, and what that refers to.
pub(crate) const KINDS: &str =
    "nodes,pods,persistentvolumeclaims,persistentvolumes,storageclasses,priorityclasses";

/// The cluster as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster {
    pub nodes: Vec<Node>,
    /// Those that are to run, in the order of their names.
    pub pods: Vec<Pod>,
    /// Pods the kubelet put out: `namespace/name`, and why.
    pub evicted: Vec<(String, String)>,
    /// The same as the scheduler sees it.
    pub problem: Problem,
    /// Where volumes are and may be; nothing where that cannot be read.
    pub storage: Storage,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    /// Bytes.
    pub memory: u64,
    pub allocatable: u64,
    pub kernel: Option<String>,
    /// What the kubelet says is short: `MemoryPressure`, `DiskPressure`, …
    pub short_of: Vec<String>,
    /// Why it is not ready.
    pub unready: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Pod {
    pub namespace: String,
    pub name: String,
    pub service: String,
    /// `StatefulSet/redis`; `Pod/redis` when nothing made it.
    pub workload: String,
    pub node: Option<String>,
    pub address: Option<IpAddr>,
    /// Why no node is found for it.
    pub unscheduled: Option<String>,
    /// Whether it runs once and ends.
    pub once: bool,
    /// Whether the node cannot do without it.
    pub critical: bool,
    pub containers: Vec<Container>,
}

/// A container that stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub name: String,
    pub request: Resource,
    pub limit: Resource,
    pub restarts: u64,
    /// Whether its last end was for want of memory.
    pub oom_killed: bool,
}

/// Why the reply cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    #[error("it is no list of objects")]
    Form(#[source] serde_json::Error),
    #[error("{object} is not as Kubernetes has it")]
    Object { object: String, source: serde_json::Error },
    #[error("{object}")]
    Quantity { object: String, source: QuantityError },
    #[error("it cannot be judged")]
    Manifest(#[from] manifest::ManifestError),
}

impl Pod {
    /// `namespace/name`.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Reads the reply.
pub(crate) fn parse(json: &str) -> Result<Cluster, ClusterError> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Value>,
    }
    let list: List = serde_json::from_str(json).map_err(ClusterError::Form)?;
    let storage = Storage::parse(json).unwrap_or_default();
    let mut cluster = Cluster { storage, ..Cluster::default() };
    for item in list.items {
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let kind = text("/kind").to_owned();
        let object = format!("{kind} {}", text("/metadata/name"));
        let wrong = |source| ClusterError::Object { object: object.clone(), source };
        match kind.as_str() {
            "Node" => {
                let raw: raw::Node = serde_json::from_value(item).map_err(wrong)?;
                cluster.nodes.push(node(raw, &object)?);
            }
            "Pod" => {
                let raw: raw::Pod = serde_json::from_value(item).map_err(wrong)?;
                match raw.status.phase.as_str() {
                    "Failed" if raw.status.reason == "Evicted" => {
                        let key = format!("{}/{}", raw.metadata.namespace, raw.metadata.name);
                        cluster.evicted.push((key, raw.status.message));
                    }
                    "Succeeded" | "Failed" => {}
                    _ => cluster.pods.push(pod(raw, &object)?),
                }
            }
            _ => {}
        }
    }
    cluster.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster.pods.sort_by_key(Pod::key);
    cluster.problem = problem(json, &cluster.pods)?;
    Ok(cluster)
}

fn problem(json: &str, known: &[Pod]) -> Result<Problem, ClusterError> {
    let (nodes, manifests) = manifest::cluster(json)?;
    let mut pods = manifests.pods;
    for pod in &mut pods {
        let found =
            known.iter().find(|known| known.namespace == pod.namespace && known.name == pod.name);
        if let Some(found) = found {
            pod.service.clone_from(&found.service);
            // Its owner is a ReplicaSet, named after what changes with each
            // rollout.
            if let (Owner::Deployment { name, .. }, Some((_, base))) =
                (&mut pod.owner, found.workload.split_once('/'))
            {
                base.clone_into(name);
            }
        }
    }
    Ok(Problem { nodes, pods })
}

fn node(raw: raw::Node, object: &str) -> Result<Node, ClusterError> {
    let amounts = |amounts: &BTreeMap<String, String>| resource(amounts, object);
    let (capacity, allocatable) =
        (amounts(&raw.status.capacity)?, amounts(&raw.status.allocatable)?);
    let mut node = Node {
        name: raw.metadata.name,
        labels: raw.metadata.labels,
        memory: capacity.memory.unwrap_or(0),
        allocatable: allocatable.memory.unwrap_or(0),
        kernel: raw.status.info.map(|info| info.kernel),
        ..Node::default()
    };
    for condition in raw.status.conditions {
        let holds = condition.status == "True";
        if condition.kind == "Ready" && !holds {
            node.unready = Some(condition.message);
        } else if condition.kind != "Ready" && holds {
            node.short_of.push(condition.kind);
        }
    }
    Ok(node)
}

fn pod(raw: raw::Pod, object: &str) -> Result<Pod, ClusterError> {
    let (metadata, spec, status) = (raw.metadata, raw.spec, raw.status);
    let (workload, once) = workload(&metadata);
    let scheduled = status.conditions.iter().find(|condition| condition.kind == "PodScheduled");
    let unscheduled = scheduled
        .filter(|condition| condition.status == "False" && condition.reason == "Unschedulable");
    let stays =
        spec.init_containers.into_iter().filter(|container| container.restart_policy == "Always");
    let states: Vec<_> =
        status.container_statuses.iter().chain(&status.init_container_statuses).collect();
    let containers = spec.containers.into_iter().chain(stays).map(|container| {
        let state = states.iter().find(|state| state.name == container.name);
        let mut request = resource(&container.resources.requests, object)?;
        let limit = resource(&container.resources.limits, object)?;
        // What has a limit and no request requests its limit.
        request.cpu = request.cpu.or(limit.cpu);
        request.memory = request.memory.or(limit.memory);
        Ok(Container {
            name: container.name,
            request,
            limit,
            restarts: state.map_or(0, |state| state.restart_count),
            oom_killed: state.is_some_and(|state| state.was_killed()),
        })
    });
    Ok(Pod {
        service: service(&metadata, &workload),
        workload,
        once,
        critical: spec.priority >= raw::NODE_CRITICAL,
        node: spec.node_name,
        address: status.pod_ip,
        unscheduled: unscheduled.map(|condition| condition.message.clone()),
        containers: containers.collect::<Result<_, ClusterError>>()?,
        namespace: metadata.namespace,
        name: metadata.name,
    })
}

/// What made the pod, and whether that lets it end. Makers nobody knows are
/// taken for none.
fn workload(metadata: &raw::Metadata) -> (String, bool) {
    let owner = metadata.owners.first().map(|owner| (owner.kind.as_str(), owner.name.as_str()));
    match owner {
        Some(("ReplicaSet", name)) => {
            let hash = metadata.labels.get("pod-template-hash");
            let base = hash.and_then(|hash| name.strip_suffix(&format!("-{hash}")));
            (format!("Deployment/{}", base.unwrap_or(name)), false)
        }
        Some((kind @ ("StatefulSet" | "DaemonSet" | "Job"), name)) => {
            (format!("{kind}/{name}"), kind == "Job")
        }
        _ => (format!("Pod/{}", metadata.name), false),
    }
}

/// The card's name in our namespace, k3s' own in its, else what made the pod.
fn service(metadata: &raw::Metadata, workload: &str) -> String {
    let label = |key: &str| metadata.labels.get(key).cloned();
    match metadata.namespace.as_str() {
        NAMESPACE => label("app.kubernetes.io/instance"),
        "kube-system" => Some(K3S.to_owned()),
        _ => label("app.kubernetes.io/name"),
    }
    .unwrap_or_else(|| workload.rsplit('/').next().unwrap_or_default().to_owned())
}

fn resource(amounts: &BTreeMap<String, String>, object: &str) -> Result<Resource, ClusterError> {
    let read = |name: &str, parse: fn(&str) -> Result<u64, QuantityError>| {
        amounts.get(name).map(|text| parse(text)).transpose()
    };
    let both = || {
        Ok(Resource {
            cpu: read("cpu", quantity::milli)?,
            memory: read("memory", quantity::units)?,
        })
    };
    both().map_err(|source| ClusterError::Quantity { object: object.to_owned(), source })
}

#[cfg(test)]
mod tests;
