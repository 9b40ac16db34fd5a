//! The dashboards and alerts that everybody has find their metrics: Grafana's
//! dashboard 1860, `node_exporter`'s mixin, the node parts of kube-prometheus.

use std::collections::BTreeSet;

use crate::golden;
use crate::manager::Manager;
use crate::peers;
use crate::running::{Running, agent};

/// A metric's name, and why the agent does not have it.
fn wanted() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let lists = [include_str!("dashboard_1860.txt"), include_str!("node_mixin.txt")];
    let lines = lists.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
    lines.map(|line| match line.split_once("  ") {
        Some((name, reason)) => (name, Some(reason)),
        None => (line, None),
    })
}

pub(crate) fn names(page: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(page);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

/// What only other hosts have, and a reason for each.
const OF_OTHER_HOSTS: [(&str, &str); 4] = [
    ("node_memory_NFS_Unstable_bytes", "kernels before 5.8"),
    ("node_memory_DirectMap", "x86-64"),
    ("node_memory_HardwareCorrupted_bytes", "kernels that can do without a page of memory"),
    ("node_memory_Zswap", "kernels with zswap"),
];

#[test]
fn every_metric_is_there_or_has_a_reason_not_to_be() {
    let folder = tempfile::tempdir().unwrap();
    golden::rootfs(folder.path());
    let manager = Manager::start(folder.path());
    let all = ["interrupts", "processes", "systemd", "tcpstat"]
        .map(|collector| format!("--collector.{collector}"));
    let mut found = BTreeSet::new();
    for flags in [&[][..], &golden::flags(folder.path())] {
        let mut command = agent();
        command.args(flags).args(&all).env("DBUS_SYSTEM_BUS_ADDRESS", &manager.address);
        found.extend(names(&Running::start(&mut command).get("/metrics")));
    }
    let mut there = 0;
    for (name, reason) in wanted() {
        match (found.contains(name), reason) {
            (true, None) => there += 1,
            (true, Some(_)) => panic!("{name} is there: its reason not to be is out of date"),
            (false, Some(_)) => {}
            (false, None) => assert!(peers::listed(&OF_OTHER_HOSTS, name), "{name} is missing"),
        }
    }
    println!("{there} of the dashboard's {} metrics", wanted().count());
    assert!(there > 200, "only {there}");
}

#[test]
fn what_node_exporter_gives_it_on_this_machine_the_agent_gives_too() {
    let all =
        ["interrupts", "processes", "tcpstat"].map(|collector| format!("--collector.{collector}"));
    let theirs = names(&Running::start(peers::exporter().args(&all)).get("/metrics"));
    let ours = names(&Running::start(agent().args(&all)).get("/metrics"));
    let missing: Vec<_> = wanted()
        .map(|(name, _)| name)
        .filter(|name| theirs.contains(*name) && !ours.contains(*name))
        .collect();
    assert_eq!(missing, [""; 0]);
    assert!(wanted().filter(|(name, _)| theirs.contains(*name)).count() > 150);
}
