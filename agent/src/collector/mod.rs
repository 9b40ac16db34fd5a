//! The collectors: one file each, a pure `encode` and a thin reader.
//!
//! A collector writes what it could learn and then says whether that was
//! everything. Whatever it was fed, what it wrote is well formed.

pub mod apart;
pub mod arp;
pub mod attributes;
pub mod bonding;
pub mod conntrack;
pub mod cpu;
pub mod cpufreq;
pub mod devices;
pub mod diskstats;
pub mod dmi;
pub mod filesystem;
pub mod hwmon;
pub mod interrupts;
pub mod loadavg;
pub mod mdadm;
pub mod meminfo;
pub mod mountinfo;
pub mod netclass;
pub mod netdev;
pub mod netstat;
pub mod numbers;
pub mod nvme;
pub mod os;
pub mod pi;
pub mod pods;
pub mod powersupplyclass;
pub mod pressure;
pub mod processes;
pub mod rescan;
pub mod schedstat;
pub mod selinux;
pub mod sockstat;
pub mod softnet;
pub mod stat;
pub mod systemd;
pub mod table;
pub mod tcpstat;
pub mod textfile;
pub mod thermal_zone;
pub mod time;
pub mod timex;
pub mod udp_queues;
pub mod uname;
pub mod vmstat;
pub mod watchdog;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cgroup::Shared;
use crate::common::Files;
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::settings::Settings;

/// One source of metrics.
pub trait Collector: fmt::Debug + Send {
    /// The value of the `collector` label.
    fn name(&self) -> &'static str;

    /// Reads and encodes. `scratch` holds file contents; its content before
    /// the call means nothing.
    ///
    /// # Errors
    /// When anything is missing from what was written, or nothing was.
    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure>;
}

/// A row of the table of collectors.
#[derive(Debug)]
pub struct Spec {
    /// The value of the `collector` label.
    pub name: &'static str,
    /// The flag that switches it on.
    pub on: &'static str,
    /// The flag that switches it off.
    pub off: &'static str,
    /// Whether it runs with neither.
    pub by_default: bool,
    build: fn(&Settings, &Shared, &Files) -> Box<dyn Collector>,
}

macro_rules! by_default {
    (on) => {
        true
    };
    (off) => {
        false
    };
}

macro_rules! row {
    ($name:literal, $by_default:ident, $build:expr) => {
        row!($name, $by_default, all: |settings, _, _| $build(settings))
    };
    ($name:literal, $by_default:ident, files: $build:expr) => {
        row!($name, $by_default, all: |_, _, files: &Files| $build(files))
    };
    ($name:literal, $by_default:ident, all: $build:expr) => {
        Spec {
            name: $name,
            on: concat!("collector.", $name),
            off: concat!("no-collector.", $name),
            by_default: by_default!($by_default),
            build: |settings, pods, files| Box::new($build(settings, pods, files)),
        }
    };
}

