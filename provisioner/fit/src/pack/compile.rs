//! From nodes and pods to a packing.

mod alike;
mod neighbours;
mod spread;
mod tied;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Bin, Class, Order, Packing};
use crate::limit;
use crate::model::{Effect, Node, Pod, Problem, Resources, Selector, Taint, shared};
use alike::Alike;
use neighbours::Neighbours;

/// All pods that are not bound yet. With `lasting` only what never gives way,
/// for proofs that nothing fits: a job's pod ends and makes room, and so does
/// a bound pod that a newcomer of higher priority may push aside.
pub fn compile(problem: &Problem, lasting: bool) -> Packing {
    let free = |pod: &Pod| pod.node_name.is_none() && !(lasting && pod.ends());
    let dimensions = dimensions(problem);
    let row = |of: &Resources| row(of, &dimensions);
    let highest = problem.pods.iter().filter(|pod| free(pod)).map(|pod| pod.priority).max();
    let stays = |pod: &Pod| {
        !lasting || !pod.ends() && highest.is_none_or(|highest| highest <= pod.priority)
    };
    let bound: Vec<&Pod> =
        problem.pods.iter().filter(|pod| pod.node_name.is_some() && stays(pod)).collect();
    let nodes = rooms(problem, &bound, &dimensions);
    let mut neighbours = Neighbours::new(problem);
    let relevant = relevant(problem);
    let shared = shared(problem);
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    let mut known: HashMap<Alike<'_>, String> = HashMap::new();
    for (place, pod) in problem.pods.iter().enumerate().filter(|(_, pod)| free(pod)) {
        limit::check();
        let alike = Alike::new(pod, &relevant, &shared);
        if let Some(class) = known.get(&alike).and_then(|key| classes.get_mut(key)) {
            class.members.push(place);
            continue;
        }
        let mut eligible: Vec<bool> = problem.nodes.iter().map(|node| accepts(node, pod)).collect();
        neighbours::exclude_bound(problem, &bound, pod, &mut eligible);
        if neighbours::alone(problem, pod) {
            eligible.fill(false);
        }
        spread::exclude_uncounted(problem, pod, &mut eligible);
        let volumes: Vec<usize> =
            pod.claims.iter().filter_map(|claim| claim.among(pod, &shared)).collect();
        let key = format!("{}{volumes:?}", key(pod, &row(&pod.requests), &eligible, &relevant));
        known.insert(alike, key.clone());
        classes
            .entry(key)
            .or_insert_with(|| Class {
                members: Vec::new(),
                demand: row(&pod.requests),
                eligible,
                wave: pod.wave,
                order: if volumes.is_empty() {
                    spread::order(problem, pod, &mut neighbours)
                } else {
                    Order::Bound("it shares a volume, which is where the first put it".to_owned())
                },
            })
            .members
            .push(place);
    }
    let mut classes: Vec<Class> = classes.into_values().collect();
    classes.sort_by_key(|class| class.members.first().copied());
    let conflicts = neighbours.conflicts(problem, &classes);
    let caps = spread::caps(problem, &classes, &mut neighbours);
    let tied = tied::tied(problem, &classes, &mut neighbours);
    Packing {
        dimensions,
        names: problem.pods.iter().map(Pod::key).collect(),
        nodes,
        classes,
        topologies: neighbours.topologies,
        conflicts,
        caps,
        tied,
    }
}

/// Amounts by dimension.
fn row(of: &Resources, dimensions: &[String]) -> Vec<u64> {
    dimensions.iter().map(|name| of.get(name)).collect()
}

/// The nodes with what the bound pods leave of them.
fn rooms(problem: &Problem, bound: &[&Pod], dimensions: &[String]) -> Vec<Bin> {
    let all = problem.nodes.iter();
    let mut nodes: Vec<Bin> = all
        .map(|node| Bin { name: node.name.clone(), room: row(&node.allocatable, dimensions) })
        .collect();
    let places: BTreeMap<&str, usize> =
        problem.nodes.iter().enumerate().map(|(place, node)| (node.name.as_str(), place)).collect();
    for pod in bound {
        limit::check();
        let place = pod.node_name.as_deref().and_then(|name| places.get(name));
        if let Some(node) = place.and_then(|&place| nodes.get_mut(place)) {
            for (room, taken) in node.room.iter_mut().zip(row(&pod.requests, dimensions)) {
                *room = room.saturating_sub(taken);
            }
        }
    }
    nodes
}

/// The usual ones, and what else any pod asks for.
fn dimensions(problem: &Problem) -> Vec<String> {
    let usual = ["cpu", "memory", "ephemeral-storage", "pods"];
    let extended: BTreeSet<&String> =
        problem.pods.iter().flat_map(|pod| pod.requests.extended.keys()).collect();
    usual.into_iter().map(str::to_owned).chain(extended.into_iter().cloned()).collect()
}

/// Whether a node takes a pod whatever else is there: cordon, taints, labels,
/// and where its volumes are.
pub(super) fn accepts(node: &Node, pod: &Pod) -> bool {
    limit::check();
    let mut volumes = pod.claims.iter().filter_map(|claim| claim.nodes.as_ref());
    open(node, pod)
        && tolerated(node, pod)
        && selected(node, pod)
        && volumes.all(|on| on.contains(&node.name))
}

/// Whether the pod tolerates the node's taints.
pub(super) fn tolerated(node: &Node, pod: &Pod) -> bool {
    let mut taints = node.taints.iter().filter(|taint| taint.effect != Effect::PreferNoSchedule);
    taints.all(|taint| tolerates(pod, taint))
}

fn tolerates(pod: &Pod, taint: &Taint) -> bool {
    pod.tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether the node is open, or the pod goes to closed ones.
fn open(node: &Node, pod: &Pod) -> bool {
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        value: String::new(),
        effect: Effect::NoSchedule,
    };
    !node.unschedulable || tolerates(pod, &cordon)
}

/// Whether the node is one the pod's selector and required affinity mean.
pub(super) fn selected(node: &Node, pod: &Pod) -> bool {
    let labels = pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    let terms = pod.node_affinity.required.as_ref();
    labels && terms.is_none_or(|terms| terms.iter().any(|term| term.holds(node)))
}

/// The label keys any selector looks at: pods that differ in others only are
/// the same to the scheduler.
fn relevant(problem: &Problem) -> BTreeSet<&str> {
    let mut keys = BTreeSet::new();
    for pod in &problem.pods {
        limit::check();
        let terms = pod.affinity.required.iter().chain(&pod.anti_affinity.required);
        let selectors: Vec<&Selector> = terms
            .map(|term| &term.selector)
            .chain(pod.spread.iter().map(|spread| &spread.selector))
            .collect();
        keys.extend(selectors.into_iter().flatten().flatten().map(|one| one.key.as_str()));
    }
    keys
}

/// All that decides where a pod may go and whom it keeps away.
fn key(pod: &Pod, demand: &[u64], eligible: &[bool], relevant: &BTreeSet<&str>) -> String {
    let labels: Vec<_> =
        pod.labels.iter().filter(|(key, _)| relevant.contains(key.as_str())).collect();
    let hard: Vec<_> = pod.spread.iter().filter(|spread| spread.hard).collect();
    // Which nodes a spread constraint counts depends on these.
    let counts = (!hard.is_empty()).then_some((
        &pod.node_selector,
        &pod.node_affinity.required,
        &pod.tolerations,
    ));
    let neighbours = (&pod.host_ports, &pod.anti_affinity.required, &pod.affinity.required);
    format!(
        "{:?}",
        ((&pod.namespace, labels, demand, eligible, pod.wave), neighbours, hard, counts)
    )
}
