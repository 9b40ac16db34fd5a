use super::*;

fn cluster() -> Cluster {
    parse(include_str!("../fixtures/cluster.json")).unwrap()
}

fn pod<'a>(cluster: &'a Cluster, name: &str) -> &'a Pod {
    cluster.pods.iter().find(|pod| pod.name == name).unwrap()
}

#[test]
fn pods_know_their_service_and_what_made_them() {
    let cluster = cluster();
    for (name, service, workload) in [
        ("coredns-5688667fd4-x7k2p", "k3s", "Deployment/coredns"),
        ("redis-0", "redis", "StatefulSet/redis"),
        ("fastapi-7d4b9c6f5-q8w2z", "fastapi", "Deployment/fastapi"),
    ] {
        let pod = pod(&cluster, name);
        assert_eq!((pod.service.as_str(), pod.workload.as_str()), (service, workload));
    }
}

#[test]
fn what_the_scheduler_sees_has_the_same_services_and_workloads() {
    let cluster = cluster();
    assert_eq!(cluster.problem.nodes.len(), 3);
    assert_eq!(cluster.problem.pods.len(), cluster.pods.len());
    for pod in &cluster.pods {
        let found = cluster.problem.pods.iter().find(|found| found.key() == pod.key()).unwrap();
        assert_eq!(found.service, pod.service);
        assert_eq!(terrarium_fit::sizing::workload(found), pod.workload);
    }
}

#[test]
fn pods_that_ended_are_left_out_and_those_put_out_are_told() {
    let cluster = cluster();
    assert!(!cluster.pods.iter().any(|pod| pod.once || pod.name == "redis-1"));
    let evicted =
        [("terrarium/redis-1".to_owned(), "The node was low on resource: memory.".to_owned())];
    assert_eq!(cluster.evicted, evicted);
    let waiting = pod(&cluster, "grafana-0").unscheduled.as_deref().unwrap();
    assert!(waiting.contains("Insufficient memory"), "{waiting}");
}

#[test]
fn restarts_and_kills_are_counted_by_container() {
    let cluster = cluster();
    let redis = &pod(&cluster, "redis-0").containers[0];
    assert_eq!((redis.restarts, redis.oom_killed), (2, true));
    let kafka = &pod(&cluster, "kafka-0").containers;
    assert_eq!((kafka[0].restarts, kafka[0].oom_killed), (1, false));
    assert_eq!(kafka[0].limit, Resource { cpu: Some(1000), memory: Some(1280 << 20) });
    assert_eq!(kafka[1].limit, Resource::default());
}

#[test]
fn what_is_not_as_kubernetes_has_it_is_named() {
    for (json, part) in [
        ("[]", "no list"),
        (r#"{"items":[{"kind":"Pod","metadata":{"name":"a"}}]}"#, "Pod a"),
        (
            r#"{"items":[{"kind":"Node","metadata":{"name":"n"},"status":{"capacity":{"memory":"x"}}}]}"#,
            "Node n",
        ),
    ] {
        let error = parse(json).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
