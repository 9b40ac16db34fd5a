use super::super::{File, Taken, nodes, pods_beside};
use crate::model::Node;

fn cluster() -> Vec<Node> {
    let node = |name: &str| {
        format!(
            "kind: Node\nmetadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}}}}}\n\
             status: {{allocatable: {{cpu: '4', memory: 4Gi, pods: '110'}}}}\n"
        )
    };
    nodes(&["a", "b"].map(node).join("---\n")).unwrap()
}

/// A set of pods with a claim each.
fn set(name: &str, replicas: u32, class: &str, size: &str) -> String {
    format!(
        "kind: StatefulSet\napiVersion: apps/v1\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         template: {{spec: {{containers: [{{name: c, image: i}}]}}}}\n  volumeClaimTemplates:\n  - metadata: {{name: data}}\n    \
         spec: {{{class} accessModes: [ReadWriteOnce], resources: {{requests: {{storage: {size}}}}}}}\n"
    )
}

fn volume(name: &str, size: &str, class: &str, node: &str, more: &str) -> String {
    format!(
        "kind: PersistentVolume\napiVersion: v1\nmetadata: {{name: {name}}}\nspec: {{storageClassName: '{class}', \
         accessModes: [ReadWriteOnce], capacity: {{storage: {size}}}, {more} nodeAffinity: {{required: {{nodeSelectorTerms: \
         [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{node}]}}]}}]}}}}}}\n"
    )
}

fn class(name: &str, made: &str, usual: bool, provisioner: &str) -> String {
    format!(
        "kind: StorageClass\napiVersion: storage.k8s.io/v1\nmetadata: {{name: {name}, creationTimestamp: '{made}', \
         annotations: {{storageclass.kubernetes.io/is-default-class: '{usual}'}}}}\nprovisioner: {provisioner}\n"
    )
}

const BY_HAND: &str = "kubernetes.io/no-provisioner";

/// The nodes of each pod's claim, in words; `-` for any.
fn places(texts: &[String], taken: &mut Taken) -> Vec<String> {
    let text = texts.join("---\n");
    let found = pods_beside(&[File { name: "", text: &text }], &cluster(), taken).unwrap();
    let words =
        |nodes: &Option<Vec<String>>| nodes.as_ref().map_or("-".to_owned(), |n| n.join(" "));
    found.pods.iter().map(|pod| words(&pod.claims[0].nodes)).collect()
}

#[test]
fn a_claim_without_a_class_is_of_the_newest_of_the_usual_ones() {
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let hand = volume("v", "5Gi", "hand", "b", "");
    for (classes, expected) in [
        ([class("hand", new, true, BY_HAND), class("local", old, false, "local")], ["b", ""]),
        ([class("hand", new, true, BY_HAND), class("local", old, true, "local")], ["b", ""]),
        ([class("hand", old, true, BY_HAND), class("local", new, true, "local")], ["-", "-"]),
        ([class("hand", new, false, BY_HAND), class("local", old, true, "local")], ["-", "-"]),
        ([class("hand", new, false, BY_HAND), class("local", old, false, "local")], ["-", "-"]),
    ] {
        let texts = [&classes[..], &[hand.clone(), set("web", 2, "", "1Gi")]].concat();
        assert_eq!(places(&texts, &mut Taken::default()), expected, "{classes:?}");
    }
}

#[test]
fn a_volume_kept_for_a_pods_claim_is_the_pods_whatever_its_class_does() {
    let kept =
        volume("v", "5Gi", "local", "a", "claimRef: {namespace: default, name: data-web-1},");
    let texts = [kept, set("web", 3, "storageClassName: local,", "5Gi")];
    assert_eq!(places(&texts, &mut Taken::default()), ["-", "a", "-"]);
}

#[test]
fn as_many_claims_get_a_volume_as_there_are_of_their_size() {
    let by_hand = |volumes: &[(&str, &str)]| -> Vec<String> {
        let volumes = volumes.iter().enumerate();
        let one = |(index, (size, node)): (usize, &(&str, &str))| {
            volume(&format!("v{index}"), size, "hand", node, "")
        };
        volumes.map(one).chain([class("hand", "", false, BY_HAND)]).collect()
    };
    let wants = |size: &str, name: &str| set(name, 1, "storageClassName: hand,", size);
    let two = by_hand(&[("10Gi", "a"), ("90Gi", "b")]);
    for (sizes, expected) in [
        // The small one leaves the large volume to whoever needs it.
        (&["5Gi", "50Gi"][..], &["a b", "b"][..]),
        (&["50Gi", "5Gi"], &["b", "a b"]),
        (&["50Gi", "60Gi"], &["b", ""]),
        (&["5Gi", "5Gi", "5Gi"], &["a b", "a b", ""]),
    ] {
        let sets = sizes.iter().enumerate().map(|(index, size)| wants(size, &format!("s{index}")));
        let texts: Vec<String> = two.iter().cloned().chain(sets).collect();
        assert_eq!(places(&texts, &mut Taken::default()), expected, "{sizes:?}");
        // Read one after the other, they are no more volumes.
        let mut taken = Taken::default();
        for (index, (size, expected)) in sizes.iter().zip(expected).enumerate() {
            let one = [&two[..], &[wants(size, &format!("s{index}"))]].concat();
            assert_eq!(places(&one, &mut taken), [*expected], "{sizes:?}");
            assert_eq!(places(&one, &mut taken), [*expected], "the same claim again");
        }
    }
}
