//! A service that does not come up.

use std::fs;
use std::io::{BufRead as _, BufReader};

use crate::world::{World, ended_with, succeeded};

pub(crate) fn broken(world: &mut World) {
    world.provisioned();
    world.touched();
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{good}\n[stack.values.redis.image]\ntag = \"no-such-tag\"\n"))
        .unwrap();

    let plan = world.provision(&["plan"]);
    succeeded(&plan);
    let text = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(text.contains("redis") && !text.contains("postgresql"), "{text}");

    // Forty-five seconds instead of fifteen minutes.
    let output = world.provision(&["--patience", "0.05"]);
    ended_with(&output, 4);
    let text = String::from_utf8_lossy(&output.stderr);
    for part in ["release redis, pod redis-0", "no-such-tag", "cannot be pulled", "hint: "] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }

    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
    let pods = world.kubectl("get pods -n terrarium --no-headers");
    assert_eq!(pods.matches(" Running ").count(), 3, "{pods}");
}

/// k3s is stopped on the server as helm begins, and comes back a while later.
pub(crate) fn api_away(world: &mut World) {
    world.provisioned();
    world.touched();
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        format!("{good}\n[stack.values.redis.resources.limits]\nmemory = \"200Mi\"\n"),
    )
    .unwrap();
    let mut run = world.start(&["--json"]);
    let mut away = None;
    for line in BufReader::new(run.stdout.take().unwrap()).lines() {
        let event: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["change"] == "redis" && event["state"] == "started" && away.is_none() {
            world.sh("pi-1", "systemctl stop k3s");
            world.sh("pi-1", "systemd-run --quiet --on-active=25s systemctl start k3s");
            away = Some(false);
        }
        if event["detail"].as_str().is_some_and(|detail| detail.contains("is away; waiting")) {
            away = Some(true);
        }
    }
    succeeded(&run.wait_with_output().unwrap());
    assert_eq!(away, Some(true), "nothing was said of the API");
    let limit = "get statefulset redis -n terrarium \
                 -o jsonpath='{.spec.template.spec.containers[0].resources.limits.memory}'";
    assert_eq!(world.kubectl(limit), "200Mi");
    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
}

/// A worker loses its power while a release on it is waited for.
pub(crate) fn node_away(world: &mut World) {
    world.provisioned();
    world.touched();
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let node = world.kubectl("get pod redis-0 -n terrarium -o jsonpath={.spec.nodeName}");
    if node == "pi-1" {
        // The API would be away with it: another scenario's matter.
        return;
    }
    let limit = "\n[stack.values.redis.resources.limits]\nmemory = \"208Mi\"\n";
    fs::write(&file, format!("{good}{limit}")).unwrap();
    let mut run = world.start(&["--json"]);
    let (mut cut, mut gone, mut back) = (false, false, false);
    for line in BufReader::new(run.stdout.take().unwrap()).lines() {
        let event: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["change"] == "redis" && event["state"] == "started" && !cut {
            cut = true;
            world.lab.kill(&node).unwrap();
        }
        let Some(detail) = event["detail"].as_str() else { continue };
        if event["node"] != node.as_str() {
            continue;
        }
        if detail.contains("is not Ready in Kubernetes") && !gone {
            gone = true;
            world.lab.start(&node).unwrap();
        }
        back |= detail.contains("is Ready in Kubernetes again");
    }
    assert!(gone && back, "gone: {gone}, back: {back}");
    assert!(run.wait().unwrap().success());
    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
}
