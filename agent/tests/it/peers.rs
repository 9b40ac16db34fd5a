//! Beside the real `node_exporter`: the same names, labels, types and values.
//!
//! Debian's is release 1.5; what is newer is listed. Every difference is, with
//! its reason: one that is not fails the test.

use std::process::Command;

use crate::exposition::{self, Family, Page, Sample};
use crate::golden;
use crate::running::{Running, agent};

/// A start of a name or of a series, and why it differs.
type Listed = (&'static str, &'static str);

/// Families and series that only `node_exporter` has.
const LEFT_OUT: [Listed; 9] = [
    ("node_disk_ata_", "needs udev's database; no Pi has such a disk"),
    ("node_disk_device_mapper_info", "needs udev's database"),
    ("node_disk_filesystem_info", "needs udev's database"),
    ("node_disk_info", "the Pi's own collector tells of its cards and disks"),
    ("node_disk_", "zram: memory, left out as RAM disks are"),
    ("node_hwmon_temp_celsius{sensor=\"temp0\"", "a thermal zone's own file, and temp1 again"),
    ("node_processes_threads_state", "opens a file for each thread"),
    ("node_time_zone_offset_seconds", "a matter of display"),
    ("node_cpu_info", "off by default upstream; constant facts"),
];

/// Families and series that only the agent has.
const ADDED: [Listed; 18] = [
    ("container_", "pods: cAdvisor's names"),
    ("node_cpu_scaling_governor", "newer than Debian's"),
    ("node_exporter_build_info", "of what serves: the agent"),
    ("node_filesystem_mount_info", "newer than Debian's"),
    ("node_filesystem_purgeable_bytes", "newer than Debian's"),
    ("node_kernel_hung_tasks_total", "newer than Debian's"),
    ("node_network_receive_nohandler_total", "Debian's shows it from netlink only"),
    ("node_netstat_TcpExt_TCPOFOQueue", "newer than Debian's"),
    ("node_netstat_TcpExt_TCPRcvQDrop", "newer than Debian's"),
    ("node_pressure_irq_stalled_seconds_total", "newer than Debian's"),
    ("node_processes_", "states that no process of the other's moment was in"),
    ("node_softnet_backlog_len", "newer than Debian's"),
    ("node_softnet_cpu_collision_total", "newer than Debian's"),
    ("node_softnet_flow_limit_count_total", "newer than Debian's"),
    ("node_softnet_received_rps_total", "newer than Debian's"),
    ("node_tcp_connection_states", "states that no connection of the other's moment was in"),
    ("node_watchdog_", "newer than Debian's"),
    ("terrarium_agent_", "the agent's own"),
];

/// The Pi's own, besides.
const OF_THE_PI: Listed = ("rpi_", "the Pi's own");

/// What cannot be compared where both read a fixture's files.
const NOT_OF_THE_FILES: [Listed; 12] = [
    ("node_arp_entries", "Debian's asks netlink, which knows no fixture"),
    ("node_filesystem_", "Debian's reads another file; the disk is this machine's"),
    ("node_network_receive_nohandler_total", "Debian's shows it from netlink only"),
    ("node_os_", "Debian's looks where this machine has it"),
    ("node_processes_", "Debian's reads every thread, and a fixture has none"),
    ("node_scrape_collector_", "how long it took"),
    ("node_tcp_connection_states", "Debian's asks netlink, which knows no fixture"),
    ("node_time_seconds", "passes"),
    ("node_timex_", "this machine's clock"),
    ("node_uname_info", "this machine's name, compared live"),
    ("process_", "the program's own"),
    ("promhttp_", "the program's own"),
];

/// Gauges that move between two scrapes, as far as both programs disturb them;
/// their values are compared on the fixture.
const MOVING: [Listed; 17] = [
    ("node_arp_entries", "neighbours come and go"),
    ("node_disk_io_now", "requests come and go"),
    ("node_entropy_available_bits", "is drawn from"),
    ("node_filefd_allocated", "both open files"),
    ("node_filesystem_avail_bytes", "the disk is written to"),
    ("node_filesystem_files_free", "the disk is written to"),
    ("node_filesystem_free_bytes", "the disk is written to"),
    ("node_load", "is recomputed every five seconds"),
    ("node_memory_", "both use memory"),
    ("node_netstat_Tcp_CurrEstab", "both are connected to"),
    ("node_nf_conntrack_entries", "connections come and go"),
    ("node_processes_", "processes come and go"),
    ("node_procs_", "processes come and go"),
    ("node_sockstat_", "both are connected to"),
    ("node_tcp_connection_states", "both are connected to"),
    ("node_timex_", "the clock is steered; the second reading is another"),
    ("node_udp_queues", "packets come and go"),
];

