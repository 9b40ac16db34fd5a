//! In the place of `node_exporter`: its flags start the agent, and what it has and
//! the agent has not is in `docs/agent/node-exporter.md`, with the reason.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use clap::{CommandFactory as _, Parser as _};
use terrarium_agent::cli::Args;
use terrarium_agent::collector::TABLE;
use terrarium_agent::foreign::{IGNORED, RENAMED, translate};

use crate::peers;
use crate::running::{Running, agent};

/// A flag's name, and whether it takes a value.
fn flags() -> impl Iterator<Item = (&'static str, bool)> {
    let lines = include_str!("node_exporter_flags.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let (kind, name) = line.split_once(' ').unwrap();
        (name, kind == "value")
    })
}

/// Something that a flag could have as its value.
fn value(name: &str) -> &'static str {
    match name {
        "web.listen-address" => "127.0.0.1:0",
        "web.telemetry-path" => "/metrics",
        "web.max-requests" | "runtime.gomaxprocs" => "1",
        "collector.textfile.directory" => "/nowhere",
        "web.config.file" => "",
        name if name.starts_with("path.") => "/proc",
        _ => "^x$",
    }
}

/// What the agent makes of a command line: how many lines it says of it.
fn taken(line: &[String]) -> Result<usize, String> {
    let line = std::iter::once("agent".to_owned()).chain(line.iter().cloned());
    let (kept, said) = translate(line.map(OsString::from));
    Args::try_parse_from(kept).map(|_| said.len()).map_err(|error| error.to_string())
}

#[test]
fn each_of_its_flags_is_taken() {
    let mut count = 0;
    for (name, takes_value) in flags() {
        count += 1;
        if takes_value {
            for line in [
                vec![format!("--{name}={}", value(name))],
                vec![format!("--{name}"), value(name).to_owned(), "--collector.cpu".to_owned()],
            ] {
                assert!(taken(&line).is_ok_and(|said| said <= 1), "{line:?} {:?}", taken(&line));
            }
            continue;
        }
        let line = vec![format!("--{name}"), format!("--{name}")];
        assert!(taken(&line).is_ok_and(|said| said <= 2), "{:?}", taken(&line));
        if name.starts_with("collector.") && name != "collector.disable-defaults" {
            let line = vec![format!("--no-{name}")];
            assert!(taken(&line).is_ok_and(|said| said <= 1), "{:?}", taken(&line));
        }
    }
    assert!(count > 180, "{count}");
    assert!(taken(&["--collector.no-such-thing".to_owned()]).is_err());
}

