//! The profile `core`: it comes up, its edges carry records, and what was
//! acknowledged outlives its pods and its nodes.

use std::time::Duration;

use serde_json::Value;

use crate::world::{NODES, World, changed, ended_with, succeeded, wait_for};

/// The edges whose two ends run in a lab.
const PROVEN: [u64; 9] = [1, 2, 3, 4, 5, 7, 11, 27, 28];

/// How long all of it may take to be well again, whatever was done to it.
const WELL_AGAIN: Duration = Duration::from_mins(8);

pub(crate) fn deploys(world: &mut World) {
    world.core();
    let pods = world.kubectl_json("get pods -n terrarium");
    for pod in pods["items"].as_array().unwrap() {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let phase = pod["status"]["phase"].as_str().unwrap();
        let ready = pod["status"]["conditions"].as_array().unwrap();
        let ready = ready.iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
        assert!(ready || phase == "Succeeded", "{name} is {phase} and not ready");
    }
    let output = verify(world);
    succeeded(&output);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stores: Vec<(&str, &str)> = found["stores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|store| (store["service"].as_str().unwrap(), store["state"].as_str().unwrap()))
        .collect();
    // What stands in for MongoDB has no client.
    let expected = [
        ("kafka", "proven"),
        ("mongodb", "not-tried"),
        ("postgresql", "proven"),
        ("redis", "proven"),
    ];
    assert_eq!(stores, expected);
    let edges = found["edges"].as_array().unwrap();
    let of = |state: &str| -> Vec<u64> {
        let of = edges.iter().filter(|edge| edge["state"] == state);
        of.map(|edge| edge["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(of("proven"), PROVEN);
    assert_eq!(edges.len(), 28, "all of the diagram is listed");
    assert_eq!(of("not-deployed").len(), 28 - PROVEN.len());
    for edge in edges {
        assert!(edge["left"].is_null(), "{edge}");
    }
    eprintln!("{}", String::from_utf8_lossy(&world.provision(&["verify", "1"]).stdout));
    exported(world);
    reported(world);
    succeeded(&world.provision(&["plan", "--exit-code"]));
}

/// The image that no registry has: taken away on one node and no longer kept from
/// being cleared on another, it is brought and kept again.
pub(crate) fn image_taken_away(world: &mut World) {
    world.core();
    let own = "terrarium.invalid/source";
    let name = world.sh("pi-2", &format!("k3s ctr images ls -q | grep '^{own}:'"));
    let name = name.trim();
    world.sh("pi-2", &format!("k3s ctr images rm {name}"));
    world.sh("pi-3", &format!("k3s ctr images label {name} io.cri-containerd.pinned="));
    // What a provision of before called it, as that one left it.
    let former = name.replace(own, "docker.io/terrarium/source");
    world.sh("pi-3", &format!(
        "k3s ctr images tag {name} {former} && k3s ctr images label {former} io.cri-containerd.pinned=pinned"
    ));
    ended_with(&world.provision(&["plan", "--exit-code"]), 5);
    let output = world.provision(&["--json"]);
    succeeded(&output);
    assert_eq!(changed(&output), ["pi-2: image.source", "pi-3: image.source"]);
    let kept = "k3s ctr images ls -q 'labels.\"io.cri-containerd.pinned\"==pinned'";
    for node in NODES {
        let kept = world.sh(node, kept);
        assert!(kept.lines().any(|line| line == name), "{node}: {kept}");
        assert!(!kept.contains(&former), "{node}: {kept}");
    }
    let policies = world.kubectl(
        "get pods -n terrarium -l app.kubernetes.io/name=device-source -o jsonpath={.items[*].spec.containers[*].imagePullPolicy}",
    );
    assert_eq!(policies.trim(), "Never");
}

/// What every node and service uses is told, by its agent and by Prometheus.
fn reported(world: &World) {
    let report = wait_for("Prometheus' first minutes", Duration::from_mins(3), || {
        let report = report(world);
        let sources = report["sources"].as_array().unwrap();
        sources.iter().any(|source| source == "prometheus").then_some(report)
    });
    assert_eq!(report["nodes"].as_array().unwrap().len(), NODES.len(), "{report}");
    for node in report["nodes"].as_array().unwrap() {
        let figure = |pointer: &str| node.pointer(pointer).and_then(Value::as_u64).expect(pointer);
        assert!(figure("/used/max") > figure("/pods_used/p50"), "{node}");
        assert!(figure("/own/low") > 0, "the system uses something: {node}");
        assert!(node["predicted"]["difference"].is_string(), "{}", report["notes"]);
    }
    let services = report["services"].as_array().unwrap();
    for name in ["kafka", "postgresql", "prometheus", "redis"] {
        let service = services.iter().find(|service| service["name"] == name).expect(name);
        assert!(service["used"]["max"].as_u64() > Some(0), "{service}");
        assert!(service["request"].as_u64() > Some(0), "{service}");
    }
    let sizes = report["sizes"].as_array().unwrap();
    assert!(sizes.iter().all(|size| !size["advice"]["not-enough"].is_null()), "not a day yet");
}

/// The report, whose exit code is that of its word.
fn report(world: &World) -> Value {
    let output = world.provision(&["report", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    ended_with(&output, if found["word"] == "does not fit" { 6 } else { 0 });
    found
}

/// The agent of the server tells Prometheus what was found.
fn exported(world: &World) {
    let page = world.agent("pi-1", "/metrics");
    for number in PROVEN {
        let line = format!("terrarium_edge_up{{number=\"{number}\"");
        let line = page.lines().find(|text| text.starts_with(&line)).expect(&line);
        assert!(line.ends_with(" 1"), "{line}");
    }
}

fn verify(world: &World) -> std::process::Output {
    world.provision(&["verify", "--json"])
}

pub(crate) fn credentials(world: &mut World) {
    world.core();
    let output = world.provision(&["credentials", "--json"]);
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for service in ["postgresql", "redis", "kafka", "ingress"] {
        assert!(text.contains(service), "{service}: {text}");
    }
    assert!(String::from_utf8_lossy(&output.stderr).is_empty());
}

pub(crate) fn outlives(world: &mut World) {
    world.core();
    let before = acknowledged(world);
    // Every process of the stack at once, without a word of warning.
    world.kubectl("delete pods -n terrarium --all --force --grace-period=0 2>/dev/null");
    well_again(world, "every pod was killed");
    assert_eq!(still_there(world), before, "after every pod was killed");
    world.lab.kill("pi-2").unwrap();
    world.lab.start("pi-2").unwrap();
    well_again(world, "pi-2 lost its power");
    assert_eq!(still_there(world), before, "after pi-2 lost its power");
    for node in ["pi-3", "pi-1"] {
        world.lab.reboot(node).unwrap();
        well_again(world, &format!("{node} was restarted"));
        assert_eq!(still_there(world), before, "after {node} was restarted");
    }
}

fn well_again(world: &World, what: &str) {
    let begun = std::time::Instant::now();
    wait_for(&format!("the edges after {what}"), WELL_AGAIN, || {
        let all_there = NODES.iter().all(|node| {
            let ready = format!(
                "get node {node} -o jsonpath='{{.status.conditions[?(@.type==\"Ready\")].status}}'"
            );
            world
                .lab
                .exec("pi-1", &["sh", "-c", &format!("k3s kubectl {ready}")])
                .is_ok_and(|said| said.trim() == "True")
        });
        (all_there && verify(world).status.success()).then_some(())
    });
    eprintln!("{what}: every edge proven again after {:.0} s", begun.elapsed().as_secs_f64());
}

const ROWS: u32 = 200;

/// Writes records and waits for the store's word that each is kept.
fn acknowledged(world: &World) -> [String; 3] {
    world.kubectl(&format!(
        "exec -n terrarium postgresql-0 -- psql -U postgres -qtA -c 'create table if not exists kept as select generate_series(1, {ROWS}) as n'"
    ));
    let redis = format!(
        "REDISCLI_AUTH=$(cat /run/secrets/redis/password) sh -c \"for n in \\$(seq {ROWS}); do echo set kept:\\$n \\$n; done | redis-cli >/dev/null\""
    );
    world.kubectl(&format!("exec -n terrarium redis-0 -- sh -c '{redis}'"));
    world.kubectl(&format!(
        "exec -n terrarium kafka-0 -- sh -c 'seq {ROWS} | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server localhost:9091 --command-config /run/secrets/kafka/admin.properties --topic dead-letter --command-property acks=all'"
    ));
    still_there(world)
}

/// What of it is there now, store by store.
fn still_there(world: &World) -> [String; 3] {
    let rows = world.kubectl(
        "exec -n terrarium postgresql-0 -- psql -U postgres -qtA -c 'select count(*), sum(n) from kept'",
    );
    let keys = world.kubectl(
        "exec -n terrarium redis-0 -- sh -c 'REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli --scan --pattern \"kept:*\" | sort | uniq | wc -l'",
    );
    let records = world.kubectl(
        "exec -n terrarium kafka-0 -- sh -c '/opt/kafka/bin/kafka-console-consumer.sh --bootstrap-server localhost:9091 --command-config /run/secrets/kafka/admin.properties --topic dead-letter --from-beginning --timeout-ms 15000 2>/dev/null | grep -cE \"^[0-9]+$\"'",
    );
    [rows, keys, records]
}

pub(crate) fn broken_edge(world: &mut World) {
    world.core();
    world.kubectl("scale -n terrarium statefulset/redis --replicas=0");
    world.kubectl("wait -n terrarium --for=delete pod/redis-0 --timeout=60s");
    let output = world.provision(&["verify", "1", "--patience", "0.2"]);
    world.kubectl("scale -n terrarium statefulset/redis --replicas=1");
    world.kubectl("rollout status -n terrarium statefulset/redis --timeout=120s");
    ended_with(&output, 5);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("FAILED") && text.contains("put in at `fastapi`"), "{text}");
}

/// A service that is no longer wanted stays until it is told to go, and its
/// data until that is told as well.
pub(crate) fn removal(world: &mut World) {
    world.core();
    let refused = world.provision(&["stack", "remove", "prometheus", "--keep-data"]);
    ended_with(&refused, 6);
    let file = world.lab.inventory_path();
    let good = std::fs::read_to_string(&file).unwrap();
    let other = good.replace("without = [", "without = [\"prometheus\", ");
    let other = format!("{other}\n[stack.values.redis]\nmaxmemory = \"64mb\"\n");
    std::fs::write(&file, other).unwrap();
    world.touched();

    let plan = world.provision(&["plan", "--diff"]);
    succeeded(&plan);
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.contains("`prometheus` is deployed"), "{plan}");
    // What the other value means for Redis is shown, line by line.
    assert!(plan.contains("maxmemory 96mb") && plan.contains("maxmemory 64mb"), "{plan}");
    let claims = || world.kubectl("get pvc -n terrarium -o name").matches("prometheus").count();
    succeeded(&world.provision(&["stack", "remove", "prometheus", "--keep-data"]));
    assert_eq!(claims(), 1, "its volume was to stay");
    assert!(!world.kubectl("get statefulsets -n terrarium -o name").contains("prometheus"));
    succeeded(&world.provision(&["stack", "remove", "prometheus", "--delete-data"]));
    assert_eq!(claims(), 0, "its volume was to go");

    std::fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
    succeeded(&world.provision(&["plan", "--exit-code"]));
}
