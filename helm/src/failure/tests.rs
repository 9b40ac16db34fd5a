use serde_json::{Value, json};

use super::*;

/// A pod of release redis with one container in this status.
fn pod(status: &Value) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "redis-0", "namespace": "terrarium", "labels": {"app.kubernetes.io/instance": "redis"}},
        "spec": {
            "containers": [{"name": "redis", "image": "redis:8", "resources": {"limits": {"memory": "192Mi"}}}],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-redis-0"}},
                {"name": "config", "configMap": {"name": "redis"}}
            ]
        },
        "status": status
    })
}

fn container(fields: Value) -> Value {
    let mut status = json!({
        "name": "redis", "image": "redis:8", "ready": false, "restartCount": 0, "state": {}, "lastState": {}
    });
    if let (Value::Object(status), Value::Object(fields)) = (&mut status, fields) {
        status.extend(fields);
    }
    pod(&json!({"phase": "Running", "containerStatuses": [status]}))
}

fn event(kind: &str, about: &str, reason: &str, message: &str, time: &str) -> Value {
    json!({
        "kind": "Event", "metadata": {"name": format!("e.{time}"), "creationTimestamp": "2026-11-22T10:00:00Z"},
        "type": "Warning", "reason": reason, "message": message, "lastTimestamp": time,
        "involvedObject": {"kind": kind, "name": about}
    })
}

fn claim(phase: &str) -> Value {
    json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data-redis-0"}, "status": {"phase": phase}})
}

fn told(items: &[Value]) -> Option<Finding> {
    let list = json!({"kind": "List", "apiVersion": "v1", "items": items});
    explain("redis", &list.to_string()).expect("a list")
}

/// Reason, event and log of the finding, one per line.
fn shown(items: &[Value]) -> String {
    let Some(Finding { failure, logs }) = told(items) else { return "ready".to_owned() };
    let event = failure.event.as_deref().unwrap_or("-");
    let logs = logs.map_or("-".to_owned(), |l| {
        format!("{}/{}{}", l.pod, l.container, if l.previous { " previous" } else { "" })
    });
    format!("{failure}\nevent: {event}\nlogs: {logs}\nhint: {}", failure.hint)
}

#[test]
fn an_image_that_cannot_be_pulled() {
    let pod = container(
        json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"redis:8\""}}}),
    );
    insta::assert_snapshot!(shown(&[
        event("Pod", "redis-0", "Failed", "Error: ImagePullBackOff", "2026-11-22T10:00:09Z"),
        event(
            "Pod",
            "redis-0",
            "Failed",
            "Failed to pull image \"redis:8\": failed to resolve reference \"docker.io/library/redis:8\": not found",
            "2026-11-22T10:00:01Z"
        ),
        pod,
    ]));
}

#[test]
fn a_container_that_ends_again_and_again() {
    let pod = container(json!({
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container"}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}
    }));
    insta::assert_snapshot!(shown(&[pod]));
}

#[test]
fn a_container_out_of_memory() {
    let pod = container(json!({
        "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    }));
    insta::assert_snapshot!(shown(&[pod]));
}

#[test]
fn a_pod_no_node_takes() {
    let message =
        "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available.";
    let pod = pod(&json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    ]}));
    let event = event("Pod", "redis-0", "FailedScheduling", message, "2026-11-22T10:00:01Z");
    insta::assert_snapshot!(shown(&[pod, event, claim("Pending")]));
}

#[test]
fn a_node_s_own_taint_names_what_to_do() {
    for (taint, expected) in [
        ("node.kubernetes.io/disk-pressure: ", "disk is nearly full"),
        ("node.kubernetes.io/memory-pressure: ", "short of memory"),
        ("node.kubernetes.io/unreachable: ", "down or cut off"),
        ("example.org/mine: ", "lower its requests"),
    ] {
        let message =
            format!("0/3 nodes are available: 3 node(s) had untolerated taint {{{taint}}}.");
        let pod = pod(&json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
             "message": message}
        ]}));
        let told = shown(&[pod, claim("Bound")]);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_volume_nobody_serves() {
    let pod = pod(&json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
         "message": "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."}
    ]}));
    let event = event(
        "PersistentVolumeClaim",
        "data-redis-0",
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        "2026-11-22T10:00:01Z",
    );
    insta::assert_snapshot!(shown(&[pod, event, claim("Pending")]));
}

