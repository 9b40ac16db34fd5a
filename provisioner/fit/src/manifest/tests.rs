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
            "the document at line 1, Deployment/web: `spec.template.spec.containers[0].resources.requests.memory`: `5 GB` is no quantity",
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
        ("kind: [".to_owned(), "line "),
        (
            "- a\n".to_owned(),
            "the document at line 1, the document: `kind`: expected a text, found nothing",
        ),
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
    assert_eq!((found.objects, found.unjudged.len()), (3, 0));
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
        (laughs, "it repeats itself by aliases"),
    ] {
        let error = nodes(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// What was not judged of a text, as `why what: count`.
fn unjudged(text: &str) -> Vec<String> {
    let found = pods(text, &nodes(NODES).unwrap()).unwrap();
    let told = |((why, what), count): ((Why, String), usize)| format!("{why:?} {what}: {count}");
    found.unjudged.into_iter().map(told).collect()
}

#[test]
fn what_may_make_a_difference_and_is_not_read_is_named() {
    let pod = |more: &str| {
        format!(
            "kind: Pod\nmetadata: {{name: p}}\nspec: {{{more}, containers: [{{name: c, image: i}}]}}\n"
        )
    };
    for (text, told) in [
        (
            "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: k}\n".to_owned(),
            "MakesPods Kafka (kafka.strimzi.io): 1",
        ),
        (
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\n".to_owned(),
            "MakesPods Service (serving.knative.dev): 1",
        ),
        (
            "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: l}\n".to_owned(),
            "ChangesPods ResourceClaim: 1",
        ),
        (pod("nodeName: gone"), "Elsewhere pod of Pod/p: 1"),
        (pod("schedulingGates: [{name: g}]"), "Gated pod of Pod/p: 1"),
        (pod("runtimeClassName: gone"), "NoRuntime class of runtimes gone: 1"),
        (pod("schedulerName: other"), "OtherScheduler pod of Pod/p: 1"),
        (pod("priorityClassName: gone"), "NoClass priority class gone: 1"),
    ] {
        assert_eq!(unjudged(&text), [told], "{text}");
    }
    for text in [
        "apiVersion: v1\nkind: ConfigMapList\n".to_owned(),
        "kind: Secret\nmetadata: {name: s}\n".to_owned(),
        pod("nodeName: a"),
        pod("schedulerName: default-scheduler"),
        pod("priorityClassName: system-node-critical"),
        format!(
            "{}---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: \
             high}}\nvalue: 1e+06\n",
            pod("priorityClassName: high")
        ),
    ] {
        assert_eq!(unjudged(&text), [""; 0], "{text}");
    }
}

#[test]
fn a_replication_controller_makes_pods_and_its_selector_is_plain() {
    let text = workload("ReplicationController", "replicas: 2\n  selector: {app: web}", "{}");
    let found = read(&text);
    assert_eq!(found.len(), 2);
    assert!(selects_web(&found[0]), "{:?}", found[0].copies);
}

fn selects_web(pod: &Pod) -> bool {
    crate::model::selects(&pod.copies, &pod.labels)
}

#[test]
fn numbers_and_words_are_taken_as_kubernetes_takes_them() {
    for (spec, pods) in [("replicas: 2.0", 2), ("replicas: 1e0", 1)] {
        assert_eq!(read(&workload("Deployment", spec, "{}")).len(), pods, "{spec}");
    }
    let suspended = workload("Job", "suspend: yes", "{}");
    assert_eq!(read(&suspended).len(), 0);
    let empty = read(&workload("Deployment", "replicas: 1", "{requests: {cpu: , memory: 1Mi}}"));
    assert_eq!((empty[0].requests.cpu_milli, empty[0].requests.memory_bytes), (0, 1 << 20));
}

#[test]
fn what_is_to_be_named_by_the_api_gets_names_of_its_own() {
    let one =
        "kind: Pod\nmetadata: {generateName: web-}\nspec: {containers: [{name: c, image: i}]}\n";
    let found = read(&format!("{one}---\n{one}"));
    let names: Vec<&str> = found.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(names, ["web-1", "web-2"]);
}

#[test]
fn a_message_names_the_file_and_the_line_of_its_document() {
    let good = workload("Deployment", "replicas: 1", "{}");
    let bad = format!("# c\n---\n{}", workload("Deployment", "replicas: many", "{}"));
    let files = [File { name: "a.yaml", text: &good }, File { name: "b.yaml", text: &bad }];
    let error = pods_of(&files, &nodes(NODES).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("b.yaml, the document at line 2, Deployment/web"), "{error}");
    let twice = [files[0], File { name: "c.yaml", text: &good }];
    let error = pods_of(&twice, &nodes(NODES).unwrap()).unwrap_err().to_string();
    assert!(error.contains("a.yaml") && error.contains("c.yaml"), "{error}");
}

#[test]
fn a_node_written_by_hand_needs_one_of_the_two_lists_and_no_number_of_pods() {
    let node = |status: &str| format!("kind: Node\nmetadata: {{name: a}}\nstatus: {{{status}}}\n");
    for status in ["allocatable: {cpu: 4, memory: 4Gi}", "capacity: {cpu: 4, memory: 4Gi}"] {
        let read = nodes(&node(status)).unwrap();
        let both = [&read[0].allocatable, &read[0].capacity];
        assert!(both.iter().all(|r| (r.memory_bytes >> 30, r.pods) == (4, 110)), "{status}");
    }
}

/// A claim `data` of these modes and class, a pod that uses it, and more objects.
fn claimed(modes: &str, class: &str, more: &str) -> Manifests {
    let text = format!(
        "kind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [{modes}], \
         {class} resources: {{requests: {{storage: 5Gi}}}}}}\n---\nkind: Pod\nmetadata: {{name: \
         p}}\nspec: {{containers: [{{name: c, image: i}}], volumes: [{{name: v, \
         persistentVolumeClaim: {{claimName: data}}}}]}}\n---\n{more}"
    );
    pods(&text, &nodes(NODES).unwrap()).unwrap()
}

/// A volume of that name, size and class, on node `a` or reached from everywhere.
fn volume(name: &str, size: &str, class: &str, local: bool, more: &str) -> String {
    let on = "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: \
              kubernetes.io/hostname, operator: In, values: [a]}]}]}},";
    format!(
        "kind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{capacity: {{storage: \
         {size}}}, accessModes: [ReadWriteOnce, ReadWriteMany], storageClassName: '{class}', {} \
         {more}}}\n---\n",
        if local { on } else { "" }
    )
}

#[test]
fn a_claim_is_where_its_volume_is() {
    let by_hand = "kind: StorageClass\nmetadata: {name: hand}\nprovisioner: \
                   kubernetes.io/no-provisioner\n---\n";
    let kept = "claimRef: {namespace: default, name: data}";
    let other = "claimRef: {namespace: default, name: other}";
    let hand = |volumes: &str| format!("{by_hand}{volumes}");
    for (modes, class, more, nodes, anywhere) in [
        // A class that provisions, or the cluster's default one.
        ("ReadWriteOnce", "", String::new(), None, false),
        ("ReadWriteMany", "storageClassName: nfs,", String::new(), None, true),
        ("ReadOnlyMany", "", String::new(), None, true),
        // Kept for it by name, here or everywhere.
        ("ReadWriteOnce", "", volume("v", "5Gi", "", true, kept), Some(vec!["a"]), false),
        ("ReadWriteMany", "", volume("v", "5Gi", "", false, kept), Some(vec!["a", "b"]), false),
        // Found by class and size.
        (
            "ReadWriteOnce",
            "storageClassName: '',",
            volume("v", "9Gi", "", true, ""),
            Some(vec!["a"]),
            false,
        ),
        (
            "ReadWriteOnce",
            "storageClassName: hand,",
            hand(&volume("v", "5Gi", "hand", true, "")),
            Some(vec!["a"]),
            false,
        ),
        // Too small, kept for another, of another class, none: it waits for ever.
        (
            "ReadWriteOnce",
            "storageClassName: '',",
            volume("v", "4Gi", "", true, ""),
            Some(vec![]),
            false,
        ),
        (
            "ReadWriteOnce",
            "storageClassName: '',",
            volume("v", "5Gi", "", true, other),
            Some(vec![]),
            false,
        ),
        (
            "ReadWriteOnce",
            "storageClassName: hand,",
            hand(&volume("v", "5Gi", "x", true, "")),
            Some(vec![]),
            false,
        ),
        ("ReadWriteOnce", "storageClassName: hand,", hand(""), Some(vec![]), false),
    ] {
        let found = claimed(modes, class, &more);
        let claim = &found.pods[0].claims[0];
        let on = claim.nodes.as_ref().map(|nodes| nodes.iter().map(String::as_str).collect());
        assert_eq!((on, claim.anywhere), (nodes, anywhere), "{modes} {class} {more}");
        assert!(found.unjudged.is_empty());
    }
}

#[test]
fn one_volume_serves_one_claim() {
    let second = "kind: PersistentVolumeClaim\nmetadata: {name: more}\nspec: {accessModes: \
                  [ReadWriteOnce], storageClassName: '', resources: {requests: {storage: 1Gi}}}\n\
                  ---\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: c, image: i}], \
                  volumes: [{name: v, persistentVolumeClaim: {claimName: more}}]}\n";
    let one = format!("{}{second}", volume("v", "9Gi", "", true, ""));
    let found = claimed("ReadWriteOnce", "storageClassName: '',", &one);
    let nodes: Vec<usize> =
        found.pods.iter().map(|pod| pod.claims[0].nodes.as_ref().unwrap().len()).collect();
    assert_eq!(nodes, [1, 0]);
}

#[test]
fn a_claim_that_is_not_there_is_named() {
    let text = "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}], volumes: \
                [{name: v, persistentVolumeClaim: {claimName: gone}}]}\n";
    assert_eq!(unjudged(text), ["NoClaim claim default/gone: 1"]);
}

#[test]
fn what_several_pods_share_takes_its_room_once_and_what_is_elsewhere_none() {
    let web = "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3, template: {spec: \
               {containers: [{name: c, image: i}], volumes: [{name: v, persistentVolumeClaim: \
               {claimName: data}}]}}}\n";
    let shared = claimed("ReadWriteOnce", "", web);
    assert_eq!(crate::model::bytes(shared.pods.iter()) >> 30, 5);
    let network = claimed("ReadWriteMany", "", web);
    assert_eq!(crate::model::bytes(network.pods.iter()), 0);
}
