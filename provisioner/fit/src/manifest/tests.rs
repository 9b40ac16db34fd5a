use proptest::prelude::*;

use super::*;
use crate::model::Owner;

const NODES: &str = "
apiVersion: v1
kind: List
items:
- kind: Node
  metadata: {name: a, labels: {disk: ssd}}
  status: {allocatable: {cpu: '4', memory: 4Gi, pods: '110'}, capacity: {cpu: 4, memory: 5Gi, pods: 110}}
- kind: Node
  metadata: {name: b}
  spec: {taints: [{key: x, effect: NoSchedule}]}
  status: {capacity: {cpu: 4000m, memory: 8Gi, pods: 110}}
";

fn read(text: &str) -> Vec<Pod> {
    pods(text, &nodes(NODES).unwrap()).unwrap().pods
}

/// A workload of that kind with a container of `resources` and more of a spec.
fn workload(kind: &str, spec: &str, resources: &str) -> String {
    format!(
        "kind: {kind}\nmetadata: {{name: web, namespace: n}}\nspec:\n  {spec}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: c\n        \
         image: i\n        resources: {resources}\n"
    )
}

#[test]
fn nodes_are_read_with_capacity_where_nothing_is_allocatable() {
    let nodes = nodes(NODES).unwrap();
    let memory: Vec<u64> = nodes.iter().map(|node| node.allocatable.memory_bytes >> 30).collect();
    assert_eq!(memory, [4, 8]);
    assert_eq!(nodes[1].allocatable.cpu_milli, 4000);
    assert_eq!(nodes[1].labels["kubernetes.io/hostname"], "b");
    assert_eq!(nodes[1].taints.len(), 1);
}

#[test]
fn each_workload_makes_the_pods_its_controller_would() {
    for (kind, spec, names) in [
        ("Deployment", "replicas: 2", vec!["web-0", "web-1"]),
        ("Deployment", "replicas: 0", vec![]),
        ("StatefulSet", "replicas: 3", vec!["web-0", "web-1", "web-2"]),
        // Node b has a taint.
        ("DaemonSet", "selector: {}", vec!["web-a"]),
        ("Job", "parallelism: 2", vec!["web-0", "web-1"]),
        ("Job", "suspend: true", vec![]),
    ] {
        let found = read(&workload(kind, spec, "{}"));
        let found: Vec<&str> = found.iter().map(|pod| pod.name.as_str()).collect();
        assert_eq!(found, names, "{kind} {spec}");
    }
}

#[test]
fn what_has_a_limit_and_no_request_requests_its_limit() {
    let pods = read(&workload("Deployment", "replicas: 1", "{limits: {memory: 64Mi, cpu: 1}}"));
    assert_eq!(pods[0].requests.memory_bytes, 64 << 20);
    assert_eq!(pods[0].requests.cpu_milli, 1000);
    assert_eq!(pods[0].memory_limit(), Some(64 << 20));
    let pods = read(&workload("Deployment", "replicas: 1", "{requests: {memory: 32Mi}}"));
    assert_eq!((pods[0].requests.memory_bytes, pods[0].memory_limit()), (32 << 20, None));
    assert_eq!(pods[0].scored, (100, 32 << 20));
}

#[test]
fn a_rollout_rounds_up_what_it_adds_and_down_what_it_takes() {
    for (spec, expected) in
        [("replicas: 1", (1, 0)), ("replicas: 5", (2, 1)), ("replicas: 4", (1, 1))]
    {
        let pods = read(&workload("Deployment", spec, "{}"));
        let Owner::Deployment { max_surge, max_unavailable, .. } = &pods[0].owner else {
            panic!("{:?}", pods[0].owner)
        };
        assert_eq!((*max_surge, *max_unavailable), expected, "{spec}");
    }
}

