use super::super::answer::{Answer, Word};
use super::super::judge::tests::judged;

const NODES: usize = 3;

/// So many nodes of 4 GiB.
fn nodes(count: usize) -> String {
    let node = |number| {
        format!(
            "kind: Node\nmetadata: {{name: n{number}, labels: {{kubernetes.io/hostname: \
             n{number}}}}}\nstatus: {{allocatable: {{cpu: 4, memory: 4Gi, pods: 110}}}}\n---\n"
        )
    };
    (1..=count).map(node).collect()
}

/// A workload of `kind` whose containers ask for `ask`, whose pods have `spec` and which
/// has `more` beside its template.
fn workload(kind: &str, more: &str, spec: &str, ask: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  selector: \
         {{matchLabels: {{app: web}}}}\n  {more}\n  template:\n    metadata: {{labels: {{app: \
         web}}}}\n    spec: {{{spec}containers: [{{name: c, image: i, {ask}}}]}}\n---\n"
    )
}

const APART: &str = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                     [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: \
                     web}}}]}}, ";
const SMALL: &str = "resources: {requests: {memory: 64Mi}, limits: {memory: 64Mi}}";
const HALF: &str = "resources: {requests: {memory: 2200Mi}, limits: {memory: 2200Mi}}";
const PORT: &str = "resources: {requests: {memory: 64Mi}, limits: {memory: 64Mi}}, ports: \
                    [{containerPort: 80, hostPort: 80}]";

fn rolling(replicas: u64, surge: &str, unavailable: &str) -> String {
    format!(
        "replicas: {replicas}\n  strategy: {{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: \
         {unavailable}}}}}"
    )
}

fn update(answer: &Answer) -> Option<(&str, &str)> {
    let remark = answer.remarks.iter().find(|remark| remark.about == "update")?;
    Some((remark.what.as_str(), remark.hint.as_deref().unwrap_or_default()))
}

#[test]
fn an_update_waits_for_ever_only_where_no_pod_may_be_missing_and_no_node_takes_one_more() {
    let default = |replicas: u64| format!("replicas: {replicas}");
    for (nodes_, more, spec, ask, why, hint) in [
        // A quarter of three is no pod that may be missing, of four it is one.
        (3, default(3), APART, SMALL, "has a neighbour that excludes it", "`maxUnavailable: 1`"),
        (4, default(4), APART, SMALL, "", ""),
        (3, default(3), "", SMALL, "", ""),
        (3, default(3), "", HALF, "has too little memory left", "2 of 3 stay"),
        (3, default(3), "", PORT, "has a port taken", "`maxUnavailable: 1`"),
        (1, default(1), "", PORT, "has a port taken", "away until"),
        (3, rolling(3, "1", "1"), APART, SMALL, "", ""),
        (3, rolling(3, "0", "1"), APART, SMALL, "", ""),
        (3, rolling(3, "0", "34%"), APART, SMALL, "", ""),
        // Surge is rounded up, what may be missing down; none of both is one missing.
        (3, rolling(3, "1%", "33%"), APART, SMALL, "has a neighbour that", "`maxUnavailable: 1`"),
        (3, rolling(3, "0%", "33%"), APART, SMALL, "", ""),
        (3, rolling(3, "100%", "0"), APART, HALF, "has too little memory left", "`maxUnavailable"),
        (3, format!("{}\n  strategy: {{type: Recreate}}", default(3)), APART, SMALL, "", ""),
    ] {
        let text = workload("Deployment", &more, spec, ask);
        let answer = judged(&nodes(nodes_), &text).unwrap();
        let found = update(&answer);
        let (what, said) = found.unwrap_or_default();
        assert_eq!(found.is_some(), !why.is_empty(), "{more} on {nodes_}: {what}");
        assert!(what.contains(why) && said.contains(hint), "{more}: {what}; {said}");
        let word = if why.is_empty() { Word::Fits } else { Word::Tight };
        assert_eq!(answer.word, word, "{more} on {nodes_}: {:?}", answer.reasons);
    }
}

#[test]
fn pods_that_are_replaced_one_by_one_need_no_room_beside_them() {
    let set = workload("StatefulSet", "replicas: 3", "", HALF);
    let each = workload("DaemonSet", "", "", PORT);
    for text in [set, each] {
        let answer = judged(&nodes(NODES), &text).unwrap();
        assert_eq!((update(&answer), answer.word), (None, Word::Fits), "{:?}", answer.reasons);
    }
}

#[test]
fn a_daemon_set_that_surges_needs_room_beside_each_of_its_pods() {
    let surging = "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
    let small = judged(&nodes(NODES), &workload("DaemonSet", surging, "", SMALL)).unwrap();
    assert_eq!(update(&small), None);
    let half = judged(&nodes(NODES), &workload("DaemonSet", surging, "", HALF)).unwrap();
    let (what, hint) = update(&half).unwrap();
    assert!(what.contains("of its 3 nodes 3 cannot take it beside the old"), "{what}");
    assert!(what.contains("too little memory") && hint.contains("`maxSurge`"), "{what}; {hint}");
}

#[test]
fn a_new_pod_goes_where_the_volume_of_the_old_one_is() {
    let claim = |mode: &str| {
        format!(
            "kind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [{mode}], \
             resources: {{requests: {{storage: 1Gi}}}}}}\n---\n"
        )
    };
    let spec = "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}], ";
    for (mode, more, ask, why) in [
        ("ReadWriteOnce", "replicas: 1", SMALL, ""),
        ("ReadWriteOnce", "replicas: 1", HALF, "2 nodes: each has not its volume"),
        ("ReadWriteMany", "replicas: 1", HALF, ""),
        ("ReadWriteOncePod", "replicas: 1", SMALL, "for one pod at a time"),
        ("ReadWriteOncePod", "strategy: {type: Recreate}", SMALL, ""),
        ("ReadWriteOnce", "strategy: {type: Recreate}", HALF, ""),
    ] {
        let text = format!("{}{}", claim(mode), workload("Deployment", more, spec, ask));
        let answer = judged(&nodes(NODES), &text).unwrap();
        let found = update(&answer);
        assert_eq!(found.is_some(), !why.is_empty(), "{mode} {more}: {found:?}");
        let (what, hint) = found.unwrap_or_default();
        assert!(what.contains(why), "{what}");
        assert!(hint.is_empty() || hint.contains("`strategy: Recreate`"), "{hint}");
    }
}

#[test]
fn deployments_of_one_name_in_two_namespaces_are_two_updates() {
    let text = workload("Deployment", "replicas: 3", APART, SMALL);
    let there = text.replace("{name: web}", "{name: web, namespace: two}");
    let answer = judged(&nodes(NODES), &format!("{text}{there}")).unwrap();
    let updates = answer.remarks.iter().filter(|remark| remark.about == "update").count();
    assert_eq!(updates, 2, "{:?}", answer.remarks);
}
