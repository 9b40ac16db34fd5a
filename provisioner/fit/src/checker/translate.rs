//! From the problem to what the checker counts: pod by pod, and apart from
//! [`crate::pack::compile`], so that a slip in one is seen by the other.

use std::collections::BTreeSet;

use super::together::groups;
use super::{Apart, Count, Counted, Limit};
use crate::limit;
use crate::model::{Effect, Node, Pod, Problem, Taint, selects};

/// What never gives way: unbound pods that do not end by themselves, and room
/// beside bound ones nobody may push aside. Of the unbound ones only those
/// `wanted`, by name, where a proof is about no others.
pub fn translate(problem: &Problem, wanted: Option<&BTreeSet<&str>>) -> Count {
    let ends = |pod: &&Pod| pod.ends();
    let all = || problem.pods.iter().filter(|pod| pod.node_name.is_none() && !ends(pod));
    let highest = all().map(|pod| pod.priority).max();
    let waiting: Vec<&Pod> = all()
        .inspect(|_| limit::check())
        .filter(|pod| wanted.is_none_or(|wanted| wanted.contains(pod.key().as_str())))
        .collect();
    let firm: Vec<&Pod> = problem
        .pods
        .iter()
        .filter(|pod| pod.node_name.is_some() && !ends(pod))
        .filter(|bound| highest.is_none_or(|highest| highest <= bound.priority))
        .collect();
    let mut dimensions: Vec<String> =
        ["cpu", "memory", "ephemeral-storage", "pods"].map(str::to_owned).to_vec();
    for name in problem.pods.iter().flat_map(|pod| pod.requests.extended.keys()) {
        if !dimensions.contains(name) {
            dimensions.push(name.clone());
        }
    }
    let room = |node: &Node| {
        let on = firm.iter().filter(|pod| {
            limit::check();
            pod.node_name.as_ref() == Some(&node.name)
        });
        let on: Vec<&&Pod> = on.collect();
        let left = |name: &String| {
            let taken = on.iter().map(|pod| pod.requests.get(name)).fold(0, u64::saturating_add);
            node.allocatable.get(name).saturating_sub(taken)
        };
        dimensions.iter().map(left).collect()
    };
    // Who requires a neighbour has no place where there is none of its kind.
    let accompanied = |pod: &Pod| {
        let near = |other: &Pod| pod.affinity.required.iter().all(|term| term.means(other));
        pod.affinity.required.is_empty() || problem.pods.iter().any(near)
    };
    let pods =
        waiting.iter().map(|pod| (*pod, accompanied(pod))).map(|(pod, accompanied)| Counted {
            name: pod.key(),
            demand: dimensions.iter().map(|name| pod.requests.get(name)).collect(),
            welcome: problem
                .nodes
                .iter()
                .map(|node| {
                    accompanied
                        && welcome(node, pod)
                        && firm.iter().all(|firm| !meets(problem, pod, firm, node))
                })
                .collect(),
        });
    Count {
        nodes: problem.nodes.iter().map(|node| (node.name.clone(), room(node))).collect(),
        pods: pods.collect(),
        apart: pairs(problem, &waiting),
        together: groups(problem, &waiting, |key| domains(problem, key)),
        limits: waiting.iter().flat_map(|pod| limits(problem, pod, &waiting)).collect(),
        dimensions,
    }
}

/// Whether cordon, taints, labels and volumes let the pod onto the node.
fn welcome(node: &Node, pod: &Pod) -> bool {
    limit::check();
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        value: String::new(),
        effect: Effect::NoSchedule,
    };
    let mut taints: Vec<&Taint> = node.taints.iter().collect();
    if node.unschedulable {
        taints.push(&cordon);
    }
    for taint in taints {
        let soft = taint.effect == Effect::PreferNoSchedule;
        if !soft && !pod.tolerations.iter().any(|toleration| toleration.tolerates(taint)) {
            return false;
        }
    }
    for (key, value) in &pod.node_selector {
        if node.labels.get(key) != Some(value) {
            return false;
        }
    }
    if let Some(terms) = &pod.node_affinity.required
        && !terms.iter().any(|term| term.holds(node))
    {
        return false;
    }
    for nodes in pod.claims.iter().filter_map(|claim| claim.nodes.as_ref()) {
        if !nodes.contains(&node.name) {
            return false;
        }
    }
    let hard = pod.spread.iter().filter(|spread| spread.hard);
    hard.into_iter().all(|spread| node.labels.contains_key(&spread.topology_key))
}

/// Whether the empty node has what the pod takes.
fn holds(node: &Node, pod: &Pod) -> bool {
    let (all, asked) = (&node.allocatable, &pod.requests);
    let enough = |has: u64, asked: u64| asked == 0 || asked <= has;
    enough(all.cpu_milli, asked.cpu_milli)
        && enough(all.memory_bytes, asked.memory_bytes)
        && enough(all.ephemeral_bytes, asked.ephemeral_bytes)
        && enough(all.pods, asked.pods)
        && asked.extended.iter().all(|(name, asked)| enough(all.get(name), *asked))
}

