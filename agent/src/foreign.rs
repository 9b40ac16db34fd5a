//! Flags that `node_exporter` has and this agent has nothing to do for: its units,
//! manifests and roles start the agent as they are.
//!
//! A flag that would show less, or otherwise, than was asked for costs a line in
//! the journal and nothing else: a node without metrics would be worse.

use std::ffi::{OsStr, OsString};

/// Flags that are ignored for one reason.
#[derive(Debug)]
pub struct Group {
    /// Why, as it follows the flag's name.
    pub reason: &'static str,
    /// Flags without a value; each has its `no-` as well.
    pub switches: &'static [&'static str],
    /// Flags with a value.
    pub values: &'static [&'static str],
}

/// All that are ignored.
pub static IGNORED: &[Group] = &[
    Group {
        reason: "the agent's journal has one line for each thing that goes wrong",
        switches: &[],
        values: &["log.format", "log.level"],
    },
    Group {
        reason: "the agent has the same few threads on every host",
        switches: &[],
        values: &["runtime.gomaxprocs"],
    },
    Group { reason: "the agent does not ask udev", switches: &[], values: &["path.udev.data"] },
    Group {
        reason: "the agent has one way to read this, with the same values",
        switches: &[
            "collector.arp.netlink",
            "collector.netclass.netlink",
            "collector.netdev.netlink",
        ],
        values: &[],
    },
    Group {
        reason: "a mount has a fifth of a second, and each that is remote a thread of its own",
        switches: &[],
        values: &["collector.filesystem.mount-timeout", "collector.filesystem.stat-workers"],
    },
    Group {
        reason: "the interfaces of both collectors are those of --collector.netdev.device-exclude",
        switches: &[],
        values: &["collector.netclass.ignored-devices"],
    },
    Group {
        reason: "that is always so here",
        switches: &[
            "collector.cpu.guest",
            "collector.interrupts.include-zeros",
            "collector.systemd.enable-restarts-metrics",
        ],
        values: &[],
    },
    Group {
        reason: "all that the collector has is shown",
        switches: &["collector.netclass.ignore-invalid-speed"],
        values: &[
            "collector.arp.device-exclude",
            "collector.arp.device-include",
            "collector.hwmon.chip-exclude",
            "collector.hwmon.chip-include",
            "collector.hwmon.sensor-exclude",
            "collector.hwmon.sensor-include",
            "collector.interrupts.name-exclude",
            "collector.interrupts.name-include",
            "collector.powersupply.ignored-supplies",
        ],
    },
    Group {
        reason: "the collector has node_exporter's default set",
        switches: &[],
        values: &["collector.netstat.fields", "collector.vmstat.fields"],
    },
    Group {
        reason: "the agent does not have these metrics",
        switches: &[
            "collector.cpu.info",
            "collector.netclass_rtnl.with-stats",
            "collector.netdev.address-info",
            "collector.netdev.enable-detailed-metrics",
            "collector.netdev.label-ifalias",
            "collector.stat.softirq",
            "collector.systemd.enable-start-time-metrics",
            "collector.systemd.enable-task-metrics",
            "collector.systemd.private",
        ],
        values: &["collector.cpu.info.bugs-include", "collector.cpu.info.flags-include"],
    },
    Group {
        reason: "the agent does not have that collector",
        switches: &[
            "collector.bcache",
            "collector.bcache.priorityStats",
            "collector.bcachefs",
            "collector.boottime",
            "collector.btrfs",
            "collector.buddyinfo",
            "collector.cgroups",
            "collector.cpu_vulnerabilities",
            "collector.devstat",
            "collector.dmmultipath",
            "collector.drbd",
            "collector.drm",
            "collector.edac",
            "collector.ethtool",
            "collector.exec",
            "collector.fibrechannel",
            "collector.infiniband",
            "collector.ipvs",
            "collector.ksmd",
            "collector.lnstat",
            "collector.logind",
            "collector.meminfo_numa",
            "collector.mountstats",
            "collector.netinterface",
            "collector.netisr",
            "collector.network_route",
            "collector.nfs",
            "collector.nfsd",
            "collector.ntp",
            "collector.ntp.server-is-local",
            "collector.nvmesubsystem",
            "collector.partition",
            "collector.pcidevice",
            "collector.pcidevice.names",
            "collector.perf",
            "collector.perf.disable-cache-profilers",
            "collector.perf.disable-hardware-profilers",
            "collector.perf.disable-software-profilers",
            "collector.qdisc",
            "collector.rapl",
            "collector.rapl.enable-zone-label",
            "collector.runit",
            "collector.slabinfo",
            "collector.softirqs",
            "collector.supervisord",
            "collector.swap",
            "collector.sysctl",
            "collector.tapestats",
            "collector.thermal",
            "collector.wifi",
            "collector.xfrm",
            "collector.xfs",
            "collector.zfs",
            "collector.zoneinfo",
        ],
        values: &[
            "collector.ethtool.device-exclude",
            "collector.ethtool.device-include",
            "collector.ethtool.metrics-include",
            "collector.infiniband.device-exclude",
            "collector.infiniband.device-include",
            "collector.ipvs.backend-labels",
            "collector.ntp.ip-ttl",
            "collector.ntp.local-offset-tolerance",
            "collector.ntp.max-distance",
            "collector.ntp.protocol-version",
            "collector.ntp.server",
            "collector.ntp.server-port",
            "collector.pcidevice.idsfile",
            "collector.perf.cache-profilers",
            "collector.perf.cpus",
            "collector.perf.hardware-profilers",
            "collector.perf.software-profilers",
            "collector.perf.tracepoint",
            "collector.qdisc.device-exclude",
            "collector.qdisc.device-include",
            "collector.qdisc.fixtures",
            "collector.qdisk.device-exclude",
            "collector.qdisk.device-include",
            "collector.runit.servicedir",
            "collector.slabinfo.slabs-exclude",
            "collector.slabinfo.slabs-include",
            "collector.supervisord.url",
            "collector.sysctl.include",
            "collector.sysctl.include-info",
            "collector.tapestats.ignored-devices",
            "collector.wifi.fixtures",
        ],
    },
];