/// Every collector, in the order of their names, but for the one that passes on
/// what others write: it has to know what is written already.
pub static TABLE: &[Spec] = &[
    row!("arp", on, |s: &Settings| arp::Arp::new(s)),
    row!("bonding", on, |s: &Settings| bonding::Bonding::new(&s.sysfs)),
    row!("conntrack", on, |s: &Settings| conntrack::Conntrack::new(s)),
    row!("cpu", on, all: |s, _, files: &Files| cpu::Cpu::new(s, &files.stat)),
    row!("cpufreq", on, |s: &Settings| cpufreq::Cpufreq::new(&s.sysfs)),
    row!("diskstats", on, |s: &Settings| diskstats::Diskstats::new(s)),
    row!("dmi", on, |s: &Settings| dmi::Dmi::new(s)),
    row!("entropy", on, |s: &Settings| numbers::Numbers::new(&numbers::ENTROPY, s)),
    row!("filefd", on, |s: &Settings| numbers::Numbers::new(&numbers::FILEFD, s)),
    row!("filesystem", on, |s: &Settings| filesystem::Filesystem::new(s)),
    row!("hwmon", on, |s: &Settings| hwmon::Hwmon::new(&s.sysfs)),
    row!("interrupts", off, |s: &Settings| interrupts::Interrupts::new(&s.procfs)),
    row!("kernel_hung", on, |s: &Settings| numbers::Numbers::new(&numbers::KERNEL_HUNG, s)),
    row!("loadavg", on, |s: &Settings| loadavg::Loadavg::new(&s.procfs)),
    row!("mdadm", on, |s: &Settings| mdadm::Mdadm::new(s)),
    row!("meminfo", on, files: |files: &Files| meminfo::Meminfo::new(&files.meminfo)),
    row!("netclass", on, |s: &Settings| netclass::Netclass::new(s)),
    row!("netdev", on, |s: &Settings| netdev::Netdev::new(s)),
    row!("netstat", on, |s: &Settings| netstat::Netstat::new(&s.procfs)),
    row!("nvme", on, |s: &Settings| nvme::Nvme::new(s)),
    row!("os", on, |s: &Settings| os::Os::new(s)),
    row!("pods", on, all: |s: &Settings, pods: &Shared, _| pods::Pods::new(s, pods)),
    row!("powersupplyclass", on, |s: &Settings| devices::Devices::new(&powersupplyclass::CLASS, s)),
    row!("pressure", on, all: |s: &Settings, _, files: &Files| pressure::Pressure::new(s, files)),
    row!("processes", off, |s: &Settings| processes::Processes::new(&s.procfs)),
    row!("rpi", on, |s: &Settings| pi::Pi::new(s)),
    row!("schedstat", on, |s: &Settings| schedstat::Schedstat::new(&s.procfs)),
    row!("selinux", on, |s: &Settings| selinux::Selinux::new(s)),
    row!("sockstat", on, |s: &Settings| sockstat::Sockstat::new(&s.procfs)),
    row!("softnet", on, |s: &Settings| softnet::Softnet::new(&s.procfs)),
    row!("stat", on, files: |files: &Files| stat::Stat::new(&files.stat)),
    row!("systemd", off, |s: &Settings| systemd::Systemd::new(s)),
    row!("tcpstat", off, |s: &Settings| tcpstat::Tcpstat::new(&s.procfs)),
    row!("thermal_zone", on, |s: &Settings| thermal_zone::ThermalZone::new(&s.sysfs)),
    row!("time", on, |s: &Settings| time::Time::new(s)),
    row!("timex", on, |_: &Settings| timex::Timex),
    row!("udp_queues", on, |s: &Settings| udp_queues::UdpQueues::new(&s.procfs)),
    row!("uname", on, |_: &Settings| uname::Uname),
    row!("vmstat", on, |s: &Settings| vmstat::Vmstat::new(&s.procfs)),
    row!("watchdog", on, |s: &Settings| devices::Devices::new(&watchdog::CLASS, s)),
    row!("textfile", on, |s: &Settings| textfile::Textfile::new(&s.textfiles)),
];

/// The collectors that are to run; `pods` is the index of this node's, `files` are
/// those that others read as well.
pub fn enabled(settings: &Settings, pods: &Shared, files: &Files) -> Vec<Box<dyn Collector>> {
    let runs = |spec: &&Spec| settings.switches.runs(spec.name, spec.by_default);
    TABLE.iter().filter(runs).map(|spec| (spec.build)(settings, pods, files)).collect()
}

/// The entries of a class folder of sysfs, sorted by the number at their end.
/// A folder that is not there has none.
fn numbered(folder: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    with_prefix(&entries(folder).unwrap_or_default(), folder, prefix)
}

/// Those of the names that have a prefix and a number, sorted by that.
fn with_prefix(names: &[String], folder: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let names = names.iter();
    let mut found: Vec<(u32, PathBuf)> = names
        .filter_map(|name| Some((name.strip_prefix(prefix)?.parse().ok()?, folder.join(name))))
        .collect();
    found.sort_unstable_by_key(|(number, _)| *number);
    found
}

/// The names in a folder, sorted; those that are no text left out.
fn entries(folder: &Path) -> std::io::Result<Vec<String>> {
    let listed = crate::source::noted(std::fs::read_dir(folder))?;
    let names = listed.flatten().map(|entry| entry.file_name().into_string());
    let mut names: Vec<String> = names.filter_map(Result::ok).collect();
    // Each kind of sort is kilobytes of program; the stable ones are twice that.
    names.sort_unstable();
    Ok(names)
}