/// The flags of public units, manifests, charts and roles.
const PUBLIC: [(&str, &[&str]); 15] = [
    ("the image's own example", &["--path.rootfs=/"]),
    (
        "kube-prometheus",
        &[
            "--path.sysfs=/sys",
            "--path.rootfs=/",
            "--path.procfs=/proc",
            "--path.udev.data=/run/udev/data",
            "--no-collector.wifi",
            "--no-collector.hwmon",
            "--no-collector.btrfs",
            "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run/k3s/containerd/.+|var/lib/docker/.+|var/lib/kubelet/pods/.+)($|/)",
            "--collector.netclass.ignored-devices=^(veth.*|[a-f0-9]{15})$",
            "--collector.netdev.device-exclude=^(veth.*|[a-f0-9]{15})$",
        ],
    ),
    (
        "the community's chart",
        &[
            "--path.procfs=/proc",
            "--path.sysfs=/sys",
            "--path.rootfs=/",
            "--path.udev.data=/run/udev/data",
        ],
    ),
    (
        "the community's Ansible role",
        &[
            "--collector.systemd",
            "--collector.textfile",
            "--collector.textfile.directory=/var/lib/node_exporter",
            "--log.level=info",
            "--log.format=logfmt",
            "--web.telemetry-path=/metrics",
        ],
    ),
    (
        "NixOS",
        &[
            "--collector.systemd",
            "--collector.textfile.directory=/var/lib/node_exporter/textfile_collector",
        ],
    ),
    (
        "a unit with every collector by name",
        &[
            "--log.level=info",
            "--collector.netdev.device-exclude=^(weave|veth.*|docker0|datapath|dummy0)$",
            "--collector.diskstats",
            "--collector.filefd",
            "--collector.interrupts",
            "--collector.tcpstat",
            "--collector.vmstat",
        ],
    ),
    (
        "a Pi's run.sh",
        &[
            "--path.rootfs",
            "/",
            "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
        ],
    ),
    (
        "a compose file",
        &[
            "--collector.textfile.directory=/textfile",
            "--no-collector.zfs",
            "--no-collector.bcache",
            "--collector.vmstat.fields=^(oom_kill|pgpg|pswp|nr|pg.*fault).*",
        ],
    ),
    (
        "a report about systemd's units",
        &[
            "--collector.systemd",
            "--collector.systemd.enable-restarts-metrics",
            "--collector.systemd.enable-start-time-metrics",
            "--collector.systemd.unit-include=.*.service",
            "--collector.systemd.unit-exclude=(fwupd-refresh).service",
        ],
    ),
    (
        "two folders",
        &[
            "--collector.textfile.directory=/var/lib/a",
            "--collector.textfile.directory=/var/lib/b*",
        ],
    ),
    ("addresses", &["--path.rootfs=/", "--collector.netdev.address-info"]),
    (
        "slow mounts",
        &["--collector.filesystem.mount-timeout=2s", "--collector.filesystem.stat-workers", "4"],
    ),
    ("without Go's metrics", &["--web.disable-exporter-metrics", "--runtime.gomaxprocs=1"]),
    (
        "expressions",
        &[
            "--collector.netdev.device-exclude=^(veth|cali|lxc)[[:alnum:]]+$",
            "--collector.diskstats.device-exclude=",
        ],
    ),
    (
        "on and off",
        &["--collector.cpu", "--collector.cpu", "--no-collector.cpu", "--web.config.file="],
    ),
];

#[test]
fn public_units_and_manifests_start_it() {
    for (whose, line) in PUBLIC {
        let page = String::from_utf8(Running::start(agent().args(line)).get("/metrics")).unwrap();
        assert!(page.contains("\nnode_load1 "), "{whose}");
        assert!(page.contains("\nnode_exporter_build_info{"), "{whose}");
    }
}

#[test]
fn an_ignored_flag_is_one_line_in_the_journal() {
    let line = ["--no-collector.zfs", "--path.udev.data=/run/udev/data"];
    let output = agent().args(line).arg("--web.config.file=/nowhere").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("--no-collector.zfs changes nothing: "), "{said}");
    assert_eq!(said.matches("changes nothing").count(), 2, "{said}");
}

#[test]
fn an_empty_exclude_leaves_nothing_out() {
    let page = Running::start(agent().arg("--collector.netdev.device-exclude=")).get("/metrics");
    assert!(
        String::from_utf8(page)
            .unwrap()
            .contains("node_network_receive_bytes_total{device=\"lo\"}")
    );
}

