//! Small clusters, with everything that makes placing pods hard.

use std::collections::BTreeMap;

use proptest::option::weighted;
use proptest::prelude::*;
use terrarium_fit::model::{
    Claim, Effect, HostPort, Node, Operator, Owner, Pod, PodTerm, Problem, Requirement, Resources,
    SpreadConstraint, Taint, Toleration,
};

const MIB: u64 = 1 << 20;
const PODS: usize = 5;
const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// A node of ten units of CPU and of memory; a unit is what small pods ask for.
fn node(number: usize, cpu: u64, memory: u64) -> Node {
    let name = format!("pi-{number}");
    let room = Resources {
        cpu_milli: cpu * 100,
        memory_bytes: memory * 100 * MIB,
        pods: 110,
        ..Resources::default()
    };
    Node {
        labels: BTreeMap::from([(HOST.to_owned(), name.clone())]),
        name,
        allocatable: room.clone(),
        capacity: room,
        ..Node::default()
    }
}

/// A pod of so many units, one of a service's.
pub(crate) fn pod(service: &str, number: usize, units: u64) -> Pod {
    let (cpu_milli, memory_bytes) = (units * 100, units * 100 * MIB);
    Pod {
        namespace: "default".to_owned(),
        name: format!("{service}-{number}"),
        service: service.to_owned(),
        labels: BTreeMap::from([("app".to_owned(), service.to_owned())]),
        requests: Resources { cpu_milli, memory_bytes, pods: 1, ..Resources::default() },
        scored: (cpu_milli, memory_bytes),
        ..Pod::default()
    }
}

/// These pods on so many nodes of ten units.
pub(crate) fn problem(nodes: usize, pods: Vec<Pod>) -> Problem {
    Problem { nodes: (1..=nodes).map(|number| node(number, 10, 10)).collect(), pods }
}

fn equal(key: &str, value: &str) -> Requirement {
    Requirement { key: key.to_owned(), operator: Operator::In, values: vec![value.to_owned()] }
}

/// Pods of that service in the same domain.
pub(crate) fn near(topology_key: &str, service: &str) -> PodTerm {
    PodTerm {
        namespaces: vec!["default".to_owned()],
        namespace_selector: None,
        selector: Some(vec![equal("app", service)]),
        topology_key: topology_key.to_owned(),
    }
}

/// Pods of that service spread over domains.
pub(crate) fn spread(topology_key: &str, max_skew: u32, service: &str) -> SpreadConstraint {
    SpreadConstraint {
        max_skew,
        topology_key: topology_key.to_owned(),
        hard: true,
        selector: Some(vec![equal("app", service)]),
        min_domains: None,
        honor_affinity: true,
        honor_taints: false,
    }
}

pub(crate) fn any_node(number: usize) -> impl Strategy<Value = Node> {
    let amounts = (3u64..11, 3u64..11, 2u64..6);
    let labels = (0usize..3, any::<bool>());
    let closed = (0usize..8, 0usize..16);
    (amounts, labels, closed).prop_map(
        move |((cpu, memory, pods), (zone, ssd), (taint, cordon))| {
            let mut node = node(number, cpu, memory);
            node.allocatable.pods = pods;
            if let Some(zone) = ["a", "b"].get(zone) {
                node.labels.insert(ZONE.to_owned(), (*zone).to_owned());
            }
            if ssd {
                node.labels.insert("disk".to_owned(), "ssd".to_owned());
            }
            let effects = [Effect::NoSchedule, Effect::PreferNoSchedule];
            if let Some(&effect) = effects.get(taint) {
                node.taints.push(Taint { key: "own".to_owned(), value: String::new(), effect });
            }
            node.unschedulable = cordon == 0;
            node
        },
    )
}

/// What a service's pods ask for beside room.
#[derive(Debug, Clone)]
struct Wishes {
    tolerates: bool,
    ssd: bool,
    port: Option<u16>,
    /// Another service, whether to be near it, and by zone.
    neighbour: Option<(usize, bool, bool)>,
    /// By zone, the skew, the least domains, taints honoured, whose pods.
    spread: Option<(bool, u32, Option<u32>, bool, usize)>,
    /// The node of its first pod's volume; whether that one is there already.
    pinned: Option<(usize, bool)>,
    wave: u32,
    /// A volume its pods share, which is on no node yet.
    shares: bool,
}

