//! How fast simulated runs are.

use std::collections::BTreeMap;
use std::time::Instant;

use terrarium_fit::model::{
    Container, Node, Operator, Pod, PodTerm, Problem, Requirement, Resources, SpreadConstraint,
};
use terrarium_fit::scheduler;
use terrarium_fit::simulate::{Compiled, simulate};
use terrarium_fit::sizing::{self, Quantiles, Resource, Size, Used, jointly, workload};
use terrarium_fit::verdict::Budget;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Prints the figures of 10,000 orders on three nodes and of one run on a
/// thousand.
pub(crate) fn report() {
    println!("\n{:<44}{:>8}{:>12}{:>10}", "simulated runs", "seconds", "pods/s", "complete");
    let three = problem(3, 60, |_, _| ());
    orders(&three, 10_000);
    once("1,000 nodes, 10,000 pods, resources", &problem(1_000, 10_000, |_, _| ()));
    once("the same, spread and anti-affinity", &problem(1_000, 10_000, neighbours));
    let start = Instant::now();
    let verdict = scheduler::judge(&three, &Budget::default());
    let seconds = start.elapsed().as_secs_f64();
    println!("{:<44}{seconds:>8.3}   {:?}", "a whole verdict, 3 nodes, 60 pods", verdict.verdict);
    sizes(&problem(3, 60, |pod, _| pod.containers.push(container(pod))));
}

/// Every container is to request two fifths more than now, which is more than
/// there is.
fn sizes(problem: &Problem) {
    let measured = |pod: &Pod| sizing::Container {
        namespace: pod.namespace.clone(),
        workload: workload(pod),
        container: container(pod).name,
        request: Resource { cpu: None, memory: Some(pod.requests.memory_bytes) },
        pods: vec![Used {
            memory: Some(Quantiles { p95: pod.requests.memory_bytes, ..Quantiles::default() }),
            ..Used::default()
        }],
        ..sizing::Container::default()
    };
    let containers: Vec<_> = problem.pods.iter().map(measured).collect();
    let more = |one: &sizing::Container| Size {
        request: Resource { cpu: None, memory: one.request.memory.map(|now| now * 7 / 5) },
        ..Size::default()
    };
    let wanted: Vec<_> = containers.iter().map(more).enumerate().collect();
    let start = Instant::now();
    let joint = jointly(problem, &wanted, &containers);
    let seconds = start.elapsed().as_secs_f64();
    let what = "new sizes for 60 pods, more than fits";
    println!("{what:<44}{seconds:>8.3}   {} short", joint.short.len());
}

fn container(pod: &Pod) -> Container {
    Container {
        name: "it".to_owned(),
        memory_request: Some(pod.requests.memory_bytes),
        cpu_request: Some(pod.requests.cpu_milli),
        ..Container::default()
    }
}

fn orders(problem: &Problem, orders: u64) {
    let compiled = Compiled::new(problem);
    let order: Vec<usize> = (0..problem.pods.len()).collect();
    let start = Instant::now();
    let complete =
        (0..orders).filter(|&seed| simulate(&compiled, &order, seed).left.is_empty()).count();
    let seconds = start.elapsed().as_secs_f64();
    let pods = orders as f64 * problem.pods.len() as f64;
    let what = format!("3 nodes, 60 pods, 10,000 runs at {LOAD} %");
    println!("{what:<44}{seconds:>8.3}{:>12.0}{complete:>10}", pods / seconds);
}

fn once(what: &str, problem: &Problem) {
    let start = Instant::now();
    let compiled = Compiled::new(problem);
    let order: Vec<usize> = (0..problem.pods.len()).collect();
    let run = simulate(&compiled, &order, 1);
    let seconds = start.elapsed().as_secs_f64();
    let pods = problem.pods.len() as f64;
    println!("{what:<44}{seconds:>8.3}{:>12.0}{:>10}", pods / seconds, run.left.is_empty());
}

const LOAD: u64 = 90;

/// Nodes in ten zones and pods of twenty sizes in workloads of ten, their sums
/// so many percent of the nodes.
fn problem(nodes: u64, pods: u64, dress: fn(&mut Pod, u64)) -> Problem {
    let share = 4_000 * nodes * LOAD / 100 / pods;
    Problem {
        nodes: (0..nodes)
            .map(|number| {
                let name = format!("node-{number:04}");
                let labels = BTreeMap::from([
                    (HOSTNAME.to_owned(), name.clone()),
                    (ZONE.to_owned(), format!("zone-{}", number % 10)),
                ]);
                let allocatable = amounts(4_000, 8_000, 110);
                let capacity = allocatable.clone();
                Node { name, labels, allocatable, capacity, ..Node::default() }
            })
            .collect(),
        pods: (0..pods)
            .map(|number| {
                // Between half and one and a half times the mean.
                let size = share / 2 + share * (number * 7 % 20) / 19;
                let mut pod = Pod {
                    namespace: "bench".to_owned(),
                    name: format!("pod-{number:05}"),
                    labels: [("app".to_owned(), format!("app-{}", number / 10))].into(),
                    requests: amounts(size, 2 * size, 1),
                    scored: (size, (2 * size) << 20),
                    ..Pod::default()
                };
                dress(&mut pod, number);
                pod
            })
            .collect(),
    }
}

fn amounts(cpu_milli: u64, mib: u64, pods: u64) -> Resources {
    Resources { cpu_milli, memory_bytes: mib << 20, pods, ..Resources::default() }
}

/// Each workload is spread over the zones, and every other keeps its copies on
/// different nodes.
fn neighbours(pod: &mut Pod, number: u64) {
    let app = format!("app-{}", number / 10);
    let selector = Some(vec![Requirement {
        key: "app".to_owned(),
        operator: Operator::In,
        values: vec![app],
    }]);
    pod.spread.push(SpreadConstraint {
        max_skew: 1,
        topology_key: ZONE.to_owned(),
        hard: true,
        selector: selector.clone(),
        min_domains: None,
        honor_affinity: true,
        honor_taints: false,
    });
    if (number / 10).is_multiple_of(2) {
        let topology_key = HOSTNAME.to_owned();
        pod.anti_affinity.required.push(PodTerm {
            namespaces: Vec::new(),
            namespace_selector: Some(Vec::new()),
            selector,
            topology_key,
        });
    }
}
