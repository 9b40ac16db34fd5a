//! From three freshly flashed nodes to a running stack.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use crate::world::{NODES, World, ended_with, events, succeeded, wait_for};
use crate::{secrets, trees};

pub(crate) fn plan(world: &mut World) {
    world.fresh();
    let before = trees::all(world);
    let output = world.provision(&["plan"]);
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    for id in ["hostname", "boot.cmdline", "reboot", "k3s.token", "agent.start", "postgresql"] {
        assert!(text.contains(id), "{id} is missing:\n{text}");
    }
    trees::assert_equal(&before, &trees::all(world));
    assert!(!world.file("kubeconfig").exists());
}

pub(crate) fn apply(world: &mut World) {
    world.fresh();
    world.touched();
    for node in NODES {
        assert_eq!(world.sh(node, "hostname"), "raspberrypi");
        secrets::sample(world, node);
    }
    let mut run = world.start(&["--json"]);
    // Read as it comes: a full pipe would stop the run.
    let mut stderr = run.stderr.take().unwrap();
    let stderr = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let mut stdout = Vec::new();
    let mut rival = None;
    let mut lists = Vec::new();
    for line in BufReader::new(run.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["state"] == "changed" && rival.is_none() {
            rival = Some(world.provision(&[]));
        }
        if event["change"] == "boot.cmdline" && event["state"] == "changed" {
            lists.push(secrets::sampled(world, event["node"].as_str().unwrap()));
        }
        if event["change"] == "agent.config" && event["state"] == "changed" {
            secrets::sample(world, event["node"].as_str().unwrap());
        }
        stdout.extend(line.bytes());
        stdout.push(b'\n');
    }
    let output = std::process::Output {
        status: run.wait().unwrap(),
        stdout,
        stderr: stderr.join().unwrap().unwrap(),
    };
    succeeded(&output);
    lists.extend(NODES.map(|node| secrets::sampled(world, node)));
    world.mended();

    refused_while_at_work(&rival.expect("something was changed"));
    let (_, summary) = events(&output);
    eprintln!(
        "first run: {} changes in {:.0} s",
        summary["changed"],
        summary["seconds"].as_f64().unwrap()
    );
    nodes_are_ready(world);
    agents_are_scraped(world);
    agents_answer_nobody_else(world);
    services_are_probed(world);
    stores_answer(world);
    secrets::assert_hidden(world, &output, &lists);
}

fn refused_while_at_work(rival: &std::process::Output) {
    ended_with(rival, 6);
    let text = String::from_utf8_lossy(&rival.stderr);
    assert!(text.contains("is being worked on by") && text.contains("since 20"), "{text}");
}

fn nodes_are_ready(world: &World) {
    let nodes = world.kubectl_json("get nodes");
    let items = nodes["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for (item, name) in items.iter().zip(NODES) {
        assert_eq!(item["metadata"]["name"], name);
        assert_eq!(item["metadata"]["labels"]["terrarium/board"], "pi5-8gb");
        let conditions = item["status"]["conditions"].as_array().unwrap();
        assert!(conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"), "{name}");
    }
    for node in NODES {
        assert_eq!(world.sh(node, "hostname"), node);
        assert!(world.sh(node, "cat /sys/fs/cgroup/cgroup.controllers").contains("memory"));
    }
}

/// What the Prometheus in the cluster answers; the query is percent-encoded.
fn asked(world: &World, query: &str) -> Option<Vec<serde_json::Value>> {
    let path = "/api/v1/namespaces/terrarium/services/prometheus:9090/proxy/api/v1/query";
    let answer = world.kubectl(&format!("get --raw '{path}?query={query}'"));
    let answer: serde_json::Value = serde_json::from_str(&answer).ok()?;
    Some(answer["data"]["result"].as_array()?.clone())
}

/// The Prometheus in the cluster has scraped the agent of every node.
fn agents_are_scraped(world: &World) {
    wait_for("Prometheus to have scraped three agents", Duration::from_mins(2), || {
        let up = asked(world, "up%7Bjob%3D%22terrarium-agent%22%7D")?;
        (up.len() == 3 && up.iter().all(|sample| sample["value"][1] == "1")).then_some(())
    });
}

/// Without the login there is no page of an agent; with it there is.
fn agents_answer_nobody_else(world: &World) {
    for (number, node) in (1..).zip(NODES) {
        assert!(world.agent(node, "/metrics").contains("node_boot_time_seconds"), "{node}");
        let address = format!("{}:9100/metrics", world.lab.node_ip(number));
        let from = if node == "pi-2" { "pi-3" } else { "pi-2" };
        let ask = |scheme: &str| {
            let status = "-o /dev/null -w '%{http_code}'";
            world.sh(from, &format!("curl -sk {status} {scheme}://{address} || :"))
        };
        assert_eq!(ask("https"), "401", "{node} from {from}");
        assert_eq!(ask("http"), "000", "{node} from {from}");
    }
}

/// On the node that has a service's pod the agent finds that it answers, and
/// tells the pod's use by its name.
fn services_are_probed(world: &World) {
    let probed = "min%20by%20%28service%29%20%28probe_success%29";
    let pods = "container_memory_working_set_bytes%7Bnamespace%3D%22terrarium%22%7D";
    let labels = |samples: &[serde_json::Value], label: &str| {
        let mut found: Vec<String> = samples
            .iter()
            .filter_map(|sample| Some(sample["metric"][label].as_str()?.to_owned()))
            .collect();
        found.sort();
        found
    };
    wait_for("the agents to have probed the services", Duration::from_mins(3), || {
        let probed = asked(world, probed)?;
        let all = labels(&probed, "service")
            == ["kubelet", "kubernetes-api", "postgresql", "prometheus", "redis"];
        (all && probed.iter().all(|sample| sample["value"][1] == "1")).then_some(())
    });
    let pods = asked(world, pods).unwrap();
    assert_eq!(labels(&pods, "pod"), ["postgresql-0", "prometheus-0", "redis-0"]);
}

/// A row goes into the database and comes out, a key into Redis and comes out.
fn stores_answer(world: &World) {
    let psql = "exec -n terrarium postgresql-0 -- psql -U postgres -qtA -c";
    let row = world.kubectl(&format!(
        "{psql} 'create table first_light (id int); insert into first_light values (42)' && k3s kubectl {psql} 'select id from first_light'"
    ));
    assert_eq!(row, "42");
    world.kubectl(&format!("{psql} 'drop table first_light'"));
    assert_eq!(world.redis("set first-light 42"), "OK");
    assert_eq!(world.redis("get first-light"), "42");
    world.redis("del first-light");
}