/// Values that are the program's, not the host's.
const OF_THE_PROGRAM: [Listed; 3] = [
    ("node_scrape_collector_", "how long it took"),
    ("process_", "the program's own"),
    ("promhttp_", "the program's own"),
];

/// Labels newer than the release compared with.
const NEWER_LABELS: [Listed; 10] = [
    ("node_filesystem_avail_bytes", "device_error"),
    ("node_filesystem_device_error", "device_error"),
    ("node_filesystem_files", "device_error"),
    ("node_filesystem_files_free", "device_error"),
    ("node_filesystem_free_bytes", "device_error"),
    ("node_filesystem_purgeable_bytes", "device_error"),
    ("node_filesystem_readonly", "device_error"),
    ("node_filesystem_size_bytes", "device_error"),
    ("node_network_info", "adminstate"),
    ("node_nvme_info", "cntlid"),
];

/// Collectors that are off by default and compared all the same. systemd's is
/// compared on a bus of its own.
const OPTIONAL: [&str; 3] = ["interrupts", "processes", "tcpstat"];

/// A tick of the kernel's clock, by which times of processors are rounded.
const TICK: f64 = 0.011;

pub(crate) fn listed(list: &[Listed], name: &str) -> bool {
    list.iter().any(|(start, _)| name.starts_with(start))
}

/// Debian's `node_exporter` with upstream's defaults, which its own are not.
pub(crate) fn exporter() -> Command {
    let program = "prometheus-node-exporter";
    assert!(
        Command::new(program).arg("--version").output().is_ok(),
        "{program} is not there; install it: apt-get install prometheus-node-exporter"
    );
    let mut exporter = Command::new(program);
    exporter.args([
        // From /proc/net/dev: netlink knows nothing of a fixture.
        "--no-collector.netdev.netlink",
        // Pods' interfaces are left out on both sides.
        "--collector.netdev.device-exclude=^(veth|cali)",
        "--collector.netclass.ignored-devices=^(veth|cali)",
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    ]);
    exporter
}

/// The lines of `node_exporter`'s page that are about the host: its runtime's
/// have types that neither the agent nor the strict reader knows.
fn of_the_host(page: &[u8]) -> Page {
    let about_the_host = |line: &&str| {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        ["node_", "process_"].iter().any(|start| name.starts_with(start))
            && !name.starts_with("node_exporter_")
    };
    let text = str::from_utf8(page).unwrap();
    let text: String = text.lines().filter(about_the_host).flat_map(|line| [line, "\n"]).collect();
    exposition::read(text.as_bytes()).unwrap()
}

/// The agent's page without the labels that are newer.
fn ours(page: &[u8]) -> Page {
    let mut ours = exposition::read_unique(page).unwrap();
    for (name, label) in NEWER_LABELS {
        let Some(family) = ours.get_mut(name) else { continue };
        assert!(family.labels.remove(label), "{name} has no {label}");
        for sample in &mut family.samples {
            sample.labels.remove(label);
        }
    }
    ours
}

/// The agent's page, and `node_exporter`'s from before and after it.
struct Pages {
    ours: Page,
    before: Page,
    after: Page,
    /// Collectors of the agent that failed, in its own words.
    log: Vec<String>,
}

fn pages(flags: &[String]) -> Pages {
    let optional = OPTIONAL.map(|collector| format!("--collector.{collector}"));
    let theirs = Running::start(exporter().args(flags).args(&optional));
    let own = Running::start(agent().args(flags).args(&optional));
    // Both have their connections made and their devices found.
    let _ = (own.get("/metrics"), theirs.get("/metrics"));
    let before = theirs.get("/metrics");
    let between = own.get("/metrics");
    let after = theirs.get("/metrics");
    // What a collector could not read explains what is missing.
    let log = own.terminate().1;
    let failed = log.lines().filter(|line| line.starts_with("collector ") && !line.contains("no "));
    let log = failed.map(str::to_owned).collect();
    Pages { ours: ours(&between), before: of_the_host(&before), after: of_the_host(&after), log }
}

