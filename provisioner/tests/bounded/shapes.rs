//! Clusters that make work grow: each in another place.

use serde_json::{Value, json};

const HOST: &str = "kubernetes.io/hostname";

/// Nodes and what is to run on them.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) nodes: Vec<Value>,
    pub(crate) objects: Vec<Value>,
}

fn nodes(number: usize, taints: usize) -> Vec<Value> {
    let taints: Vec<Value> = (0..taints)
        .map(|taint| json!({"key": format!("t{taint}"), "value": "x", "effect": "NoSchedule"}))
        .collect();
    let node = |place: usize| {
        let name = format!("n{place}");
        let room = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
        json!({
            "kind": "Node",
            "metadata": {"name": name, "labels": {HOST: name, "zone": format!("z{}", place % 7)}},
            "spec": {"taints": taints},
            "status": {"allocatable": room, "capacity": room},
        })
    };
    (0..number).map(node).collect()
}

/// What a pod is, with more fields than its container.
fn spec(more: &Value, memory: usize) -> Value {
    let requests = json!({"cpu": "10m", "memory": format!("{memory}Mi")});
    let container = json!({"name": "c", "image": "x", "resources": {"requests": requests}});
    let mut spec = json!({"containers": [container]});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

fn deployment(name: &str, namespace: &str, replicas: usize, spec: &Value) -> Value {
    let labels = json!({"app": name});
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    })
}

fn pod(name: &str, labels: &Value, spec: &Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec})
}

/// So many Deployments, each of so many.
fn deployments(number: usize, replicas: usize, more: impl Fn(&str) -> Value) -> Vec<Value> {
    let one = |place: usize| {
        let name = format!("d{place}");
        deployment(&name, "default", replicas, &spec(&more(&name), 16))
    };
    (0..number).map(one).collect()
}

fn plain(_: &str) -> Value {
    json!({})
}

fn apart(app: &str) -> Value {
    let term = json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": HOST});
    json!({"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [term]
    }}})
}

fn port() -> Value {
    json!({"containers": [{
        "name": "c", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }]})
}

fn spread(app: &str, whether: &str) -> Value {
    json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": whether,
        "labelSelector": {"matchLabels": {"app": app}},
    }]})
}

/// Requirements on labels, so many in each of so many terms.
fn selective(terms: usize, requirements: usize) -> Value {
    let one = |key: usize| json!({"key": format!("k{key}"), "operator": "NotIn", "values": ["v"]});
    let expressions: Vec<Value> = (0..requirements).map(one).collect();
    let terms: Vec<Value> = (0..terms).map(|_| json!({"matchExpressions": expressions})).collect();
    json!({"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
    }}})
}

fn attracted(to: usize) -> Value {
    let term = |place: usize| {
        let app = format!("d{place}");
        json!({"weight": place + 1, "podAffinityTerm": {
            "labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "zone"
        }})
    };
    let terms: Vec<Value> = (0..to).map(term).collect();
    json!({"affinity": {"podAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": terms
    }}})
}

fn stateful(replicas: usize) -> Value {
    let claim = json!({
        "metadata": {"name": "v"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}
    });
    let mut set = deployment("s", "default", replicas, &spec(&json!({}), 16));
    set["kind"] = json!("StatefulSet");
    set["spec"]["volumeClaimTemplates"] = json!([claim]);
    set
}

fn important() -> Vec<Value> {
    let mut objects = vec![json!({
        "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000
    })];
    objects.extend(deployments(10, 400, plain));
    let high = spec(&json!({"priorityClassName": "high"}), 64);
    objects.extend((0..10).map(|place| deployment(&format!("h{place}"), "default", 400, &high)));
    objects
}

fn bare(number: usize, more: &Value) -> Vec<Value> {
    let one = |place: usize| {
        let labels = json!({"app": "x", "number": place.to_string()});
        pod(&format!("p{place}"), &labels, &spec(more, 16 + place % 97))
    };
    (0..number).map(one).collect()
}

/// All of them.
pub(crate) fn shapes() -> Vec<Shape> {
    let shape = |name, nodes, objects| Shape { name, nodes, objects };
    let one = |replicas: usize, more: &Value| {
        vec![deployment("web", "default", replicas, &spec(more, 16))]
    };
    let spaces = (0..400).map(|place| {
        let name = format!("d{place}");
        deployment(&name, &format!("space{place}"), 2, &spec(&apart(&name), 16))
    });
    let tolerant: Vec<Value> =
        (0..100).map(|taint| json!({"key": format!("t{taint}"), "operator": "Exists"})).collect();
    let tolerant = json!({"tolerations": tolerant});
    vec![
        shape("140,000 replicas", nodes(2, 0), one(140_000, &json!({}))),
        shape("150,000 replicas of many", nodes(20, 0), deployments(50, 3_000, plain)),
        shape("1,000 with one port", nodes(2, 0), one(1_000, &port())),
        shape("1,000 that exclude each other", nodes(2, 0), one(1_000, &apart("web"))),
        shape("1,000 nodes, 10,000 pods", nodes(1_000, 0), deployments(500, 20, plain)),
        shape(
            "a hard spread over many nodes",
            nodes(300, 0),
            deployments(20, 30, |app| spread(app, "DoNotSchedule")),
        ),
        shape(
            "a soft spread over many nodes",
            nodes(300, 0),
            deployments(50, 100, |app| spread(app, "ScheduleAnyway")),
        ),
        shape("300 bare pods", nodes(3, 0), bare(300, &json!({}))),
        shape("900 bare pods", nodes(20, 0), bare(900, &json!({}))),
        shape("bare pods that exclude each other", nodes(10, 0), bare(300, &apart("x"))),
        shape("deep affinity", nodes(50, 0), one(2_000, &selective(30, 30))),
        shape("many namespaces", nodes(20, 0), spaces.collect()),
        shape("many taints", nodes(100, 100), deployments(10, 20, |_| tolerant.clone())),
        shape("wishes for neighbours", nodes(100, 0), deployments(30, 100, |_| attracted(30))),
        shape("some more important than others", nodes(50, 0), important()),
        shape("an ordered set", nodes(50, 0), vec![stateful(5_000)]),
        shape("almost full", nodes(3, 0), bare(230, &json!({"nodeSelector": {HOST: "n1"}}))),
    ]
}