#[test]
fn a_volume_that_is_bound_ties_its_pod_to_the_volumes_node() {
    let text = format!(
        "{}---\nkind: PersistentVolumeClaim\nmetadata: {{name: data-web-0, namespace: n}}\nspec: \
         {{volumeName: v, resources: {{requests: {{storage: 1Gi}}}}}}\n---\nkind: PersistentVolume\n\
         metadata: {{name: v}}\nspec: {{nodeAffinity: {{required: {{nodeSelectorTerms: \
         [{{matchExpressions: [{{key: disk, operator: In, values: [ssd]}}]}}]}}}}}}\n",
        workload(
            "StatefulSet",
            "volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: \
             {storage: 1Gi}}}}]",
            "{}"
        )
    );
    let pods = read(&text);
    assert_eq!(pods[0].claims[0].bytes, 1 << 30);
    assert_eq!(pods[0].claims[0].nodes, Some(vec!["a".to_owned()]));
    let nodes = nodes(NODES).unwrap();
    assert_eq!(crate::filter::refuses(&pods[0], &nodes[0]), None);
}

#[test]
fn an_error_names_the_document_the_object_and_the_field() {
    let good = workload("Deployment", "replicas: 1", "{}");
    for (text, said) in [
        (
            good.replace("resources: {}", "resources: {requests: {memory: 5 GB}}"),
            "document 1, Deployment/web: `spec.template.spec.containers[0].resources.requests.memory`: `5 GB` is no quantity",
        ),
        (
            good.replace("replicas: 1", "replicas: many"),
            "`spec.replicas`: expected a whole number, found \"many\"",
        ),
        (good.replace("replicas: 1", "replicas: 99999999999"), "99999999999 is more than"),
        (
            good.replace("labels: {app: web}", "labels: [app]"),
            "`spec.template.metadata.labels`: expected a mapping, found a list",
        ),
        (format!("{good}---\n{good}"), "Pod n/web-0 is there twice"),
        ("kind: [".to_owned(), "not YAML"),
        ("- a\n".to_owned(), "document 1, the document: `kind`: expected a text, found nothing"),
        (
            "kind: Pod\nmetadata: {name: p}\nspec: {containers: []}".to_owned(),
            "Pod/p: `spec.containers`: expected one container",
        ),
    ] {
        let error = pods(&text, &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_makes_no_pods_is_counted_and_what_a_controller_made_is_not_made_twice() {
    let text = format!(
        "{}---\nkind: ConfigMap\nmetadata: {{name: m}}\n---\nkind: ReplicaSet\nmetadata: {{name: \
         web-1, namespace: n, ownerReferences: [{{kind: Deployment, name: web}}]}}\n",
        workload("Deployment", "replicas: 1", "{}")
    );
    let found = pods(&text, &[]).unwrap();
    assert_eq!(found.pods.len(), 1);
    assert_eq!(found.ignored.into_iter().collect::<Vec<_>>(), [("ConfigMap".to_owned(), 1)]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z{}\\[\\]:,'\" \n-]{0,200}") {
        let _ = (nodes(&text), pods(&text, &[]));
    }

    #[test]
    fn any_value_in_any_field_is_read_or_refused(
        field in 0_usize..5, value in "(-?[0-9]{1,20}|[a-z]{0,5}|\\{\\}|\\[1\\]|~|true)"
    ) {
        let good = workload("StatefulSet", "replicas: 1", "{requests: {memory: 1Mi}}");
        let field = ["replicas: 1", "memory: 1Mi", "name: c", "app: web", "image: i"][field];
        let key = field.split(": ").next().unwrap();
        let text = good.replace(field, &format!("{key}: {value}"));
        let _ = pods(&text, &nodes(NODES).unwrap());
    }
}

#[test]
fn what_would_not_be_seen_is_no_name_and_few_lines_are_not_a_million_values() {
    let resource = NODES.replace("capacity: {cpu: 4,", "capacity: {\"x\\e[2Jy\": 1, cpu: 4,");
    let label = NODES.replace("disk: ssd", "disk: \"\\u202essd\"");
    let name = NODES.replace("name: b", "name: \"b\\r\"");
    let laughs = (1..6).fold("a0: &a0 [1]\n".to_owned(), |text, level| {
        let before = format!("*a{},", level - 1).repeat(10);
        format!("{text}a{level}: &a{level} [{before}]\n")
    });
    for (text, expected) in [
        (resource, "Node/a: `status.capacity`: expected a line of visible characters"),
        (label, "Node/a: `metadata.labels.disk`: expected a line of visible characters"),
        (name, "Node: `metadata.name`: expected a line of visible characters"),
        (laughs, "not YAML: "),
    ] {
        let error = nodes(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
