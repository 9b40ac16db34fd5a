//! Clusters of three boards and workloads for them, from a seed: equal seeds
//! give equal bytes. What is asked for goes from light to just too much.

mod pod;
mod random;

use serde_json::{Value, json};

use random::Random;

/// A case for the scheduler and for us.
pub(crate) struct Case {
    /// `042-load-95-taints`.
    pub name: String,
    /// Nodes and workloads, as `kubectl get -o yaml` would print them.
    pub text: String,
}

const LOADS: [u64; 12] = [30, 45, 60, 70, 75, 80, 85, 90, 95, 99, 102, 105];

/// What may make a case harder than its sums.
const FEATURES: [&str; 12] = [
    "taints",
    "selectors",
    "node-affinity",
    "affinity",
    "anti-affinity",
    "spread",
    "soft-spread",
    "ports",
    "init",
    "requestless",
    "priorities",
    "daemons",
];

/// The case of that number. Every fourth has nothing but resources.
pub(crate) fn case(number: u64) -> Case {
    let mut random = Random::new(number);
    // Each feature, and none, meets each load.
    let load = LOADS[usize::try_from((number + number / 12) % 12).unwrap()];
    let mut features: Vec<&str> = Vec::new();
    if !number.is_multiple_of(4) {
        // Each feature has its turn; others join it by chance.
        features.push(FEATURES[usize::try_from(number / 4 % 12).unwrap()]);
        for feature in FEATURES {
            if !features.contains(&feature) && random.one_in(6) {
                features.push(feature);
            }
        }
    }
    let has = |feature: &str| features.contains(&feature);
    let memory = if random.one_in(2) { 3_100 } else { 6_900 };
    let cpu = 3_600;
    let mut objects: Vec<Value> =
        (1..=3).map(|index| node(index, memory, cpu, has("taints"), &mut random)).collect();

    let wanted = 5 + random.below(56);
    let mut workloads: Vec<(u64, u64, u64)> = Vec::new();
    while workloads.iter().map(|one| one.0).sum::<u64>() < wanted {
        let replicas = if random.one_in(2) { 1 } else { 1 + random.below(4) };
        workloads.push((replicas, 20 + random.below(180), 20 + random.below(180)));
    }
    let whole = |part: fn(&(u64, u64, u64)) -> u64| {
        workloads.iter().map(|one| one.0 * part(one)).sum::<u64>()
    };
    let (all_cpu, all_memory) = (whole(|one| one.1), whole(|one| one.2));
    // Sometimes CPU is the scarcer of the two.
    let (cpu_load, memory_load) = match random.below(3) {
        0 => (load, load),
        1 => (load * 6 / 10, load),
        _ => (load, load * 6 / 10),
    };
    for (index, (replicas, cpu_part, memory_part)) in workloads.iter().enumerate() {
        let milli = (3 * cpu * cpu_load * cpu_part / (100 * all_cpu)).max(1);
        let mebibytes = (3 * memory * memory_load * memory_part / (100 * all_memory)).max(1);
        let size = (milli, mebibytes);
        objects.push(workload(index, *replicas, size, &features, &mut random));
    }
    if has("ports") {
        objects.push(balancer("svclb-web", &[80, 443]));
        if random.one_in(3) {
            objects.push(balancer("svclb-second", &[443]));
        }
    }
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_json::to_string_pretty(&object).unwrap());
        text.push('\n');
    }
    let name = format!("{number:03}-load-{load}-{}", features.join("-"));
    Case { name: name.trim_end_matches('-').to_owned(), text }
}

fn node(index: u64, memory: u64, cpu: u64, tainted: bool, random: &mut Random) -> Value {
    let mut taints = Vec::new();
    if tainted && index == 1 {
        let effect = if random.one_in(2) { "NoSchedule" } else { "PreferNoSchedule" };
        taints.push(json!({"key": "server", "value": "yes", "effect": effect}));
    }
    let resources = |memory: u64, cpu: u64| {
        json!({
            "cpu": format!("{cpu}m"), "memory": format!("{memory}Mi"),
            "ephemeral-storage": "50Gi", "pods": "110",
        })
    };
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": format!("pi-{index}"), "labels": {
            "kubernetes.io/hostname": format!("pi-{index}"),
            "kubernetes.io/arch": "arm64",
            "disk": if index == 2 { "nvme" } else { "sd" },
            "slot": index.to_string(),
            "rack": if index == 3 { "b" } else { "a" },
        }},
        "spec": {"taints": taints},
        "status": {
            "capacity": resources(memory + 700, 4_000),
            "allocatable": resources(memory, cpu),
        },
    })
}

fn workload(
    index: usize,
    replicas: u64,
    size: (u64, u64),
    features: &[&str],
    random: &mut Random,
) -> Value {
    let name = format!("w{index:02}");
    let labels =
        json!({"app": name, "tier": if index.is_multiple_of(2) { "front" } else { "back" }});
    let spec = pod::spec(&name, index, size, features, random);
    let kind = match random.below(10) {
        0 if replicas == 1 => "Pod",
        1 | 2 => "StatefulSet",
        3 if features.contains(&"daemons") => "DaemonSet",
        _ => "Deployment",
    };
    let metadata = json!({"name": name, "namespace": "default", "labels": labels});
    if kind == "Pod" {
        return json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec});
    }
    let mut outer = json!({
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": spec},
    });
    let fields = outer.as_object_mut().unwrap();
    if kind != "DaemonSet" {
        fields.insert("replicas".to_owned(), json!(replicas));
    }
    if kind == "StatefulSet" {
        fields.insert("serviceName".to_owned(), json!(name));
        if random.one_in(2) {
            fields.insert("podManagementPolicy".to_owned(), json!("Parallel"));
        }
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": outer})
}

/// What k3s makes of a `LoadBalancer` Service: its ports, on every node.
fn balancer(name: &str, ports: &[u16]) -> Value {
    let container = |port: &u16| {
        json!({
            "name": format!("lb-{port}"), "image": "klipper-lb:1",
            "ports": [{"containerPort": port, "hostPort": port, "protocol": "TCP"}],
        })
    };
    let containers: Vec<Value> = ports.iter().map(container).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": containers, "tolerations": [{"key": "server", "operator": "Exists"}]},
        }},
    })
}
