//! The pods k3s brings itself, with what they request. They take part in every
//! verdict, and come first.

use crate::manifest::{ManifestError, pods};
use crate::model::{Node, Pod};

/// The service k3s' own pods belong to.
pub const SERVICE: &str = "k3s";

/// Its components: the name `disable` knows them by, and their workloads as
/// far as scheduling goes (k3s-io/k3s, `manifests/`). The spread of `CoreDNS`
/// over nodes is left out: one copy alone always meets it.
const COMPONENTS: [(&str, &str); 5] = [
    (
        "coredns",
        "kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec:
      priorityClassName: system-cluster-critical
      nodeSelector: {kubernetes.io/os: linux}
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      containers:
      - name: coredns
        image: rancher/mirrored-coredns-coredns
        resources: {requests: {cpu: 100m, memory: 70Mi}, limits: {memory: 170Mi}}
",
    ),
    (
        "local-storage",
        "kind: Deployment
metadata: {name: local-path-provisioner, namespace: kube-system}
spec:
  selector: {matchLabels: {app: local-path-provisioner}}
  template:
    metadata: {labels: {app: local-path-provisioner}}
    spec:
      priorityClassName: system-node-critical
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      containers: [{name: local-path-provisioner, image: rancher/local-path-provisioner}]
",
    ),
    (
        "metrics-server",
        "kind: Deployment
metadata: {name: metrics-server, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: metrics-server}}
  template:
    metadata: {labels: {k8s-app: metrics-server}}
    spec:
      priorityClassName: system-node-critical
      nodeSelector: {kubernetes.io/os: linux}
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      containers:
      - name: metrics-server
        image: rancher/mirrored-metrics-server
        resources: {requests: {cpu: 100m, memory: 70Mi}}
",
    ),
    (
        "traefik",
        "kind: Deployment
metadata: {name: traefik, namespace: kube-system}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: traefik}}
  template:
    metadata: {labels: {app.kubernetes.io/name: traefik}}
    spec:
      priorityClassName: system-cluster-critical
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      containers: [{name: traefik, image: rancher/mirrored-library-traefik}]
",
    ),
    (
        "servicelb",
        "kind: DaemonSet
metadata: {name: svclb-traefik, namespace: kube-system}
spec:
  selector: {matchLabels: {app: svclb-traefik}}
  template:
    metadata: {labels: {app: svclb-traefik}}
    spec:
      priorityClassName: system-node-critical
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      containers:
      - {name: lb-tcp-80, image: rancher/klipper-lb, ports: [{containerPort: 80, hostPort: 80}]}
      - {name: lb-tcp-443, image: rancher/klipper-lb, ports: [{containerPort: 443, hostPort: 443}]}
",
    ),
];

/// The pods of k3s on these nodes, without the components that are disabled.
/// `servicelb` serves Traefik's ports, so it goes with it.
///
/// # Errors
/// None but for a fault in this file.
pub fn own(nodes: &[Node], disabled: &[String]) -> Result<Vec<Pod>, ManifestError> {
    let off = |name: &str| disabled.iter().any(|other| other == name);
    let on = |name: &str| !(off(name) || name == "servicelb" && off("traefik"));
    let text: Vec<&str> =
        COMPONENTS.iter().filter(|(name, _)| on(name)).map(|(_, text)| *text).collect();
    let mut pods = pods(&text.join("---\n"), nodes)?.pods;
    for pod in &mut pods {
        SERVICE.clone_into(&mut pod.service);
    }
    Ok(pods)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(disabled: &[&str]) -> Vec<String> {
        let node = |name: &str| Node { name: name.to_owned(), ..Node::default() };
        let disabled: Vec<String> = disabled.iter().map(|name| (*name).to_owned()).collect();
        let pods = own(&[node("a"), node("b")], &disabled).unwrap();
        assert!(pods.iter().all(|pod| pod.service == SERVICE && pod.priority >= 2_000_000_000));
        pods.into_iter().map(|pod| pod.name).collect()
    }

    #[test]
    fn each_component_is_there_unless_it_is_disabled() {
        let all = ["coredns-0", "local-path-provisioner-0", "metrics-server-0", "traefik-0"];
        assert_eq!(keys(&[])[..4], all);
        assert_eq!(keys(&[])[4..], ["svclb-traefik-a", "svclb-traefik-b"]);
        assert_eq!(keys(&["traefik"]), all[..3]);
        assert_eq!(keys(&["metrics-server", "servicelb"]), [all[0], all[1], all[3]]);
    }
}
