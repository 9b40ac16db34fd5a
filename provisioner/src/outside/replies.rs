//! Replies: of a node's shell, of agents, of Kubernetes and of Prometheus.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use terrarium_helm::state;
use terrarium_plan::{Bytes, Facts, probe};
use terrarium_untrusted::{is_subdomain, is_word};

use super::spoil::{Form, spoilt, spoilt_text};
use super::{ROUNDS, assert_visible};
use crate::measured::history::{History, What};
use crate::measured::{cluster, snapshot};

const SNAPSHOTS: [&str; 2] = [
    include_str!("../measured/fixtures/pi-1.json"),
    include_str!("../measured/fixtures/pi-2.json"),
];
const CLUSTER: &str = include_str!("../measured/fixtures/cluster.json");
const NODES: &str = r#"{
"items": [{
"metadata": {"name": "pi-1", "labels": {"kubernetes.io/arch": "arm64"}},
"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
"status": {
"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
"allocatable": {"cpu": "3900m", "memory": "5939200Ki"},
"conditions": [{"type": "Ready", "status": "False", "reason": "X", "message": "y"}],
"nodeInfo": {"kubeletVersion": "v1.34.4+k3s1"}
}}]}"#;
const RELEASES: &str =
    "terrarium redis 3 deployed 0123456789abcdef\nterrarium kafka 1 failed <none>\n";
const MATRIX: &str = r#"{
"status": "success",
"data": {"resultType": "matrix", "result": [
{"metric": {"namespace": "terrarium", "pod": "redis-0", "container": "redis"},
"values": [[60, "1.5"], [120, "NaN"], [180, "20971520"]]},
{"metric": {"namespace": "terrarium", "pod": "kafka-0", "container": "kafka"},
"values": [[60, "0"], [120, "512"], [300, "512"]]}
]}}"#;

/// What this machine answers, with what a Pi and a server add.
fn reply() -> String {
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    let request = probe::Request {
        files: list(&["/etc/hostname", "/etc/passwd"]),
        units: list(&["ssh.service"]),
        sysctls: list(&["vm.max_map_count"]),
        modules: list(&["overlay"]),
        packages: list(&["bash"]),
        images: Vec::new(),
        zones: Vec::new(),
        part: probe::Part::Server(probe::Queries::default()),
    };
    let output = Command::new("sh").args(["-c", &probe::script(&request)]).output().unwrap();
    let more = "address\teth0 10.0.0.1 02:00:00:00:00:01\nk3s\tk3s version v1.34.4+k3s1 (x)\n\
        throttled\t0x50000\nswap_by\tfstab\nswap\t/dev/zram0\n\
        unit k3s.service\tactive enabled no 0123456789abcdef\nunit_age k3s.service\t12\n\
        image\tterrarium.invalid/source:0.1.0\nnamespace\tterrarium a=b\n\
        cmdline /boot/firmware/cmdline.txt\tcm9vdHdhaXQK\n\
        swap_unit dev-zram0.swap\tactive generated /run/x.swap - /dev/zram0\n\
        swap_service\tzramswap.service only /usr/sbin/zramswap\nos_prefix\tcurrent/\n\
        mount /etc\t/ ext4 rw,noexec /dev/mmcblk0p2\nunmounted\t/mnt/ssd\nboot_sysctl vm.swappiness\tnone\n";
    more.to_owned() + &String::from_utf8(output.stdout).unwrap()
}

/// Half of them as a shell sends them, half with what it packs up.
pub(super) fn to_the_probe() -> usize {
    let seed = reply();
    probe::parse(&seed, Some(0)).unwrap();
    let mut taken = 0;
    for round in 0..ROUNDS {
        let text = if round % 2 == 0 {
            spoilt_text(&seed, Form::Lines, round)
        } else {
            let nodes = STANDARD.encode(spoilt(NODES, Form::Json, round));
            let releases = STANDARD.encode(spoilt(RELEASES, Form::Lines, round));
            format!("nodes\t{nodes}\nreleases\t{releases}\nhosts\t{releases}\nnow\t5\n")
        };
        let Ok(facts) = probe::parse(&text, Some(0)) else { continue };
        taken += 1;
        check(facts, &text);
    }
    taken
}