fn shape(family: &Family) -> (&str, Vec<&str>) {
    (&family.kind, family.labels.iter().map(String::as_str).collect())
}

fn find<'p>(page: &'p Page, name: &str, sample: &Sample) -> Option<&'p Sample> {
    page.get(name)?.samples.iter().find(|other| other.labels == sample.labels)
}

/// A series as the lists name it: one telling label is enough.
fn series(name: &str, sample: &Sample) -> String {
    let labels = sample.labels.iter().rev();
    format!("{name}{{{}", labels.map(|(l, v)| format!("{l}=\"{v}\"")).collect::<Vec<_>>().join(","))
}

fn number(sample: &Sample) -> f64 {
    sample.value.parse().unwrap()
}

/// Every difference that is not listed, a line each; how many series are alike.
fn differences(
    Pages { ours, before, after, log }: &Pages,
    not_compared: &[Listed],
    loose: &[Listed],
) -> (usize, Vec<String>) {
    let (mut alike, mut found) = (0, Vec::new());
    for (name, family) in before.iter().filter(|(name, _)| !listed(not_compared, name)) {
        let Some(own) = ours.get(name) else {
            if !listed(&LEFT_OUT, name) {
                found.push(format!("{name} is missing"));
            }
            continue;
        };
        if shape(own) != shape(family) {
            found.push(format!("{name} is {:?}, not {:?}", shape(own), shape(family)));
        }
        for sample in &family.samples {
            let series = series(name, sample);
            // What is gone a moment later was going when the agent looked.
            let Some(later) = find(after, name, sample) else { continue };
            let Some(own) = find(ours, name, sample) else {
                if !listed(&LEFT_OUT, &series) && !listed(loose, name) {
                    found.push(format!("{series}}} is missing"));
                }
                continue;
            };
            let (low, high) =
                (number(sample).min(number(later)), number(sample).max(number(later)));
            let slack = if name.starts_with("node_cpu_") { TICK } else { high.abs() * 1e-12 };
            let within = number(own) >= low - slack && number(own) <= high + slack;
            if within || listed(loose, name) {
                alike += 1;
            } else {
                found.push(format!("{series}}} is {}, not {low} to {high}", number(own)));
            }
        }
    }
    for (name, family) in ours.iter().filter(|(name, _)| !listed(not_compared, name)) {
        let known = listed(&ADDED, name) || listed(&[OF_THE_PI], name) || listed(loose, name);
        for sample in family.samples.iter().filter(|_| !known) {
            if find(before, name, sample).or_else(|| find(after, name, sample)).is_none() {
                found.push(format!("{}}} is the agent's alone", series(name, sample)));
            }
        }
    }
    if !found.is_empty() {
        found.extend(log.iter().cloned());
    }
    (alike, found)
}

#[test]
fn on_this_machine_everything_is_as_node_exporter_has_it() {
    let (alike, found) = differences(&pages(&[]), &OF_THE_PROGRAM, &MOVING);
    println!("{alike} series alike");
    assert!(found.is_empty(), "{found:#?}");
    assert!(alike > 300, "only {alike} series alike");
}

#[test]
fn the_same_files_give_the_same_values() {
    let root = tempfile::tempdir().unwrap();
    golden::rootfs(root.path());
    let (alike, found) = differences(&pages(&golden::flags(root.path())), &NOT_OF_THE_FILES, &[]);
    println!("{alike} series alike");
    assert!(found.is_empty(), "{found:#?}");
    assert!(alike > 400, "only {alike} series alike");
}

#[test]
fn no_difference_is_listed_that_is_none() {
    let root = tempfile::tempdir().unwrap();
    golden::rootfs(root.path());
    let shown = |page: &Page| -> Vec<String> {
        page.iter()
            .flat_map(|(name, family)| {
                family.samples.iter().map(move |sample| series(name, sample))
            })
            .collect()
    };
    let fixture = pages(&golden::flags(root.path()));
    let live = pages(&[]);
    let added = [shown(&fixture.ours), shown(&live.ours)].concat();
    for (start, reason) in ADDED {
        // Only in a cluster, or only on a busy host.
        if ["container_", "node_processes_", "node_tcp_connection_states"].contains(&start) {
            continue;
        }
        assert!(added.iter().any(|series| series.starts_with(start)), "{start}: {reason}");
    }
}