#[test]
fn a_probe_that_fails() {
    let running = container(json!({"state": {"running": {"startedAt": "2026-11-22T10:00:00Z"}}}));
    let unhealthy = event(
        "Pod",
        "redis-0",
        "Unhealthy",
        "Startup probe failed: exit status 1",
        "2026-11-22T10:00:05Z",
    );
    insta::assert_snapshot!(shown(&[running, unhealthy.clone()]));
    // Killed by its liveness probe, it looks like a crash by signal.
    let killed = container(json!({
        "restartCount": 2, "state": {"running": {}}, "lastState": {"terminated": {"reason": "Error", "exitCode": 137}}
    }));
    assert!(shown(&[killed.clone(), unhealthy]).contains("runs but does not answer"));
    assert!(shown(&[killed]).contains("ended with exit code 137"));
}

#[test]
fn a_container_that_cannot_be_created() {
    let pod = container(
        json!({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"redis\" not found"}}}),
    );
    insta::assert_snapshot!(shown(&[pod]));
}

#[test]
fn a_pod_that_was_never_made() {
    let message = "create Pod redis-0 in StatefulSet redis failed error: pods \"redis-0\" is forbidden: \
                   no PriorityClass with name terrarium-store was found";
    let refused = event("StatefulSet", "redis", "FailedCreate", message, "2026-11-22T10:00:01Z");
    insta::assert_snapshot!(shown(&[refused]));
    assert_eq!(told(&[]).expect("a finding").failure.reason, "it has no pod yet");
}

#[test]
fn an_image_that_is_never_pulled_is_brought_by_the_next_run() {
    let image = "terrarium.invalid/source:0.1.0-01234567";
    let message = format!("Container image \"{image}\" is not present with pull policy of Never");
    let waiting = json!({"image": image, "state": {"waiting": {
        "reason": "ErrImageNeverPull", "message": message}}});
    let failure = told(&[container(waiting)]).expect("a finding").failure;
    assert_eq!(
        failure.reason,
        "image terrarium.invalid/source:0.1.0-01234567 is not on the pod's node, and no registry has it"
    );
    assert_eq!(failure.hint, "run provision again: it brings the image to every node");
}

#[test]
fn what_is_ready_or_another_release_is_no_cause() {
    let ready = container(json!({"ready": true, "restartCount": 3, "state": {"running": {}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}));
    assert_eq!(shown(std::slice::from_ref(&ready)), "ready");
    let mut other = container(json!({"state": {"waiting": {"reason": "ErrImagePull"}}}));
    other["metadata"]["labels"]["app.kubernetes.io/instance"] = json!("kafka");
    assert_eq!(shown(&[ready.clone(), other]), "ready");
    assert_eq!(shown(&[ready, json!({"kind": "Node", "metadata": {"name": "pi-1"}})]), "ready");
    assert_eq!(shown(&[pod(&json!({"phase": "Succeeded"}))]), "ready");
    let starting = container(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
    assert!(shown(&[starting]).contains("still starting"));
}

#[test]
fn of_several_pods_the_telling_one_is_told() {
    let starting = container(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
    let mut bad =
        container(json!({"state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}));
    bad["metadata"]["name"] = json!("redis-1");
    for items in [[starting.clone(), bad.clone()], [bad, starting]] {
        assert_eq!(told(&items).expect("a finding").failure.pod.as_deref(), Some("redis-1"));
    }
}

#[test]
fn the_telling_line_is_the_last_that_complains() {
    for (log, expected) in [
        ("", None),
        ("\n \n", None),
        ("one\ntwo\n", Some("two")),
        ("Reading\nFATAL: bad password\nbye\n", Some("FATAL: bad password")),
    ] {
        assert_eq!(telling_line(log).as_deref(), expected, "{log:?}");
    }
    let long = telling_line(&"é".repeat(900)).expect("a line");
    assert_eq!(long.chars().count(), 300);
    assert!(long.ends_with('…'));
}

#[test]
fn another_answer_is_an_error() {
    assert!(explain("redis", "error: no server").is_err());
    assert!(explain("redis", "{\"items\": [{\"kind\": \"Pod\"}]}").is_err());
}
