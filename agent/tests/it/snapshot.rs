//! The snapshot, and the page a person gets, as they are served.

use std::path::Path;

use serde_json::Value;

use crate::running::{Running, agent, copy, fixture};

fn pi5() -> Running {
    let (procfs, sysfs) = (fixture("pi5/proc"), fixture("pi5/sys"));
    Running::start(agent().arg("--path.procfs").arg(procfs).arg("--path.sysfs").arg(sysfs))
}

fn snapshot(running: &Running) -> Value {
    let answer = running.connect().get("/api/v1/snapshot");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn a_snapshot_tells_of_the_node_and_what_it_uses() {
    let running = pi5();
    let told = snapshot(&running);
    assert_eq!(told["version"], 1);
    assert!(told["taken_seconds"].as_f64().unwrap() > 1.6e9, "{told}");
    assert_eq!(told["agent"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(told["agent"]["uptime_seconds"].as_f64().unwrap() >= 0.0);
    let node = &told["node"];
    assert_eq!(node["cpus"], 4);
    let total = node["memory_total_bytes"].as_f64().unwrap();
    let memory = &node["history"]["memory_bytes"];
    for part in ["last", "p50", "p90", "p95", "p99", "max"] {
        let bytes = memory[part].as_f64().unwrap();
        assert!(bytes > 1e6 && bytes < total, "{part}: {memory}");
    }
    assert_eq!(node["history"]["samples"], 1);
    // One sample has no time to have used the processor in.
    assert_eq!(node["history"].get("cpu_cores"), None);
    assert!(node["disks"].as_array().unwrap().iter().all(|disk| disk["device"].is_string()));
    assert_eq!(told["pods"], Value::Array(Vec::new()));
    assert_eq!(told["probes"], Value::Array(Vec::new()));
}

/// A Pi 4 with an eMMC card on which the fixtures' pods run, below `root`.
fn pi4_with_pods(root: &Path) -> Running {
    let parts = [
        ("pods-v2/.", ""),
        ("pi5/proc", ""),
        ("pi4/sys", ""),
        ("pi5/sys/devices", "sys"),
        ("pi5/sys/class/thermal", "sys/class"),
    ];
    for (from, to) in parts {
        copy(from, &root.join(to));
    }
    let kernel = root.join("proc/sys/kernel/hostname");
    std::fs::write(kernel, "pi-2\n").unwrap();
    let tree = root.join("proc/device-tree");
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::copy(root.join("sys/firmware/devicetree/base/model"), tree.join("model")).unwrap();
    let flag = |name: &str, folder: &str| format!("--path.{name}={}", root.join(folder).display());
    let flags = [flag("procfs", "proc"), flag("sysfs", "sys"), flag("rootfs", "root")];
    Running::start(agent().args(flags))
}

/// Makes the same everywhere what is this machine's or this moment's.
fn mask(told: &mut Value) {
    match told {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    // There is one for whoever's clock is at the fixture's day.
                    "startup_memory_bytes" => *value = "…".into(),
                    "version" | "taken_seconds" | "uptime_seconds" | "page_size_bytes"
                    | "since_seconds" => {
                        assert!(!value.is_null(), "{key}");
                        *value = "…".into();
                    }
                    _ => mask(value),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_snapshot_of_a_pi_4_and_its_pods() {
    let root = tempfile::tempdir().unwrap();
    let running = pi4_with_pods(root.path());
    let mut told = snapshot(&running);
    assert_eq!(told["version"], 1);
    mask(&mut told);
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn samples_are_not_nearer_than_they_should_be() {
    let running = pi5();
    for _ in 0..5 {
        running.get("/metrics");
        snapshot(&running);
    }
    let told = snapshot(&running);
    let uptime = told["agent"]["uptime_seconds"].as_f64().unwrap();
    let samples = told["node"]["history"]["samples"].as_f64().unwrap();
    assert!(samples >= 1.0 && samples <= 1.0 + uptime / 30.0, "{told}");
}

#[test]
fn a_person_gets_a_page_that_needs_nothing_else() {
    let running = pi5();
    let answer = running.connect().get("/");
    let page = String::from_utf8(answer.body).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    for part in ["4 processors", "<a href=\"/metrics\">", "/api/v1/snapshot", "Memory"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // Nothing is fetched from anywhere.
    for part in ["<script", "<link", "<img", "src=", "://"] {
        assert!(!page.contains(part), "{part} is in {page}");
    }
}