/// The labels whose domains two pods may not share; an empty one stands for
/// the node itself.
fn keys(one: &Pod, other: &Pod) -> BTreeSet<String> {
    limit::check();
    let mut keys = BTreeSet::new();
    for a in &one.host_ports {
        for b in &other.host_ports {
            let open = [&a.ip, &b.ip].into_iter().any(|ip| ip.is_empty() || ip == "0.0.0.0");
            if (a.port, &a.protocol) == (b.port, &b.protocol) && (open || a.ip == b.ip) {
                keys.insert(String::new());
            }
        }
    }
    let forbids = |pod: &Pod, near: &Pod| -> Vec<String> {
        let terms = pod.anti_affinity.required.iter().filter(|term| term.means(near));
        terms.map(|term| term.topology_key.clone()).collect()
    };
    keys.extend(forbids(one, other));
    keys.extend(forbids(other, one));
    keys
}

/// Whether a bound pod keeps the other off a node.
fn meets(problem: &Problem, pod: &Pod, firm: &Pod, node: &Node) -> bool {
    limit::check();
    let there = problem.nodes.iter().find(|there| Some(&there.name) == firm.node_name.as_ref());
    there.is_some_and(|there| {
        keys(pod, firm).iter().any(|key| match key.as_str() {
            "" => there.name == node.name,
            key => node.labels.contains_key(key) && node.labels.get(key) == there.labels.get(key),
        })
    })
}

fn domains(problem: &Problem, key: &str) -> Vec<Option<usize>> {
    let mut values: Vec<&String> = Vec::new();
    let nodes = problem.nodes.iter().enumerate();
    nodes
        .map(|(place, node)| {
            if key.is_empty() {
                return Some(place);
            }
            limit::check();
            let value = node.labels.get(key)?;
            let known = values.iter().position(|known| *known == value);
            Some(known.unwrap_or_else(|| {
                values.push(value);
                values.len() - 1
            }))
        })
        .collect()
}

fn pairs(problem: &Problem, pods: &[&Pod]) -> Vec<Apart> {
    let mut apart = Vec::new();
    for (one, pod) in pods.iter().enumerate() {
        for (other, next) in pods.iter().enumerate().take(one) {
            for key in keys(pod, next) {
                apart.push(Apart { one, other, domains: domains(problem, &key) });
            }
        }
    }
    apart
}

/// What a pod's hard constraints limit: with a domain that no counted pod is
/// on or ever reaches, or with too few domains, no other gets beyond the skew.
fn limits(problem: &Problem, pod: &Pod, waiting: &[&Pod]) -> Vec<Limit> {
    let hard: Vec<_> = pod.spread.iter().filter(|spread| spread.hard).collect();
    let mut limits = Vec::new();
    for spread in hard.iter().filter(|spread| selects(&spread.selector, &pod.labels)) {
        let mut domains = domains(problem, &spread.topology_key);
        for (domain, node) in domains.iter_mut().zip(&problem.nodes) {
            let labelled = hard.iter().all(|other| node.labels.contains_key(&other.topology_key));
            let terms = pod.node_affinity.required.as_ref();
            let meant =
                pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
                    && terms.is_none_or(|terms| terms.iter().any(|term| term.holds(node)));
            let suffered = node.taints.iter().all(|taint| {
                taint.effect == Effect::PreferNoSchedule
                    || pod.tolerations.iter().any(|toleration| toleration.tolerates(taint))
            });
            if !labelled || spread.honor_affinity && !meant || spread.honor_taints && !suffered {
                *domain = None;
            }
        }
        let like = |other: &Pod| {
            other.namespace == pod.namespace && selects(&spread.selector, &other.labels)
        };
        let reached: BTreeSet<usize> = problem
            .nodes
            .iter()
            .zip(&domains)
            .filter(|(node, _)| {
                problem.pods.iter().any(|other| {
                    like(other)
                        && other.node_name.as_ref().map_or_else(
                            || welcome(node, other) && holds(node, other),
                            |bound| *bound == node.name,
                        )
                })
            })
            .filter_map(|(_, domain)| *domain)
            .collect();
        let all: BTreeSet<usize> = domains.iter().flatten().copied().collect();
        let few = spread.min_domains.is_some_and(|least| all.len() < least as usize);
        if few || reached.len() < all.len() {
            let copy = |other: &Pod| {
                like(other)
                    && other.spread == pod.spread
                    && other.node_selector == pod.node_selector
                    && other.node_affinity.required == pod.node_affinity.required
                    && other.tolerations == pod.tolerations
            };
            let pods = waiting.iter().enumerate().filter(|(_, other)| copy(other));
            limits.push(Limit {
                pods: pods.map(|(place, _)| place).collect(),
                domains,
                most: u64::from(spread.max_skew),
            });
        }
    }
    limits
}
