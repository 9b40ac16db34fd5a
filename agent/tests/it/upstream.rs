//! `node_exporter`'s own fixtures: the same names, labels and values for every
//! collector that is offered, or the reason why not.
//!
//! They are not this project's to keep: they come with its sources, from the Go
//! module proxy, and are unpacked where the test runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::running::{Running, agent};

const MODULE: &str = "github.com/prometheus/node_exporter@v1.12.1";

/// What is not on the agent's page, by how series begin, and why.
const LEFT_OUT: [(&str, &str); 17] = [
    ("node_cpu_bug_info", "off by default there: constant facts"),
    ("node_cpu_core_throttles_total", "of Intel's processors"),
    ("node_cpu_flag_info", "off by default there: constant facts"),
    ("node_cpu_frequency_hertz{core", "of cpu.info, off by default there"),
    ("node_cpu_info", "off by default there: constant facts"),
    ("node_cpu_package_throttles_total", "of Intel's processors"),
    ("node_cpu_vulnerabilities_info", "another collector, off by default there"),
    ("node_disk_ata_", "needs udev's database; no Pi has such a disk"),
    ("node_disk_device_mapper_info", "needs udev's database"),
    ("node_disk_filesystem_info", "needs udev's database"),
    ("node_disk_info", "the Pi's own collector tells of its cards and disks"),
    ("node_hwmon_temp_celsius{chip=\"thermal_thermal_zone0\",sensor=\"temp0\"", "temp1 again"),
    ("node_network_receive_", "of netlink, which knows this machine's interfaces alone"),
    ("node_network_transmit_", "of netlink, which knows this machine's interfaces alone"),
    ("node_processes_threads_state", "opens a file for each thread"),
    ("node_softirqs_functions_total", "off by default there"),
    ("node_softnet_backlog_len", "theirs makes up a 0 where the kernel has no such column"),
];

/// What is on the agent's page only, and why.
const ADDED: [(&str, &str); 4] = [
    ("node_arp_entries{device=\"nope", "left out there by a flag of the fixture's run"),
    ("node_hwmon_chip_names{chip=\"bogus", "left out there by a flag of the fixture's run"),
    ("node_network_speed_bytes", "unknown speeds left out there by a flag of the fixture's run"),
    ("node_selinux_enabled", "of this machine"),
];

/// Values that differ, and why.
const OTHER_VALUE: [(&str, &str); 3] = [
    (
        "node_nvme_namespace_capacity_bytes",
        "theirs takes the kernel's sectors of 512 bytes for blocks of the drive",
    ),
    (
        "node_nvme_namespace_size_bytes",
        "theirs takes the kernel's sectors of 512 bytes for blocks of the drive",
    ),
    ("node_softnet_", "theirs makes up a 0 where the kernel has no such column"),
];

/// The collectors compared, and how the names of their series begin; the longest
/// beginning counts.
const COLLECTORS: [(&str, &[&str]); 28] = [
    ("arp", &["node_arp_"]),
    ("bonding", &["node_bonding_"]),
    ("conntrack", &["node_nf_conntrack_"]),
    ("cpu", &["node_cpu_"]),
    ("cpufreq", &["node_cpu_frequency_", "node_cpu_scaling_"]),
    ("diskstats", &["node_disk_"]),
    ("entropy", &["node_entropy_"]),
    ("filefd", &["node_filefd_"]),
    ("hwmon", &["node_hwmon_"]),
    ("interrupts", &["node_interrupts_"]),
    ("kernel_hung", &["node_kernel_hung_"]),
    ("loadavg", &["node_load"]),
    ("mdadm", &["node_md_"]),
    ("meminfo", &["node_memory_"]),
    ("netclass", &["node_network_"]),
    ("netstat", &["node_netstat_"]),
    ("nvme", &["node_nvme_"]),
    ("os", &["node_os_"]),
    ("powersupplyclass", &["node_power_supply_"]),
    ("pressure", &["node_pressure_"]),
    ("processes", &["node_processes_"]),
    ("schedstat", &["node_schedstat_"]),
    ("sockstat", &["node_sockstat_"]),
    ("softnet", &["node_softnet_"]),
    ("stat", &["node_boot_", "node_context_", "node_forks_", "node_intr_", "node_procs_"]),
    ("thermal_zone", &["node_thermal_", "node_cooling_"]),
    ("udp_queues", &["node_udp_"]),
    ("vmstat", &["node_vmstat_"]),
];

/// Names that begin as an offered collector's and are another's.
const OF_OTHERS: [&str; 1] = ["node_memory_numa_"];

fn collector(series: &str) -> Option<&'static str> {
    if OF_OTHERS.iter().any(|start| series.starts_with(start)) {
        return None;
    }
    let starts = COLLECTORS.iter().flat_map(|(name, starts)| starts.iter().map(move |s| (s, name)));
    let found = starts.filter(|(start, _)| series.starts_with(**start));
    found.max_by_key(|(start, _)| start.len()).map(|(_, name)| *name)
}

/// Series and values: labels in their order, values as numbers.
fn series(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let read = lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let Some((name, labels)) = series.split_once('{') else {
            return Some((series.to_owned(), value.parse().ok()?));
        };
        let labels = labels.strip_suffix("\"}").unwrap_or(labels);
        // None of these fixtures' values has a comma behind a quotation mark.
        let mut labels: Vec<&str> = labels.split("\",").collect();
        labels.sort_unstable();
        Some((format!("{name}{{{}", labels.join("\",")), value.parse().ok()?))
    });
    read.collect()
}

