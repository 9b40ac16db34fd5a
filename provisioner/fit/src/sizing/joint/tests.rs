use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::manifest::{nodes, pods};
use crate::model::Pod;
use crate::sizing::{Quantiles, Used};

const MIB: u64 = 1 << 20;

/// A workload of one container: name, priority, pods, and in MiB what it
/// requests, what p95 was and what it should request.
#[derive(Debug, Clone)]
struct Load {
    name: &'static str,
    priority: i32,
    pods: u64,
    now: u64,
    p95: u64,
    wanted: u64,
}

fn load(name: &'static str, priority: i32, [now, p95, wanted]: [u64; 3]) -> Load {
    Load { name, priority, pods: 1, now, p95, wanted }
}

fn node(name: &str, mebibytes: u64) -> Value {
    let has = json!({"cpu": "4", "memory": format!("{mebibytes}Mi"), "pods": "110"});
    json!({"kind": "Node", "metadata": {"name": name}, "status": {"allocatable": has}})
}

fn list(items: &[Value]) -> String {
    json!({"kind": "List", "items": items}).to_string()
}

fn problem(rooms: &[u64], all: &[Value]) -> Problem {
    let named: Vec<Value> =
        rooms.iter().enumerate().map(|(place, room)| node(&format!("n{place}"), *room)).collect();
    let nodes = nodes(&list(&named)).unwrap();
    let pods = pods(&list(all), &nodes).unwrap().pods;
    Problem { nodes, pods }
}

fn deployment(load: &Load) -> Value {
    let request = json!({"requests": {"cpu": "10m", "memory": format!("{}Mi", load.now)}});
    let spec =
        json!({"priority": load.priority, "containers": [{"name": "it", "resources": request}]});
    json!({"kind": "Deployment", "metadata": {"name": load.name, "namespace": "x"}, "spec": {
        "replicas": load.pods,
        "selector": {"matchLabels": {"app": load.name}},
        "template": {"metadata": {"labels": {"app": load.name}}, "spec": spec},
    }})
}

fn container(workload: &str, name: &str, [now, p95]: [u64; 2]) -> Container {
    let memory = Quantiles { p95: p95 * MIB, ..Quantiles::default() };
    Container {
        service: name.to_owned(),
        namespace: "x".to_owned(),
        workload: workload.to_owned(),
        container: "it".to_owned(),
        request: Resource { cpu: Some(10), memory: Some(now * MIB) },
        pods: vec![Used { memory: Some(memory), ..Used::default() }],
        ..Container::default()
    }
}

fn size(mebibytes: u64) -> Size {
    let request = Resource { cpu: None, memory: Some(mebibytes * MIB) };
    Size { request, limit: request, ..Size::default() }
}

fn stack(rooms: &[u64], loads: &[Load]) -> Problem {
    problem(rooms, &loads.iter().map(deployment).collect::<Vec<_>>())
}

fn together(problem: &Problem, loads: &[Load]) -> Joint {
    let containers: Vec<Container> = loads
        .iter()
        .map(|load| {
            container(&format!("Deployment/{}", load.name), load.name, [load.now, load.p95])
        })
        .collect();
    let wanted: Vec<_> = loads.iter().map(|load| size(load.wanted)).enumerate().collect();
    let joint = jointly(problem, &wanted, &containers);
    assert_eq!(joint, jointly(problem, &wanted, &containers), "equal inputs");
    joint
}

/// What each requests in the end, in MiB, and what each lacks.
fn given(rooms: &[u64], loads: &[Load]) -> (Vec<u64>, Vec<(String, u64)>) {
    let joint = together(&stack(rooms, loads), loads);
    assert!(joint.placement.is_some(), "no witness");
    let memory = |one: &Resource| one.memory.unwrap_or(0) / MIB;
    (
        joint.sizes.iter().map(|(_, size)| memory(&size.request)).collect(),
        joint.short.iter().map(|short| (short.service.clone(), memory(&short.by))).collect(),
    )
}