/// Names that flags had, and those they have.
pub static RENAMED: &[(&str, &str)] = &[
    ("collector.diskstats.ignored-devices", "collector.diskstats.device-exclude"),
    ("collector.filesystem.ignored-fs-types", "collector.filesystem.fs-types-exclude"),
    ("collector.filesystem.ignored-mount-points", "collector.filesystem.mount-points-exclude"),
    ("collector.netdev.device-blacklist", "collector.netdev.device-exclude"),
    ("collector.netdev.device-whitelist", "collector.netdev.device-include"),
    ("collector.netdev.ignored-devices", "collector.netdev.device-exclude"),
    ("collector.systemd.unit-blacklist", "collector.systemd.unit-exclude"),
    ("collector.systemd.unit-whitelist", "collector.systemd.unit-include"),
];

/// A command line without those flags, and what to say of each.
pub fn translate(given: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<String>) {
    let (mut kept, mut said) = (Vec::new(), Vec::new());
    let mut given = given.into_iter().peekable();
    // The program's own name.
    kept.extend(given.next());
    while let Some(argument) = given.next() {
        let Some(flag) = argument.to_str().and_then(|text| text.strip_prefix("--")) else {
            kept.push(argument);
            continue;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        if let Some((reason, takes_value)) = ignored(name) {
            if takes_value && value.is_none() {
                given.next();
            }
            said.push(format!("--{name} changes nothing: {reason}"));
            continue;
        }
        let renamed = RENAMED.iter().find(|(old, _)| *old == name).map(|(_, new)| *new);
        let name = renamed.unwrap_or(name);
        let next = given.peek().is_some_and(|next| next.is_empty());
        match value {
            // An empty value there is as none: an expression matches nothing.
            Some("") if name.ends_with("-exclude") => kept.push(format!("--{name}=^$").into()),
            Some("") => {}
            Some(value) => kept.push(format!("--{name}={value}").into()),
            None if next && name.ends_with("-exclude") => {
                given.next();
                kept.push(format!("--{name}=^$").into());
            }
            None if next => drop(given.next()),
            None => kept.push(OsStr::new(&format!("--{name}")).to_owned()),
        }
    }
    (kept, said)
}

/// Why a flag is ignored, and whether it takes a value.
fn ignored(name: &str) -> Option<(&'static str, bool)> {
    let plain = name.strip_prefix("no-").unwrap_or(name);
    IGNORED.iter().find_map(|group| {
        if group.switches.contains(&plain) {
            Some((group.reason, false))
        } else {
            group.values.contains(&name).then_some((group.reason, true))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(given: &[&str]) -> (String, usize) {
        let line = ["agent"].iter().chain(given).map(OsString::from);
        let (kept, said) = translate(line);
        let kept: Vec<&str> = kept.iter().skip(1).filter_map(|word| word.to_str()).collect();
        (kept.join(" "), said.len())
    }

    #[test]
    fn what_there_is_nothing_to_do_for_is_said_and_the_rest_stays() {
        for (given, expected, said) in [
            (&["--collector.cpu", "--path.procfs=/p"][..], "--collector.cpu --path.procfs=/p", 0),
            (
                &["--no-collector.zfs", "--collector.wifi", "--web.listen-address", ":1"],
                "--web.listen-address :1",
                2,
            ),
            (
                &["--log.level=info", "--log.format", "logfmt", "--collector.cpu"],
                "--collector.cpu",
                2,
            ),
            (&["--path.udev.data=/run/udev/data"], "", 1),
            (
                &["--collector.netdev.device-blacklist", "^lo$"],
                "--collector.netdev.device-exclude ^lo$",
                0,
            ),
            (
                &["--collector.systemd.unit-whitelist=a=b"],
                "--collector.systemd.unit-include=a=b",
                0,
            ),
            (
                &["--web.config.file=", "--collector.diskstats.device-exclude="],
                "--collector.diskstats.device-exclude=^$",
                0,
            ),
            (&["--web.config.file", "", "--collector.cpu"], "--collector.cpu", 0),
            (&["--no-such-thing", "plain", "--log.level"], "--no-such-thing plain", 1),
        ] {
            assert_eq!(translated(given), (expected.to_owned(), said), "{given:?}");
        }
    }
}
