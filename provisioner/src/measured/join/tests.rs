use terrarium_fit::sizing::{Sample, Series};

use super::*;
use crate::measured::{cluster, snapshot};

const NOW: u64 = 1_795_386_400;
const MIB: u64 = 1 << 20;

fn joined(history: &History) -> Joined {
    let cluster = cluster::parse(include_str!("../fixtures/cluster.json")).unwrap();
    let of = |name: &str, json: &str| (name.to_owned(), snapshot::parse(json.as_bytes()).unwrap());
    let snapshots = BTreeMap::from([
        of("pi-1", include_str!("../fixtures/pi-1.json")),
        of("pi-2", include_str!("../fixtures/pi-2.json")),
    ]);
    join(&cluster, &snapshots, history)
}

fn container<'a>(joined: &'a Joined, name: &str) -> &'a sizing::Container {
    joined.containers.iter().find(|container| container.container == name).unwrap()
}

#[test]
fn a_container_has_what_each_of_its_pods_used() {
    let joined = joined(&History::default());
    let kafka = container(&joined, "kafka");
    assert_eq!((kafka.workload.as_str(), kafka.in_pod), ("StatefulSet/kafka", 2));
    let used = &kafka.pods[0];
    assert_eq!((used.pod.as_str(), used.node.as_str()), ("kafka-0", "pi-2"));
    assert_eq!((used.seconds, used.samples), (84_600, 1410));
    let memory = used.memory.unwrap();
    assert_eq!(memory.p50, 1190 * MIB);
    assert!(memory.p50 < memory.p90 && memory.p90 < memory.p95 && memory.p99 < memory.max);
    assert_eq!(used.cpu.unwrap().p50, 400);
    assert_eq!((used.startup_memory, used.throttled), (Some(1210 * MIB), Some(0.125)));
    let redis = &container(&joined, "redis").pods[0];
    assert_eq!(redis.oom, Some(Oom { kills: 2, limit: Some(192 * MIB) }));
    assert_eq!(redis.restarts, 2);
}

#[test]
fn an_agent_tells_of_a_day_however_long_it_runs() {
    let of = |since: u64, samples: u64| {
        let json = format!(r#"{{"since_seconds":{since},"samples":{samples}}}"#);
        serde_json::from_str::<snapshot::History>(&json).unwrap().covers(1_795_386_400.0)
    };
    assert_eq!(of(NOW - 3600, 60), (3600, 60));
    assert_eq!(of(NOW - 280 * 3600, 16_800), (28 * 3600, 1680));
    assert_eq!(of(NOW + 5, 1), (0, 1));
}

#[test]
fn a_pod_nobody_watched_is_there_without_figures() {
    let joined = joined(&History::default());
    let used = &container(&joined, "postgresql").pods[0];
    assert_eq!((used.seconds, used.samples, used.memory), (0, 0, None));
    let pod = joined.pods.iter().find(|pod| pod.pod.name == "postgresql-0").unwrap();
    assert_eq!(pod.memory, None);
}

#[test]
fn a_pod_uses_what_its_containers_do() {
    let joined = joined(&History::default());
    let kafka = joined.pods.iter().find(|pod| pod.pod.name == "kafka-0").unwrap();
    assert_eq!(kafka.memory.unwrap().of.p50, (1190 + 22) * MIB);
    assert_eq!(kafka.cpu.unwrap().last, 410);
    // The worst of both.
    assert_eq!(kafka.pressure.io.map(|(p95, _)| p95), Some(0.45));
    assert_eq!((kafka.restarts, kafka.throttled), (1, Some(0.125)));
}

#[test]
fn a_longer_history_takes_the_place_of_the_agents() {
    let key = |pod: &str, name: &str| ("terrarium".to_owned(), pod.to_owned(), name.to_owned());
    let samples = |value: u64, minutes: u64| -> Vec<Sample> {
        (0..minutes).map(|minute| Sample { at: NOW - minutes * 60 + minute * 60, value }).collect()
    };
    let past = |minutes, killed: Option<u64>| Past {
        series: Series { memory: samples(100 * MIB, minutes), cpu: samples(50, minutes) },
        oom: killed.map(|limit| Oom { kills: 1, limit: Some(limit) }),
    };
    let history = History {
        containers: BTreeMap::from([
            (key("redis-0", "redis"), past(3 * 1440, Some(256 * MIB))),
            (key("kafka-0", "kafka"), past(60, None)),
            // Of the rollout before.
            (key("fastapi-6c5b8d7f4-abcde", "fastapi"), past(2 * 1440, None)),
            (key("fastapi-other-6c5b8d7f4-abcde", "fastapi"), past(9, None)),
        ]),
    };
    let joined = joined(&history);
    let redis = &container(&joined, "redis").pods[0];
    assert_eq!((redis.seconds, redis.samples), (3 * 86_400 - 60, 3 * 1440));
    assert_eq!(redis.memory.unwrap().max, 100 * MIB);
    assert_eq!(redis.series.as_ref().unwrap().memory.len(), 3 * 1440);
    assert_eq!(redis.oom, Some(Oom { kills: 2, limit: Some(256 * MIB) }));
    let kafka = &container(&joined, "kafka").pods[0];
    assert_eq!((kafka.seconds, kafka.series.is_none()), (84_600, true));
    let fastapi = container(&joined, "fastapi");
    let pods: Vec<&str> = fastapi.pods.iter().map(|used| used.pod.as_str()).collect();
    assert_eq!(pods, ["fastapi-7d4b9c6f5-q8w2z", "fastapi-6c5b8d7f4-abcde"]);
}

#[test]
fn only_names_of_chance_are_a_workloads() {
    for (pod, workload, expected) in [
        ("web-7d4b9c6f5-q8w2z", "Deployment/web", true),
        ("web-api-7d4b9c6f5-q8w2z", "Deployment/web", false),
        ("web-0", "Deployment/web", false),
        ("log-q8w2z", "DaemonSet/log", true),
        ("log-0", "StatefulSet/log", false),
    ] {
        assert_eq!(is_pod_of(pod, workload), expected, "{pod} of {workload}");
    }
}
