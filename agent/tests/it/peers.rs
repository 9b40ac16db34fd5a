//! Beside the real `node_exporter`: the same names mean the same.

use std::process::Command;

use crate::exposition::{self, Family, Page};
use crate::golden;
use crate::running::{Running, agent};

/// Families of the shared collectors that only `node_exporter` has, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("node_cpu_info", "constant facts; not collected by default either"),
    ("node_disk_info", "needs udev's database"),
    ("node_disk_ata_", "needs udev's database"),
    ("node_disk_device_mapper_info", "needs udev's database"),
    ("node_disk_filesystem_info", "needs udev's database"),
    ("node_time_clocksource_", "constant facts"),
    ("node_time_zone_offset_seconds", "a matter of display"),
];

/// Families only the agent has, and why.
const ADDED: [(&str, &str); 2] = [
    ("node_pressure_irq_stalled_seconds_total", "newer than the release compared with"),
    ("terrarium_agent_", "the agent's own"),
];

/// Families whose values are not the fixture's, and why.
const NOT_OF_THE_FILES: [(&str, &str); 6] = [
    ("node_filesystem_", "the disk of this machine, and it is written to"),
    ("node_pressure_irq_stalled_seconds_total", "newer than the release compared with"),
    ("node_scrape_collector_", "how long it took"),
    ("node_time_seconds", "passes"),
    ("process_", "the program's own"),
    ("terrarium_agent_", "the agent's own"),
];

fn listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(start, _)| name.starts_with(start))
}

/// What `node_exporter` is asked for: the agent's collectors by its names.
const COLLECTORS: [&str; 12] = [
    "cpu",
    "diskstats",
    "filesystem",
    "hwmon",
    "loadavg",
    "meminfo",
    "netdev",
    "pressure",
    "stat",
    "thermal_zone",
    "time",
    "uname",
];

fn shape(family: &Family) -> (&str, Vec<&str>) {
    (&family.kind, family.labels.iter().map(String::as_str).collect())
}

/// The lines of `node_exporter`'s page that are about the host: its runtime's
/// have types that neither the agent nor the strict reader knows.
fn of_the_host(page: &[u8]) -> Vec<u8> {
    let about_the_host = |line: &&str| {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        ["node_", "process_"].iter().any(|start| name.starts_with(start))
            && !name.starts_with("node_exporter_")
    };
    let text = str::from_utf8(page).unwrap();
    text.lines().filter(about_the_host).flat_map(|line| [line, "\n"]).collect::<String>().into()
}

/// The pages of `node_exporter` and the agent, started with the same flags.
fn pages(flags: &[String]) -> (Page, Page) {
    let program = "prometheus-node-exporter";
    assert!(
        Command::new(program).arg("--version").output().is_ok(),
        "{program} is not there; install it: apt-get install prometheus-node-exporter"
    );
    let mut exporter = Command::new(program);
    exporter.arg("--collector.disable-defaults").args(flags);
    // Both from /proc/net/dev: netlink knows nothing of a fixture.
    exporter
        .args(["--no-collector.netdev.netlink", "--collector.netdev.device-exclude=^(veth|cali)"]);
    exporter.args(COLLECTORS.map(|collector| format!("--collector.{collector}")));
    let theirs = Running::start(&mut exporter).get("/metrics");
    let ours = Running::start(agent().args(flags)).get("/metrics");
    let theirs = exposition::read(&of_the_host(&theirs)).unwrap();
    (theirs, exposition::read_unique(&ours).unwrap())
}

#[test]
fn the_same_names_have_the_same_type_and_labels() {
    let (theirs, ours) = pages(&[]);
    let mut shared = 0;
    for (name, family) in &theirs {
        match ours.get(name) {
            Some(own) => {
                assert_eq!(shape(own), shape(family), "{name}");
                shared += 1;
            }
            None => assert!(listed(&LEFT_OUT, name), "{name} is missing"),
        }
    }
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        assert!(listed(&ADDED, name), "{name} is no name of node_exporter's");
    }
    assert!(shared > 60, "only {shared} shared families");
}

#[test]
fn the_same_files_give_the_same_values() {
    let root = tempfile::tempdir().unwrap();
    golden::rootfs(root.path());
    let (theirs, ours) = pages(&golden::flags(root.path()));
    let mut shared = 0;
    for (name, family) in ours.iter().filter(|(name, _)| !listed(&NOT_OF_THE_FILES, name)) {
        let theirs = theirs.get(name).unwrap_or_else(|| panic!("{name} is the agent's alone"));
        assert_eq!(shape(family), shape(theirs), "{name}");
        for sample in &family.samples {
            let same = theirs.samples.iter().find(|other| other.labels == sample.labels);
            let same = same.unwrap_or_else(|| panic!("{name} {:?}: agent only", sample.labels));
            let [ours, theirs] = [sample, same].map(|sample| sample.value.parse::<f64>().unwrap());
            let off = (ours - theirs).abs() / theirs.abs().max(1.0);
            assert!(off < 1e-12, "{name} {:?}: {ours}, not {theirs}", sample.labels);
            shared += 1;
        }
    }
    assert!(shared > 200, "only {shared} shared series");
}
