//! A problem with other requests of some containers.

use crate::model::{self, Owner, Pod, Problem, Resources};
use crate::requests::{Kind, Part as Piece, effective, scored};
use crate::sizing::{Container, Part};

/// What made a pod, as [`Container::workload`] names it.
pub fn workload(pod: &Pod) -> String {
    match &pod.owner {
        Owner::Pod => format!("Pod/{}", pod.name),
        Owner::Deployment { name, .. } => format!("Deployment/{name}"),
        Owner::StatefulSet { name, .. } => format!("StatefulSet/{name}"),
        Owner::DaemonSet { name, .. } => format!("DaemonSet/{name}"),
        Owner::Job { name } => format!("Job/{name}"),
    }
}

fn has(pod: &Pod, container: &Container) -> bool {
    pod.namespace == container.namespace && workload(pod) == container.workload
}

/// How important a container's pods are.
pub(super) fn priority(problem: &Problem, container: &Container) -> i32 {
    let pods = problem.pods.iter().filter(|pod| has(pod, container));
    pods.map(|pod| pod.priority).max().unwrap_or(0)
}

/// A request that is another.
pub(super) struct Change<'a> {
    pub container: &'a Container,
    pub what: Part,
    /// Bytes or thousandths of a core; 0 is none.
    pub amount: u64,
    /// Whether it starts the pods anew.
    pub anew: bool,
}

/// The problem with these requests; pods that start anew are not bound.
pub(super) fn with(problem: &Problem, changes: &[Change<'_>]) -> Problem {
    let mut changed = problem.clone();
    for pod in &mut changed.pods {
        let own: Vec<_> = changes.iter().filter(|change| has(pod, change.container)).collect();
        if own.is_empty() {
            continue;
        }
        let before = takes(pod);
        for change in &own {
            let given = Some(change.amount).filter(|&amount| amount > 0);
            let named = |one: &&mut model::Container| one.name == change.container.container;
            if let Some(one) = pod.containers.iter_mut().find(named) {
                match change.what {
                    Part::CpuRequest => one.cpu_request = given,
                    _ => one.memory_request = given,
                }
            }
        }
        let after = takes(pod);
        // A pod that asks for an amount as a whole goes on asking for it.
        if pod.requests.cpu_milli == before.0.cpu_milli {
            (pod.requests.cpu_milli, pod.scored.0) = (after.0.cpu_milli, after.1.0);
        }
        if pod.requests.memory_bytes == before.0.memory_bytes {
            (pod.requests.memory_bytes, pod.scored.1) = (after.0.memory_bytes, after.1.1);
        }
        if own.iter().any(|change| change.anew) {
            pod.node_name = None;
        }
    }
    changed
}

/// CPU and memory of a pod's containers and its overhead: as requested, and as
/// scores count them.
fn takes(pod: &Pod) -> (Resources, (u64, u64)) {
    let pieces: Vec<Piece> = pod.containers.iter().map(piece).collect();
    (effective(&pieces, &pod.overhead), scored(&pieces, &pod.overhead))
}

fn piece(container: &model::Container) -> Piece {
    let (cpu, memory) = (container.cpu_request, container.memory_request);
    Piece {
        requests: Resources {
            cpu_milli: cpu.unwrap_or(0),
            memory_bytes: memory.unwrap_or(0),
            ..Resources::default()
        },
        says: (cpu.is_some(), memory.is_some()),
        kind: match (container.init, container.sidecar) {
            (true, _) => Kind::Init,
            (false, true) => Kind::Sidecar,
            (false, false) => Kind::App,
        },
        ..Piece::default()
    }
}