#[test]
fn what_fits_is_given_to_all() {
    let loads = [load("a", 0, [100, 150, 200]), load("b", 0, [100, 150, 300])];
    assert_eq!(given(&[500], &loads), (vec![200, 300], vec![]));
}

#[test]
fn what_one_does_not_need_another_may_have() {
    let loads = [load("small", 0, [100, 150, 400]), load("large", 0, [400, 50, 100])];
    assert_eq!(given(&[500], &loads), (vec![400, 100], vec![]));
}

#[test]
fn the_most_important_grow_first_and_the_rest_is_short_by_a_figure() {
    let loads = [load("a", 0, [100, 100, 300]), load("b", 5, [100, 100, 300])];
    assert_eq!(given(&[500], &loads), (vec![200, 300], vec![("a".to_owned(), 100)]));
}

#[test]
fn all_get_what_they_used_before_any_gets_what_it_wants() {
    let loads = [load("a", 0, [100, 200, 300]), load("b", 5, [100, 100, 400])];
    let short = vec![("a".to_owned(), 100), ("b".to_owned(), 100)];
    assert_eq!(given(&[500], &loads), (vec![200, 300], short));
}

#[test]
fn who_has_more_than_it_used_gives_it_up_for_who_has_less() {
    // `a` asks for nothing new; without its spare 100 MiB `b` would stay below p95.
    let loads = [load("a", 0, [300, 200, 300]), load("b", 0, [100, 300, 330])];
    let short = vec![("a".to_owned(), 100), ("b".to_owned(), 30)];
    assert_eq!(given(&[500], &loads), (vec![200, 300], short));
}

#[test]
fn growth_that_only_fits_elsewhere_moves_the_pod() {
    // 200 and 100 share a node; 450 needs the other one for itself.
    let loads = [load("a", 0, [200, 100, 450]), load("b", 0, [300, 100, 300])];
    assert_eq!(given(&[500, 400], &loads), (vec![450, 300], vec![]));
}

#[test]
fn cpu_is_shared_out_to_the_thousandth() {
    let loads = [load("a", 0, [100, 100, 100]), load("b", 5, [100, 100, 100])];
    let problem = problem(&[500], &loads.each_ref().map(deployment));
    let containers =
        ["a", "b"].map(|name| container(&format!("Deployment/{name}"), name, [100, 100]));
    let cpu =
        |milli| Size { request: Resource { cpu: Some(milli), memory: None }, ..Size::default() };
    let joint = jointly(&problem, &[(0, cpu(2501)), (1, cpu(2500))], &containers);
    let given: Vec<_> = joint.sizes.iter().map(|(_, size)| size.request.cpu).collect();
    assert_eq!(given, [Some(1500), Some(2500)]);
    assert_eq!(joint.short[0].by, Resource { cpu: Some(1001), memory: None });
    assert_eq!(
        joint.sizes[0].1.why[0].to_string(),
        "cpu request: 2501m would be right but does not fit"
    );
}

#[test]
fn of_a_stack_that_does_not_fit_there_is_no_witness() {
    let loads = [load("a", 0, [400, 400, 400]), load("b", 0, [400, 400, 500])];
    let joint = together(&stack(&[500], &loads), &loads);
    assert_eq!(joint.placement, None);
    let short: Vec<&str> = joint.short.iter().map(|short| short.service.as_str()).collect();
    assert_eq!(short, ["b"]);
}

#[test]
fn a_workload_that_is_not_there_changes_nothing() {
    let there = load("a", 0, [100, 100, 100]);
    let problem = problem(&[500], &[deployment(&there)]);
    let missing = container("Deployment/missing", "missing", [100, 100]);
    let joint = jointly(&problem, &[(0, size(9_000))], &[missing]);
    assert_eq!(joint.sizes, [(0, size(9_000))]);
    assert!(joint.short.is_empty() && joint.placement.is_some());
}