/// The module's folder.
fn sources() -> PathBuf {
    let scratch = tempfile::tempdir().unwrap();
    let go = |args: &[&str]| Command::new("go").args(args).current_dir(scratch.path()).output();
    let begun = go(&["mod", "init", "fixtures"]);
    assert!(begun.is_ok(), "go is not there; it gets node_exporter's fixtures: {begun:?}");
    let told = go(&["mod", "download", "-json", MODULE]).unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    PathBuf::from(told["Dir"].as_str().unwrap())
}

/// Unpacks an archive of text files: each has its path, its lines and its mode.
fn unpack(archive: &Path, to: &Path) {
    let text = fs::read(archive).unwrap();
    let mut lines = text.split(|byte| *byte == b'\n');
    let name = |line: &[u8]| to.join(str::from_utf8(line).unwrap());
    let mut path = PathBuf::new();
    while let Some(line) = lines.next() {
        if let Some(folder) = line.strip_prefix(b"Directory: ") {
            fs::create_dir_all(name(folder)).unwrap();
        } else if let Some(file) = line.strip_prefix(b"Path: ") {
            path = name(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        } else if let Some(target) = line.strip_prefix(b"SymlinkTo: ") {
            std::os::unix::fs::symlink(str::from_utf8(target).unwrap(), &path).unwrap();
        } else if let Some(count) = line.strip_prefix(b"Lines: ") {
            let count: usize = str::from_utf8(count).unwrap().parse().unwrap();
            let content = lines.by_ref().take(count).map(plain).collect::<Vec<_>>().concat();
            fs::write(&path, content).unwrap();
        }
    }
}

/// A line as it was: its end may be marked as none, and so may bytes that are 0.
fn plain(line: &[u8]) -> Vec<u8> {
    let (line, end) = match line.strip_suffix(b"EOF") {
        Some(line) if !line.ends_with(b"\\") => (line, &b""[..]),
        _ => (line, &b"\n"[..]),
    };
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(&first) = rest.first() {
        if let Some(after) = rest.strip_prefix(b"NULLBYTE") {
            out.push(0);
            rest = after;
        } else {
            // What is meant is written with a stroke before it.
            if first != b'\\' || !(rest[1..].starts_with(b"NULLBYTE") || rest[1..] == *b"EOF") {
                out.push(first);
            }
            rest = &rest[1..];
            if first == b'\\' && rest.starts_with(b"NULLBYTE") {
                out.extend(b"NULLBYTE");
                rest = &rest[b"NULLBYTE".len()..];
            }
        }
    }
    out.extend(end);
    out
}

fn reason(list: &[(&str, &str)], series: &str) -> bool {
    list.iter().any(|(start, _)| series.starts_with(start))
}

#[test]
fn its_own_fixtures_give_what_they_give_node_exporter() {
    let fixtures = sources().join("collector/fixtures");
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    // Its files are read-only where the proxy's are kept.
    let copied = Command::new("cp").arg("-r").arg(fixtures.join("proc")).arg(at).status().unwrap();
    assert!(copied.success());
    Command::new("cp").arg("-r").arg(fixtures.join("usr")).arg(at).status().unwrap();
    unpack(&fixtures.join("sys.ttar"), at);

    let mut command = agent();
    command.args(["interrupts", "processes"].map(|name| format!("--collector.{name}")));
    command.args(["--no-collector.filesystem", "--no-collector.netdev"]);
    for (flag, part) in [("procfs", "proc"), ("sysfs", "sys"), ("rootfs", "")] {
        command.arg(format!("--path.{flag}={}", at.join(part).display()));
    }
    let running = Running::start(&mut command);
    let page = String::from_utf8(running.get("/metrics")).unwrap();
    let ours = series(&page);
    let shown = page.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(ours.len(), shown, "a series is on the page twice");
    let theirs = series(&fs::read_to_string(fixtures.join("e2e-output.txt")).unwrap());

    // Those of interfaces that the fixture's run leaves out.
    let ignored = |series: &str| {
        series.starts_with("node_network_")
            && ["\"dmz", "\"int"].iter().any(|name| series.contains(&format!("device={name}")))
    };
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (series, value) in &theirs {
        let Some(collector) = collector(series) else { continue };
        let count = counts.entry(collector).or_default();
        match ours.get(series) {
            Some(own) if (own - value).abs() <= value.abs() * 1e-12 => count[0] += 1,
            Some(own) if !reason(&OTHER_VALUE, series) => {
                count[2] += 1;
                unexplained.push(format!("{series}: {own}, theirs {value}"));
            }
            None if !reason(&LEFT_OUT, series) => {
                count[2] += 1;
                unexplained.push(format!("{series}: missing, theirs {value}"));
            }
            _ => count[1] += 1,
        }
    }
    for (series, value) in &ours {
        let Some(collector) = collector(series) else { continue };
        if theirs.contains_key(series) || reason(&ADDED, series) || ignored(series) {
            continue;
        }
        counts.entry(collector).or_default()[2] += 1;
        unexplained.push(format!("{series}: {value}, theirs has none"));
    }
    println!("{:20} {:>6} {:>9} {:>9}", "collector", "equal", "left out", "different");
    for (collector, [equal, left_out, different]) in &counts {
        println!("{collector:20} {equal:>6} {left_out:>9} {different:>9}");
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let equal: usize = counts.values().map(|count| count[0]).sum();
    assert!(equal > 800, "only {equal} series are equal");
}
