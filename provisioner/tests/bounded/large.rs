//! Large clusters with an easy answer: nodes in zones, and pods of some sizes.

use serde_json::{Value, json};

/// Nodes of 4 cores and 8 GiB, by name and in ten zones.
pub(crate) fn nodes(count: u64) -> Vec<Value> {
    let node = |number: u64| {
        let (name, zone) = (format!("node-{number:04}"), format!("zone-{}", number % 10));
        let amounts = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone,
            }},
            "status": {"capacity": amounts, "allocatable": amounts},
        })
    };
    (0..count).map(node).collect()
}

/// So many sizes, in thousandths of a core and MiB, whose pods take so much of what
/// `nodes` have in all, in per cent.
pub(crate) fn sizes(sizes: u64, pods: u64, nodes: u64, load: u64) -> Vec<(u64, u64)> {
    // Between half and one and a half times the mean, the one of memory against that of
    // processors, so that none is a multiple of another.
    let part = |number: u64, step: u64| 50 + 100 * (number * step % sizes) / (sizes - 1).max(1);
    let (cpu, memory) = (40 * nodes * load / pods, 8192 * nodes * load / 100 / pods);
    (0..sizes)
        .map(|number| (cpu * part(number, 7) / 100, memory * part(number, 11) / 100))
        .collect()
}

fn spec((cpu, memory): (u64, u64)) -> Value {
    let requests = json!({"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")});
    json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": requests}}]})
}

/// Pods that nobody made, each of the next size.
pub(crate) fn bare(pods: u64, sizes: &[(u64, u64)]) -> Vec<Value> {
    (0..pods)
        .zip(sizes.iter().cycle())
        .map(|(number, &size)| {
            let name = format!("pod-{number:05}");
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "labels": {"app": name}}, "spec": spec(size),
            })
        })
        .collect()
}

/// The same pods as Deployments of so many replicas.
pub(crate) fn deployments(count: u64, replicas: u64, sizes: &[(u64, u64)]) -> Vec<Value> {
    (0..count)
        .zip(sizes.iter().cycle())
        .map(|(number, &size)| {
            let name = format!("app-{number:04}");
            let labels = json!({"app": name});
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
                "spec": {
                    "replicas": replicas, "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": spec(size)},
                },
            })
        })
        .collect()
}
