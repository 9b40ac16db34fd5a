//! A service that hangs while its pod is there: seen by the agent beside it, and
//! told by `status`.

use std::time::Duration;

use serde_json::Value;

use crate::world::{World, succeeded, wait_for};

/// An agent asks every 30 s and waits 5 s for an answer; the rest is the lab's.
const SEEN_WITHIN: Duration = Duration::from_mins(2);

pub(crate) fn redis(world: &mut World) {
    world.provisioned();
    world.touched();
    let pod = "get pod redis-0 -n terrarium -o jsonpath='{.spec.nodeName}'";
    let node = world.kubectl(pod);
    wait_for("the agent to find Redis well", SEEN_WITHIN, || probed(world, &node, "1"));
    assert_eq!(unwell(world, &node), None);

    // The kernel goes on taking its connections; nobody answers.
    world.sh(&node, "pkill -STOP -x redis-server");
    wait_for("the agent to find that Redis hangs", SEEN_WITHIN, || probed(world, &node, "0"));
    let failure = unwell(world, &node).expect("`status` names it");
    assert_eq!(failure, "no answer within 5s");
    let status = world.provision(&["status"]);
    succeeded(&status);
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(text.contains("`redis` has been unhealthy for"), "{text}");

    // By then kubelet may have given up on it and started another.
    world.sh(&node, "pkill -CONT -x redis-server");
    wait_for("the agent to find Redis well again", SEEN_WITHIN, || probed(world, &node, "1"));
    assert_eq!(unwell(world, &node), None);
    world.mended();
}

/// Whether the agent of the node exports this for its probe of Redis.
fn probed(world: &World, node: &str, value: &str) -> Option<()> {
    let page = world.agent(node, "/metrics");
    let mut lines = page.lines().filter(|line| line.starts_with("probe_success{"));
    let line = lines.find(|line| line.contains("service=\"redis\""))?;
    line.ends_with(&format!(" {value}")).then_some(())
}

/// Why Redis on that node is not well, by `status` and by the agent's snapshot,
/// which have to agree.
fn unwell(world: &World, node: &str) -> Option<String> {
    let status = world.provision(&["status", "--json"]);
    succeeded(&status);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let nodes = status["nodes"].as_array().unwrap();
    let told = nodes.iter().flat_map(|found| {
        let unwell = found["unwell"].as_array().unwrap();
        unwell.iter().filter(|told| told["service"] == "redis").map(move |told| (found, told))
    });
    let told: Vec<_> = told.collect();
    let snapshot = world.agent(node, "/api/v1/snapshot");
    let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
    let probes = snapshot["probes"].as_array().unwrap();
    let probe = probes.iter().find(|probe| probe["service"] == "redis").unwrap();
    assert_eq!(probe["success"], told.is_empty());
    let (found, told) = told.first()?;
    assert_eq!(found["name"], node);
    assert_eq!(told["failure"], probe["failure"]);
    told["failure"].as_str().map(str::to_owned)
}