fn any_wishes() -> impl Strategy<Value = Wishes> {
    (
        any::<bool>(),
        weighted(0.1, Just(())),
        weighted(0.15, prop::sample::select(vec![80u16, 443])),
        weighted(0.25, (0usize..4, any::<bool>(), any::<bool>())),
        weighted(0.25, (any::<bool>(), 1u32..3, weighted(0.3, 1u32..4), any::<bool>(), 0usize..8)),
        weighted(0.1, (0usize..3, any::<bool>())),
        prop::sample::select(vec![0u32, 0, 0, 1]),
        weighted(0.15, Just(())),
    )
        .prop_map(|(tolerates, ssd, port, neighbour, spread, pinned, wave, shares)| Wishes {
            tolerates,
            ssd: ssd.is_some(),
            port,
            neighbour,
            spread,
            pinned,
            wave,
            shares: shares.is_some(),
        })
}

fn apply(pod: &mut Pod, first: bool, own: usize, services: usize, nodes: usize, wishes: &Wishes) {
    let name = |service: usize| format!("s{}", service % services);
    pod.wave = wishes.wave;
    let key = |zone: bool| if zone { ZONE } else { HOST };
    if wishes.tolerates {
        pod.tolerations.push(Toleration { key: Some("own".to_owned()), value: None, effect: None });
    }
    if wishes.ssd {
        pod.node_selector.insert("disk".to_owned(), "ssd".to_owned());
    }
    if let Some(port) = wishes.port {
        let (ip, protocol) = ("0.0.0.0".to_owned(), "TCP".to_owned());
        pod.host_ports.push(HostPort { ip, protocol, port });
    }
    if let Some((other, likes, zone)) = wishes.neighbour {
        let side = if likes { &mut pod.affinity } else { &mut pod.anti_affinity };
        side.required.push(near(key(zone), &name(other)));
    }
    if let Some((zone, skew, min_domains, honor_taints, whose)) = wishes.spread {
        // Mostly its own pods.
        let whose = if whose < 4 { name(whose) } else { name(own) };
        pod.spread.push(SpreadConstraint {
            min_domains,
            honor_taints,
            ..spread(key(zone), skew, &whose)
        });
    }
    if wishes.shares {
        let name = format!("shared-{}", pod.service);
        pod.claims.push(Claim { name, ..Claim::default() });
    }
    if let (Some((place, there)), true) = (wishes.pinned, first) {
        let on = format!("pi-{}", place % nodes + 1);
        let name = format!("data-{}", pod.name);
        pod.claims.push(Claim { name, nodes: Some(vec![on.clone()]), ..Claim::default() });
        pod.node_name = there.then_some(on);
    }
}

/// With hard constraints on spreading or without.
pub(crate) fn any_problem(spreads: bool) -> impl Strategy<Value = Problem> {
    let nodes =
        (any_node(1), any_node(2), any_node(3), prop::sample::select(vec![1usize, 2, 2, 3, 3, 3]));
    let services = prop::collection::vec((1usize..4, 0u64..5, 0u64..5, any_wishes()), 1..5);
    (nodes, services).prop_map(move |((one, two, three, count), services)| {
        let mut nodes = vec![one, two, three];
        nodes.truncate(count);
        let mut pods = Vec::new();
        for (own, (replicas, cpu, memory, wishes)) in services.iter().enumerate() {
            for number in 0..*replicas {
                let mut pod = pod(&format!("s{own}"), number, 0);
                (pod.requests.cpu_milli, pod.requests.memory_bytes) =
                    (cpu * 100, memory * 100 * MIB);
                pod.scored = (pod.requests.cpu_milli, pod.requests.memory_bytes);
                apply(&mut pod, number == 0, own, services.len(), nodes.len(), wishes);
                pods.push(pod);
            }
        }
        pods.truncate(PODS);
        for pod in pods.iter_mut().filter(|_| !spreads) {
            pod.spread.clear();
        }
        Problem { nodes, pods }
    })
}

/// The same, each service with a priority and made in order or at once.
pub(crate) fn ranked(mut problem: Problem, ranks: &[(i32, bool)]) -> Problem {
    for pod in &mut problem.pods {
        let own: usize = pod.service.trim_start_matches('s').parse().unwrap_or(0);
        let (priority, ordered) = ranks[own % ranks.len()];
        pod.priority = priority;
        pod.owner = Owner::StatefulSet { name: pod.service.clone(), ordered };
    }
    problem
}
