//! The command line: `node_exporter`'s flags, where they mean the same.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Parser};
use regex_lite::Regex;

use crate::address::Address;
use crate::collector::TABLE;
use crate::settings::{Filter, Settings, Switches};

/// Serves this host's metrics to Prometheus.
#[derive(Debug, Clone, Parser)]
#[command(name = "terrarium-agent", version, about, args_override_self = true)]
pub struct Args {
    /// Where to listen: host:port (IPv6 in brackets), or :port for every address;
    /// may be given several times.
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":9100")]
    pub listen: Vec<Address>,
    /// Serve on the sockets that systemd hands over, instead of listening.
    #[arg(long = "web.systemd-socket")]
    pub systemd_socket: bool,
    /// Under which path the metrics are.
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics")]
    pub metrics_path: MetricsPath,
    /// TLS, passwords and headers: a YAML file as exporter-toolkit has it.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config: Option<PathBuf>,
    /// Leave out what the agent says of itself (`process_*`, `terrarium_agent_*`).
    #[arg(long = "web.disable-exporter-metrics")]
    pub disable_exporter_metrics: bool,
    /// How many scrapes may be under way at a time, until they are read; 0 for any
    /// number. Without it only those of chosen collectors are counted, up to 40.
    #[arg(long = "web.max-requests", value_name = "NUMBER")]
    pub max_requests: Option<usize>,
    /// The file that says which services are probed; read again on SIGHUP.
    #[arg(long = "config.file", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where procfs is mounted.
    #[arg(long = "path.procfs", value_name = "DIR", default_value = "/proc")]
    pub procfs: PathBuf,
    /// Where sysfs is mounted.
    #[arg(long = "path.sysfs", value_name = "DIR", default_value = "/sys")]
    pub sysfs: PathBuf,
    /// Where the host's root file system is mounted.
    #[arg(long = "path.rootfs", value_name = "DIR", default_value = "/")]
    pub rootfs: PathBuf,
    /// A folder of files `*.prom` with metrics to pass on, or a pattern for several;
    /// none without it. May be given several times.
    #[arg(long = "collector.textfile.directory", value_name = "DIR")]
    pub textfiles: Vec<PathBuf>,
    /// Interfaces not to show, instead of pods' own.
    #[arg(long = "collector.netdev.device-exclude", value_name = "REGEX")]
    pub netdev_exclude: Option<Regex>,
    /// Interfaces to show, and no others.
    #[arg(
        long = "collector.netdev.device-include",
        value_name = "REGEX",
        conflicts_with = "netdev_exclude"
    )]
    pub netdev_include: Option<Regex>,
    /// Block devices not to show, instead of memory disks and partitions.
    #[arg(long = "collector.diskstats.device-exclude", value_name = "REGEX")]
    pub diskstats_exclude: Option<Regex>,
    /// Block devices to show, and no others.
    #[arg(
        long = "collector.diskstats.device-include",
        value_name = "REGEX",
        conflicts_with = "diskstats_exclude"
    )]
    pub diskstats_include: Option<Regex>,
    /// Mount points not to show, instead of the kernel's and containers' own.
    #[arg(long = "collector.filesystem.mount-points-exclude", value_name = "REGEX")]
    pub mounts_exclude: Option<Regex>,
    /// Types of file systems not to show, instead of the kernel's own.
    #[arg(long = "collector.filesystem.fs-types-exclude", value_name = "REGEX")]
    pub fstypes_exclude: Option<Regex>,
    /// Mount points to show, and no others.
    #[arg(
        long = "collector.filesystem.mount-points-include",
        value_name = "REGEX",
        conflicts_with = "mounts_exclude"
    )]
    pub mounts_include: Option<Regex>,
    /// Types of file systems to show, and no others.
    #[arg(
        long = "collector.filesystem.fs-types-include",
        value_name = "REGEX",
        conflicts_with = "fstypes_exclude"
    )]
    pub fstypes_include: Option<Regex>,
    /// Units of systemd to show, by their whole names.
    #[arg(long = "collector.systemd.unit-include", value_name = "REGEX")]
    pub units_include: Option<Regex>,
    /// Units of systemd not to show, instead of mounts, devices, scopes and slices.
    #[arg(long = "collector.systemd.unit-exclude", value_name = "REGEX")]
    pub units_exclude: Option<Regex>,
    #[command(flatten)]
    switches: Switches,
}

impl Args {
    /// What the collectors are told.
    pub fn settings(&self) -> Settings {
        let filter = |include: &Option<Regex>, exclude: &Option<Regex>| Filter {
            include: include.clone(),
            exclude: exclude.clone(),
        };
        Settings {
            procfs: self.procfs.clone(),
            sysfs: self.sysfs.clone(),
            rootfs: self.rootfs.clone(),
            textfiles: self.textfiles.clone(),
            switches: self.switches.clone(),
            interfaces: filter(&self.netdev_include, &self.netdev_exclude),
            disks: filter(&self.diskstats_include, &self.diskstats_exclude),
            mounts: filter(&self.mounts_include, &self.mounts_exclude),
            fstypes: filter(&self.fstypes_include, &self.fstypes_exclude),
            units: filter(&self.units_include, &self.units_exclude),
        }
    }
}

/// A path of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsPath(pub String);

impl FromStr for MetricsPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
        let taken = ["/", "/healthz", "/readyz"].contains(&text) || text.starts_with("/api/");
        if text.starts_with('/') && text.bytes().all(plain) && !taken {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a path such as /metrics, of letters, digits, / - _ . , that is not taken")
        }
    }
}

/// Two flags for every collector of the table.
impl clap::Args for Switches {
    fn augment_args(command: Command) -> Command {
        let flag = |long: &'static str| {
            Arg::new(long).long(long).action(ArgAction::SetTrue).hide_short_help(true)
        };
        let all = Arg::new(DISABLE_DEFAULTS)
            .long(DISABLE_DEFAULTS)
            .action(ArgAction::SetTrue)
            .help("Run only the collectors that are switched on");
        TABLE.iter().fold(command.arg(all), |command, spec| {
            let default = if spec.by_default { "on" } else { "off" };
            command
                .arg(flag(spec.on).help(format!("Run this collector ({default} by default)")))
                .arg(flag(spec.off).overrides_with(spec.on).hide(true))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

const DISABLE_DEFAULTS: &str = "collector.disable-defaults";

impl FromArgMatches for Switches {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |flag: fn(&crate::collector::Spec) -> &'static str| {
            TABLE.iter().filter(move |spec| matches.get_flag(flag(spec))).map(|spec| spec.name)
        };
        Ok(Self {
            disable_defaults: matches.get_flag(DISABLE_DEFAULTS),
            on: given(|spec| spec.on).collect(),
            off: given(|spec| spec.off).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
