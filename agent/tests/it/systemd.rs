//! systemd's units, of a stand-in on a real bus.

use std::process::Command;

use crate::exposition::{self, Page};
use crate::manager::Manager;
use crate::running::{Running, agent};

fn series(page: &Page) -> Vec<String> {
    let systemd = page.iter().filter(|(name, _)| name.starts_with("node_systemd_"));
    let rows = systemd.flat_map(|(name, family)| {
        let kind = family.kind.clone();
        family.samples.iter().map(move |sample| {
            let value: f64 = sample.value.parse().unwrap();
            format!("{kind} {name}{:?} {value}", sample.labels)
        })
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

fn page(command: &mut Command, manager: &Manager) -> Page {
    command.env("DBUS_SYSTEM_BUS_ADDRESS", &manager.address);
    let page = Running::start(command).get("/metrics");
    let text = str::from_utf8(&page).unwrap();
    let of_systemd = |line: &&str| {
        line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ").starts_with("node_")
    };
    let text: String = text.lines().filter(of_systemd).flat_map(|line| [line, "\n"]).collect();
    exposition::read_unique(text.as_bytes()).unwrap()
}

const ONLY: [&str; 2] = ["--collector.disable-defaults", "--collector.systemd"];

#[test]
fn units_are_told_as_node_exporter_tells_them() {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::start(folder.path());
    // By default, Debian's leaves targets out and upstream's does not.
    let exclude = "--collector.systemd.unit-exclude=.+\\.(automount|device|mount|scope|slice)";
    let include = "--collector.systemd.unit-include=.*\\.(mount|socket)";
    for more in [&[exclude][..], &[include, "--collector.systemd.unit-exclude=k3s.*"]] {
        let ours = page(agent().args(ONLY).args(more), &manager);
        let mut exporter = Command::new("prometheus-node-exporter");
        exporter.args(ONLY).args(more).arg("--collector.systemd.enable-restarts-metrics");
        assert_eq!(series(&ours), series(&page(&mut exporter, &manager)));
        assert!(ours["node_systemd_unit_state"].samples.len() >= 10);
    }
    let by_default = page(agent().args(ONLY), &manager);
    let names = |sample: &exposition::Sample| sample.labels["name"].clone();
    let mut shown: Vec<_> =
        by_default["node_systemd_unit_state"].samples.iter().map(names).collect();
    shown.dedup();
    let expected =
        ["k3s.service", "cron.service", "fstrim.timer", "ssh.socket", "multi-user.target"];
    assert_eq!(shown, expected);
}

#[test]
fn without_a_bus_the_collector_fails_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:path={}", folder.path().join("bus").display());
    let running = Running::start(
        agent().args(ONLY).arg("--collector.loadavg").env("DBUS_SYSTEM_BUS_ADDRESS", address),
    );
    for _ in 0..2 {
        let page = exposition::read_unique(&running.get("/metrics")).unwrap();
        let outcome = |collector: &str| {
            let samples = &page["node_scrape_collector_success"].samples;
            let sample = samples.iter().find(|sample| sample.labels["collector"] == collector);
            sample.unwrap().value.clone()
        };
        assert_eq!([outcome("systemd"), outcome("loadavg")], ["0", "1"]);
    }
}

#[test]
fn a_bus_is_asked_again_until_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::start(folder.path());
    let running =
        Running::start(agent().args(ONLY).env("DBUS_SYSTEM_BUS_ADDRESS", &manager.address));
    let states = || {
        let page = exposition::read_unique(&running.get("/metrics")).unwrap();
        page.get("node_systemd_unit_state").map_or(0, |family| family.samples.len())
    };
    let first = states();
    assert!(first > 0);
    assert_eq!(states(), first);
    drop(manager);
    assert_eq!(states(), 0);
}