/// The requests of the only pod once a container requests 300 MiB.
fn grown(spec: &Value, name: &str) -> (u64, u64, Option<String>) {
    let mut spec = spec.clone();
    spec["nodeName"] = json!("n0");
    let pod = json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "x"}, "spec": spec});
    let problem = problem(&[900], &[pod]);
    let one = Container { container: name.to_owned(), ..container("Pod/p", "p", [0, 0]) };
    let what = Part::MemoryRequest;
    let change = Change { container: &one, what, amount: 300 * MIB, anew: true };
    let changed = with(&problem, &[change]);
    let pod = &changed.pods[0];
    (pod.requests.memory_bytes / MIB, pod.scored.1 / MIB, pod.node_name.clone())
}

#[test]
fn init_containers_and_sidecars_count_as_the_scheduler_counts_them() {
    let asks = |name: &str, memory: &str| json!({"name": name, "resources": {"requests": {"memory": memory}}});
    let mut side = asks("side", "50Mi");
    side["restartPolicy"] = json!("Always");
    let spec = json!({
        "initContainers": [side, asks("first", "100Mi")],
        "containers": [asks("app", "200Mi")],
    });
    // Together 250 before: the app beside its sidecar, or the first beside it.
    assert_eq!(grown(&spec, "app"), (350, 350, None));
    assert_eq!(grown(&spec, "first"), (350, 350, None));
    assert_eq!(grown(&spec, "side"), (500, 500, None));
}

#[test]
fn a_pod_that_asks_as_a_whole_goes_on_asking_for_that() {
    let spec = json!({
        "resources": {"requests": {"memory": "400Mi"}},
        "containers": [{"name": "app", "resources": {"requests": {"memory": "200Mi"}}}],
    });
    assert_eq!(grown(&spec, "app").0, 400);
}

/// Two pods on a node that was closed since, and one pod's worth of room on
/// another; both are to be of 100 MiB, with limits.
fn closed(now: u64, limit: Option<u64>) -> Joint {
    let loads = ["a", "b"].map(|name| load(name, 0, [now, 50, 100]));
    let all = loads.each_ref().map(|load| {
        let mut spec = deployment(load)["spec"]["template"]["spec"].clone();
        spec["nodeName"] = json!("n0");
        json!({"kind": "Pod", "metadata": {"name": load.name, "namespace": "x"}, "spec": spec})
    });
    let mut problem = problem(&[500, 150], &all);
    problem.nodes[0].unschedulable = true;
    let containers = ["a", "b"].map(|name| {
        let one = container(&format!("Pod/{name}"), name, [now, 50]);
        Container { limit: Resource { cpu: None, memory: limit }, ..one }
    });
    jointly(&problem, &[(0, size(100)), (1, size(100))], &containers)
}

#[test]
fn pods_that_would_find_no_node_again_stay_as_they_are() {
    let joint = closed(200, Some(900 * MIB));
    let memory: Vec<_> = joint.sizes.iter().map(|(_, size)| size.request.memory).collect();
    assert_eq!(memory, [Some(100 * MIB), Some(200 * MIB)]);
    assert_eq!(joint.sizes[1].1.limit.memory, Some(900 * MIB), "not even its limit");
    let told = "memory request: 100 MiB would be right, but its pods would find no node";
    assert_eq!(joint.sizes[1].1.why[0].to_string(), told);
    assert!(joint.short.is_empty(), "it has more than it wants");
    let placement = joint.placement.unwrap();
    assert_eq!((&*placement["x/a"], &*placement["x/b"]), ("n1", "n0"));
}