#[test]
fn it_serves_on_the_socket_that_systemd_hands_over() {
    // systemd's own stand-in: it starts the program when somebody connects.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("systemd-socket-activate");
    command.args(["-l", &free.to_string()]).arg(agent().get_program()).arg("--web.systemd-socket");
    let running = Running::start(&mut command);
    assert_eq!(running.address, free);
    for _ in 0..2 {
        assert!(running.get("/metrics").starts_with(b"# HELP "));
    }
    let (code, said) = running.terminate();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn without_a_socket_that_systemd_hands_over_it_says_so() {
    let refused = |number: &str| {
        let script = "exec env LISTEN_PID=$$ LISTEN_FDS=1 \"$0\" --web.systemd-socket";
        let mut command = Command::new("bash");
        command.args(["-c", &format!("{number} {script}")]).arg(agent().get_program());
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let output = agent().arg("--web.systemd-socket").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("systemd handed no socket over") && said.contains(".socket"), "{said}");
    for what in ["exec 3</dev/null;", "exec 3<&-;"] {
        let said = refused(what);
        assert!(said.contains("the socket with the number 3 cannot be served on"), "{said}");
    }
}

/// Why the agent has not what `node_exporter` 1.12 has.
const LACKING: [(&str, &str); 19] = [
    ("go_", "the agent is no program of Go's"),
    ("node_cpu_bug_info", "off by default there: `--collector.cpu.info`"),
    ("node_cpu_flag_info", "off by default there: `--collector.cpu.info`"),
    ("node_cpu_info", "off by default there; what the board is, the Pi's own collector says"),
    ("node_cpu_vulnerabilities_info", "off by default there"),
    (
        "node_cpu_",
        "a processor that is off line has no `node_cpu_seconds_total`; a Pi sets none apart",
    ),
    ("node_disk_", "need udev's database; of cards and drives the Pi's own collector tells more"),
    ("node_filesystem_mount_info", "which device is mounted where is in the labels of the others"),
    ("node_filesystem_purgeable_bytes", "of macOS"),
    (
        "node_hwmon_",
        "settings of desktop boards' fans, alarms and beeps; what sensors measure is there",
    ),
    ("node_md_", "say again what `node_md_disks` and `node_md_disks_required` say"),
    ("node_network_address_info", "off by default there: `--collector.netdev.address-info`"),
    ("node_nvme_namespace_", "of cards and drives the Pi's own collector tells more"),
    ("node_processes_threads_state", "opens a file for each thread"),
    ("node_systemd_unit_", "off by default there"),
    ("node_time_zone_offset_seconds", "a matter of display"),
    ("node_watchdog_", "settings that a Pi's watchdog has not"),
    ("process_network_", "the agent's own traffic is that of its interface"),
    ("promhttp_", "the agent counts its requests in `terrarium_agent_requests_total`"),
];

/// What is there on hosts that the list of metrics is not made from.
const OF_OTHER_HOSTS: [(&str, &str); 8] = [
    ("node_cpu_core_throttles_total", "x86-64"),
    ("node_cpu_package_throttles_total", "x86-64"),
    ("node_dmi_info", "machines with DMI"),
    ("node_hwmon_fan_alarm", "chips with such a sensor"),
    ("node_hwmon_fan_max_rpm", "chips with such a sensor"),
    ("node_hwmon_in_m", "chips with such a sensor"),
    ("node_memory_", "the kernel's own table"),
    ("node_network_receive_nohandler_total", "kernels that count it"),
];

fn there() -> BTreeSet<&'static str> {
    let list = include_str!("../../../docs/agent/metrics.md");
    list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// The first reason that fits a name.
fn reason(name: &str) -> Option<(&'static str, &'static str)> {
    LACKING.into_iter().find(|(start, _)| name.starts_with(start))
}

fn document() -> String {
    let mut text = String::from(
        "<!-- Generated; UPDATE=1 cargo test -p terrarium-agent --test it drop_in rewrites it. -->\n\
         # Beside node_exporter\n\n\
         What `node_exporter` 1.12 has and the agent has not, or has otherwise, each with its\n\
         reason. Its names, labels and values are compared with the real one:\n\
         see [collectors](collectors.md#beside-node_exporter).\n\n\
         ## Metrics\n\n\
         Left out on purpose:\n\n| What | Why |\n|---|---|\n\
         | pods' interfaces (`veth…`, `cali…`) | as many as pods, and the bridge counts the same; \
         `--collector.netdev.device-exclude` brings them back |\n\
         | `node_hwmon_temp_celsius{sensor=\"temp0\"}` | a thermal zone's temperature a second time |\n\
         | `node_netstat_Tcp_MaxConn` | -1 on every kernel, and not among the defaults there either |\n",
    );
    let there = there();
    let lines = include_str!("node_exporter_metrics.txt").lines();
    let lacking: Vec<&str> = lines
        .filter(|line| !line.starts_with('#') && !there.contains(line))
        .filter(|name| !peers::listed(&OF_OTHER_HOSTS, name))
        .collect();
    for name in &lacking {
        assert!(reason(name).is_some(), "{name} is not there, and nobody says why");
    }
    for (start, why) in LACKING {
        let of = |name: &&&str| reason(name) == Some((start, why));
        let names: Vec<String> =
            lacking.iter().filter(of).map(|name| format!("`{name}`")).collect();
        let what = match &names[..] {
            [] => continue,
            few if few.len() <= 8 => few.join(", "),
            many => format!("{} of `{start}…`: {}, …", many.len(), many[..3].join(", ")),
        };
        let _ = writeln!(text, "| {what} | {why} |");
    }
    text.push_str("\n## Collectors\n\nOf its collectors the agent does not have:\n\n");
    let collectors = flags().filter_map(|(flag, takes_value)| {
        let name =
            flag.strip_prefix("collector.").filter(|name| !takes_value && !name.contains('.'))?;
        (name != "disable-defaults" && !TABLE.iter().any(|spec| spec.name == name)).then_some(name)
    });
    let lacking: BTreeSet<&str> = collectors.collect();
    for (names, why) in COLLECTORS {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "- {}: {why}", names.join(", "));
    }
    let explained: BTreeSet<&str> =
        COLLECTORS.iter().flat_map(|(names, _)| *names).copied().collect();
    assert_eq!(
        lacking, explained,
        "the collectors that are not there, and those of which it is said why"
    );
    text.push_str(
        "\n## Flags\n\nEvery flag that is not named here is taken and does what it does there. \
         These are taken,\nand the journal says that they change nothing:\n\n\
         | Flags | Why |\n|---|---|\n",
    );
    for group in IGNORED {
        let names: Vec<String> =
            group.switches.iter().chain(group.values).map(|name| format!("`--{name}`")).collect();
        let _ = writeln!(text, "| {} | {} |", names.join(", "), group.reason);
    }
    text.push_str("\nThese are old names:\n\n| Flag | Now |\n|---|---|\n");
    for (old, new) in RENAMED {
        let _ = writeln!(text, "| `--{old}` | `--{new}` |");
    }
    text
}