fn check(mut facts: Facts, text: &str) {
    if let Some(cluster) = &mut facts.cluster {
        for node in &mut cluster.nodes {
            assert!(is_subdomain(&node.name) && is_word(&node.version, "+"), "{node:?}");
            // A sentence for people.
            node.reason.clear();
        }
        // A text until the next parser.
        if let Ok(releases) = state::parse(&std::mem::take(&mut cluster.releases)) {
            for release in &releases {
                assert!(is_subdomain(&release.name), "{release:?}");
                assert!(is_subdomain(&release.namespace), "{release:?}");
            }
            assert_visible(&releases, text.as_bytes());
        }
    }
    // Files that are compared and changed line by line.
    facts.hosts = Bytes::default();
    facts.fstab = Bytes::default();
    facts.cmdlines.clear();
    facts.boot_configs.clear();
    for word in [&facts.machine, &facts.hostname, &facts.machine_id] {
        assert!(is_word(word, ""), "{word:?}");
    }
    assert!(facts.packages.iter().all(|package| is_word(package, "+:")));
    assert!(facts.images.iter().all(|image| is_word(image, "/:@")));
    let plain = |name: &str| is_word(name, ":");
    assert!(facts.interfaces.iter().all(|one| plain(&one.name) && plain(&one.mac)));
    assert!(facts.files.values().all(|file| file.sha256.len() == 64));
    assert_visible(&facts, text.as_bytes());
}

pub(super) fn of_agents() -> usize {
    let mut taken = 0;
    for round in 0..ROUNDS {
        let json = spoilt(SNAPSHOTS[round % 2], Form::Json, round);
        let Ok(found) = snapshot::parse(&json) else { continue };
        taken += 1;
        let taken_seconds = found.taken_seconds.unwrap_or_default();
        let pods = found.pods.iter().flat_map(|pod| &pod.containers);
        let histories = pods.map(|container| &container.history).chain([&found.node.history]);
        for history in histories.flatten() {
            history.covers(taken_seconds);
            assert!(
                history.memory_bytes.iter().all(|summary| summary.quantiles(1.0).max < 1 << 54)
            );
        }
        assert_visible(&found, &json);
    }
    taken
}

/// A node and a pod of the list: the others are like them.
fn few() -> String {
    let mut list: Value = serde_json::from_str(CLUSTER).unwrap();
    let items = list["items"].as_array_mut().unwrap();
    let mut seen = (0, 0);
    items.retain(|item| {
        let count = if item["kind"] == "Node" { &mut seen.0 } else { &mut seen.1 };
        *count += 1;
        *count <= 1
    });
    // Nobody reads these.
    for item in items {
        item["status"]["nodeInfo"] = json!({"kernelVersion": "6.12.47+rpt-rpi-2712"});
        for unread in ["hostIP", "podIPs", "qosClass", "startTime"] {
            item["status"].as_object_mut().unwrap().remove(unread);
        }
    }
    serde_json::to_string_pretty(&list).unwrap()
}

pub(super) fn of_kubernetes() -> usize {
    let seed = few();
    cluster::parse(&seed).unwrap();
    let mut taken = 0;
    for round in 0..ROUNDS {
        let json = spoilt_text(&seed, Form::Json, round);
        let Ok(mut found) = cluster::parse(&json) else { continue };
        taken += 1;
        // Sentences for people.
        found.evicted.iter_mut().for_each(|(_, why)| why.clear());
        found.nodes.iter_mut().for_each(|node| node.unready = None);
        found.pods.iter_mut().for_each(|pod| pod.unscheduled = None);
        assert_visible(&found, json.as_bytes());
    }
    taken
}

pub(super) fn of_prometheus() -> usize {
    let mut taken = 0;
    for round in 0..ROUNDS {
        let json = spoilt(MATRIX, Form::Json, round);
        let mut history = History::default();
        let what = What::ALL[round % What::ALL.len()];
        if history.take(what, &json).is_ok() {
            taken += 1;
            history.sort();
            assert!(history.containers.values().all(|past| past.seconds() < 1 << 54));
            assert_visible(&history, &json);
        }
    }
    taken
}
