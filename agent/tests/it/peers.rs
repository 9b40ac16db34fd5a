//! Beside the real `node_exporter`: the same names mean the same.

use std::process::Command;

use crate::exposition::{self, Family, Page};
use crate::golden;
use crate::running::{Running, agent};

/// Families that only `node_exporter` has, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("node_cpu_info", "constant facts; not collected by default either"),
    ("node_disk_ata_", "needs udev's database; no Pi has such a disk"),
    ("node_disk_device_mapper_info", "needs udev's database"),
    ("node_disk_filesystem_info", "needs udev's database"),
    ("node_disk_info", "the Pi's own collector tells of its cards and disks"),
    ("node_processes_threads_state", "opens a file for each thread"),
    ("node_time_zone_offset_seconds", "a matter of display"),
];

/// Families only the agent has, and why.
const ADDED: [(&str, &str); 10] = [
    ("node_watchdog_", "newer than the release compared with"),
    ("node_network_receive_nohandler_total", "of the other it comes from netlink"),
    ("node_pressure_irq_stalled_seconds_total", "newer than the release compared with"),
    ("node_cpu_scaling_governor", "newer than the release compared with"),
    ("node_netstat_TcpExt_TCPOFOQueue", "newer than the release compared with"),
    ("node_netstat_TcpExt_TCPRcvQDrop", "newer than the release compared with"),
    ("node_softnet_", "half of it newer than the release compared with"),
    ("node_processes_", "letters of states that the other did not meet"),
    ("rpi_", "the Pi's own"),
    ("terrarium_agent_", "the agent's own"),
];

/// Families whose values are not the fixture's, and why.
const NOT_OF_THE_FILES: [(&str, &str); 17] = [
    ("node_watchdog_", "newer than the release compared with"),
    ("node_arp_entries", "newer releases ask netlink, which knows no fixture"),
    ("node_cpu_scaling_governor", "newer than the release compared with"),
    ("node_filesystem_", "the disk of this machine, and it is written to"),
    ("node_netstat_TcpExt_TCP", "half of it newer than the release compared with"),
    ("node_network_receive_nohandler_total", "of the other it comes from netlink"),
    ("node_os_", "the other looks where this machine has it"),
    ("node_pressure_irq_stalled_seconds_total", "newer than the release compared with"),
    ("node_processes_", "the other counts a fixture's threads, of which there are none"),
    ("node_scrape_collector_", "how long it took"),
    ("node_softnet_", "half of it newer than the release compared with"),
    ("node_tcp_connection_states", "of the other it comes from netlink"),
    ("node_time_seconds", "passes"),
    ("node_timex_", "this machine's clock"),
    ("process_", "the program's own"),
    ("rpi_", "the Pi's own"),
    ("terrarium_agent_", "the agent's own"),
];

/// Labels newer than the release compared with.
const NEWER_LABELS: [(&str, &str); 1] = [("node_network_info", "adminstate")];

/// Collectors that are off by default and compared all the same.
const OPTIONAL: [&str; 3] = ["interrupts", "processes", "tcpstat"];

fn optional() -> [String; OPTIONAL.len()] {
    OPTIONAL.map(|collector| format!("--collector.{collector}"))
}

fn listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(start, _)| name.starts_with(start))
}

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
    exporter.args(flags).args(optional());
    // Both from /proc/net/dev: netlink knows nothing of a fixture.
    exporter
        .args(["--no-collector.netdev.netlink", "--collector.netdev.device-exclude=^(veth|cali)"]);
    let theirs = Running::start(&mut exporter).get("/metrics");
    let ours = Running::start(agent().args(flags).args(optional())).get("/metrics");
    let theirs = exposition::read(&of_the_host(&theirs)).unwrap();
    let mut ours = exposition::read_unique(&ours).unwrap();
    for (name, label) in NEWER_LABELS {
        let Some(family) = ours.get_mut(name) else { continue };
        assert!(family.labels.remove(label), "{name} has no {label}");
        for sample in &mut family.samples {
            sample.labels.remove(label);
        }
    }
    (theirs, ours)
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