/// Collectors that are not there.
const COLLECTORS: [(&[&str], &str); 5] = [
    (
        &["dmmultipath", "edac", "fibrechannel", "infiniband", "rapl", "tapestats"],
        "no Pi has such hardware",
    ),
    (
        &["bcache", "bcachefs", "btrfs", "ipvs", "nfs", "nfsd", "xfs", "zfs"],
        "statistics of what the stack does not use",
    ),
    (
        &[
            "buddyinfo",
            "cgroups",
            "cpu_vulnerabilities",
            "drbd",
            "drm",
            "ethtool",
            "ksmd",
            "lnstat",
            "logind",
            "meminfo_numa",
            "mountstats",
            "network_route",
            "nvmesubsystem",
            "pcidevice",
            "perf",
            "qdisc",
            "slabinfo",
            "softirqs",
            "swap",
            "sysctl",
            "wifi",
            "xfrm",
            "zoneinfo",
        ],
        "off by default there",
    ),
    (&["ntp", "runit", "supervisord"], "off by default there, and deprecated"),
    (
        &["boottime", "devstat", "exec", "netinterface", "netisr", "partition", "thermal"],
        "of other systems than Linux",
    ),
];

#[test]
fn the_committed_page_of_differences_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agent/node-exporter.md");
    let fresh = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "{} is out of date; run with UPDATE=1", path.display());
}

#[test]
fn each_flag_that_is_ignored_is_one_of_its_flags_and_none_of_the_agents() {
    let theirs: BTreeSet<&str> = flags().map(|(name, _)| name).collect();
    let command = Args::command();
    let ours: BTreeSet<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    for group in IGNORED {
        for name in group.switches.iter().chain(group.values) {
            assert!(theirs.contains(name), "{name}");
            assert!(!ours.contains(name), "{name}");
        }
    }
    for (old, new) in RENAMED {
        assert!(ours.contains(new) && !ours.contains(old), "{old} {new}");
    }
}