#[test]
fn containers_of_one_pod_stay_together() {
    let spec = json!({"nodeName": "n0", "containers": [
        {"name": "it", "resources": {"requests": {"memory": "100Mi"}}},
        {"name": "side", "resources": {"requests": {"memory": "100Mi"}}},
    ]});
    let pod = json!({"kind": "Pod", "metadata": {"name": "a", "namespace": "x"}, "spec": spec});
    let mut problem = problem(&[500], &[pod]);
    problem.nodes[0].unschedulable = true;
    let one = container("Pod/a", "a", [100, 50]);
    let side = Container { container: "side".to_owned(), ..one.clone() };
    let joint = jointly(&problem, &[(0, size(50)), (1, size(200))], &[one, side]);
    let memory: Vec<_> = joint.sizes.iter().map(|(_, size)| size.request.memory).collect();
    assert_eq!(memory, [Some(100 * MIB), Some(100 * MIB)]);
    let by = Resource { cpu: None, memory: Some(100 * MIB) };
    let container = "side".to_owned();
    assert_eq!(joint.short, [Short { service: "a".to_owned(), container, by }]);
}

#[test]
fn a_limit_alone_starts_pods_anew_and_nothing_does_not() {
    let on = |joint: Joint| {
        let placement = joint.placement.unwrap();
        ["x/a", "x/b"].map(|pod| placement[pod].clone())
    };
    assert_eq!(on(closed(100, Some(900 * MIB))), ["n1", "n0"]);
    assert_eq!(on(closed(100, Some(100 * MIB))), ["n0", "n0"]);
}

fn loads() -> impl Strategy<Value = Vec<Load>> {
    let one = (0..3_i32, 1..3_u64, 1..60_u64, 1..60_u64, 1..60_u64);
    proptest::collection::vec(one, 1..5).prop_map(|all| {
        let named = ["a", "b", "c", "d", "e"].into_iter().zip(all);
        named
            .map(|(name, (priority, pods, now, p95, wanted))| Load {
                name,
                priority,
                pods,
                now: now * 8,
                p95: p95 * 8,
                wanted: wanted * 8,
            })
            .collect()
    })
}

/// Every pod has its node, and no node's pods request more than it has, added
/// up again from the placement.
fn holds(problem: &Problem, joint: &Joint, loads: &[Load]) -> bool {
    let Some(placement) = &joint.placement else { return false };
    let request = |service: &str| {
        let place = loads.iter().position(|load| load.name == service).unwrap();
        joint.sizes[place].1.request.memory.unwrap_or(0)
    };
    let sum = |node: &str| -> u64 {
        let on = |pod: &&Pod| placement[&pod.key()] == node;
        problem.pods.iter().filter(on).map(|pod| request(&pod.service)).sum()
    };
    problem.nodes.iter().all(|node| sum(&node.name) <= node.allocatable.memory_bytes)
}

fn rooms() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(200..900_u64, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_stack_that_fits_still_fits(rooms in rooms(), loads in loads()) {
        let before = stack(&rooms, &loads);
        let joint = together(&before, &loads);
        if placed(&before, &LAST).is_some() {
            prop_assert!(holds(&before, &joint, &loads));
        }
        let mut lacking = 0;
        for (load, (_, size)) in loads.iter().zip(&joint.sizes) {
            let request = size.request.memory.unwrap_or(0);
            lacking += load.wanted * MIB - request;
            prop_assert!(size.limit.memory >= size.request.memory);
            // Nobody falls below both what it had and what it used.
            prop_assert!(request >= load.now.min(load.p95).min(load.wanted) * MIB);
        }
        let told: u64 = joint.short.iter().filter_map(|short| short.by.memory).sum();
        prop_assert_eq!(lacking, told);
    }

    #[test]
    fn a_stack_that_runs_still_runs_when_a_node_was_closed(
        rooms in rooms(),
        loads in loads(),
        closed in 0..6_usize,
    ) {
        let mut before = stack(&rooms, &loads);
        let Some(placement) = placed(&before, &LAST) else { return Ok(()) };
        for pod in &mut before.pods {
            pod.node_name = placement.get(&pod.key()).cloned();
        }
        if let Some(node) = before.nodes.get_mut(closed) {
            node.unschedulable = true;
        }
        prop_assert!(holds(&before, &together(&before, &loads), &loads));
    }
}
