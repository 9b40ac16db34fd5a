//! What one probe found a node to be.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use terrarium_k3s::nodes::KubeNode;
use terrarium_k3s::storage::Storage;

use crate::bytes::Bytes;
use crate::existing::Existing;

/// Everything the planners need to know of one node.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Facts {
    /// `uname -m`: `aarch64`, `x86_64`, …
    pub machine: String,
    /// Width of the userland, 32 or 64: a 64-bit kernel may carry a 32-bit one.
    pub userland_bits: u8,
    /// Kernel release.
    pub kernel: String,
    /// CPU features, as `/proc/cpuinfo` lists them for the first core.
    pub cpu_features: Vec<String>,
    /// Processors on line.
    pub cpus: u32,
    /// The block device under `/var/lib`: `/dev/mmcblk0p2`, `/dev/nvme0n1p2`, …
    pub data_device: String,
    /// Page size in bytes.
    pub page_size: u64,
    /// Device-tree model; empty where there is none.
    pub model: String,
    /// `PRETTY_NAME` of os-release.
    pub os: String,
    /// Memory the kernel manages, bytes.
    pub memory_bytes: u64,
    /// The file systems under the places that are written to, by place.
    pub mounts: BTreeMap<String, Mount>,
    /// Mount points of fstab and systemd at which nothing is mounted.
    pub unmounted: Vec<String>,
    /// Where k3s' data really lies, when a link leads there.
    pub data_path: Option<String>,
    /// A link on the way there that leads nowhere.
    pub dangling: Option<String>,
    /// What `overlayroot` is set to in its configuration.
    pub overlayroot: Option<String>,
    /// Size of the file system of the logs, bytes.
    pub log_bytes: Option<u64>,
    /// Free bytes on the file system that will hold k3s' data.
    pub disk_free_bytes: u64,
    /// The running host name.
    pub hostname: String,
    /// The one of `/etc/hostname`, which the next boot takes.
    pub static_hostname: Option<String>,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Start of PID 1 in clock ticks since the kernel's boot, with the boot id:
    /// differs after every reboot.
    pub boot: String,
    /// Start of PID 1, seconds since the epoch by the node's own clock.
    pub boot_time: i64,
    /// Controllers of the cgroup hierarchy; `None` when the file is missing.
    pub cgroup_controllers: Option<Vec<String>>,
    /// Whether pressure (PSI) can be read.
    pub pressure: bool,
    /// The command line the kernel was started with.
    pub kernel_cmdline: String,
    /// Files of the boot partition that may have the kernel's command line, by path.
    pub cmdlines: BTreeMap<String, Bytes>,
    /// `config.txt` and the files it includes, by path.
    pub boot_configs: BTreeMap<String, Bytes>,
    /// The folder the firmware took the kernel from at the last start, where it tells.
    pub os_prefix: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// Time zone, by the name that the node resolves others to.
    pub timezone: String,
    /// Names of time zones asked about, with what the node resolves them to; nothing
    /// where it does not know them.
    pub zones: BTreeMap<String, Option<String>>,
    /// Swap.
    pub swap: Swap,
    /// Kernel modules asked about.
    pub modules: BTreeMap<String, ModuleState>,
    /// Kernel settings asked about, present ones only.
    pub sysctls: BTreeMap<String, String>,
    /// What files set them to at boot; `none` where no file does.
    pub boot_sysctls: BTreeMap<String, String>,
    /// Packages asked about that are installed.
    pub packages: Vec<String>,
    /// Files asked about that exist.
    pub files: BTreeMap<String, FileFact>,
    /// cloud-init, when it works at every start.
    pub cloud_init: Option<CloudInit>,
    /// What else puts a host name or a time zone in place, and restarts the node:
    /// the wish, and the file that says so.
    pub undone_by: Vec<(String, String)>,
    /// `/etc/hosts`.
    pub hosts: Bytes,
    /// `/etc/fstab`.
    pub fstab: Bytes,
    /// systemd units asked about.
    pub units: BTreeMap<String, UnitFact>,
    /// Interfaces with a global address.
    pub interfaces: Vec<Interface>,
    /// The address of the node that the operator reached, when resolved.
    pub reached: Option<IpAddr>,
    /// An active `ufw`.
    pub firewall: bool,
    /// The Pi firmware's throttle bits, when it has such firmware.
    pub throttled: Option<u32>,
    /// Container images asked about that containerd lists and that are pinned, so
    /// that kubelet does not clear them.
    pub images: Vec<String>,
    /// First line of `k3s --version`.
    pub k3s_version: Option<String>,
    /// Kubernetes that is there, whoever has set it up.
    pub existing: Existing,
    /// On the server: the secret that agent nodes join by.
    pub agent_secret: Option<AgentSecret>,
    /// On the server: sha256 of the token that agent nodes join by, as k3s wrote
    /// it; the token itself never leaves the node. `None` while there is none but
    /// the server's own.
    pub token_sha256: Option<String>,
    /// On the server: its own token is one that agent nodes had to hold.
    pub handed_out: bool,
    /// On an agent node: files that hold the server's own token.
    pub server_tokens: Vec<String>,
    /// Certificates of k3s, authorities among them.
    pub certificates: Vec<Certificate>,
    /// On the server: the certificate of the stack's host names.
    pub ingress: Option<Ingress>,
    /// On an agent node: files of an administrator's that name another token.
    pub foreign_tokens: Vec<String>,
    /// On a running server: the cluster as its API tells it.
    pub cluster: Option<Cluster>,
}

/// The node's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Clock {
    /// systemd's own word on whether NTP has synchronised it.
    pub synchronized: bool,
    /// Seconds since the epoch, by the node's own clock.
    pub now: i64,
    /// Node minus operator, milliseconds, off by half a second and half a round
    /// trip at most.
    pub skew_ms: i64,
}

/// What cloud-init is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CloudInit {
    /// It is still at its work of this start.
    pub busy: bool,
    /// Of each file of its configuration what it says of host name and modules.
    pub config: BTreeMap<String, String>,
    /// Keys of the card's user-data, which wins over files, that do.
    pub user_data: Vec<String>,
}

/// What swaps, and who arranged it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Swap {
    /// Mechanisms found: `rpi-swap`, `dphys-swapfile`.
    pub mechanisms: Vec<String>,
    /// Active swap devices and files.
    pub active: Vec<String>,
    /// Units of systemd that swap.
    pub units: Vec<SwapUnit>,
    /// Services that start at boot and call `swapon`.
    pub services: Vec<SwapService>,
    /// Other files run at boot that do.
    pub scripts: Vec<String>,
}

/// A unit of systemd that swaps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SwapUnit {
    /// `dev-zram0.swap`, …
    pub name: String,
    /// It swaps now.
    pub active: bool,
    /// It is enabled.
    pub enabled: bool,
    /// Where it is written.
    pub fragment: String,
    /// What a generator made it from, or `-`.
    pub source: String,
    /// Device or file.
    pub what: String,
}

/// A service that calls `swapon`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SwapService {
    /// `zramswap.service`, …
    pub unit: String,
    /// It calls `swapoff` as well and mounts nothing: it is there for swap alone.
    pub only: bool,
    /// The script that does it, or the unit's own command.
    pub program: String,
}

/// One file system.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Mount {
    /// Where it is mounted.
    pub target: String,
    /// Its kind: `ext4`, `tmpfs`, …
    pub kind: String,
    /// What is mounted.
    pub source: String,
    /// Nothing can be written to it.
    pub read_only: bool,
    /// No program can be started from it.
    pub no_exec: bool,
    /// An overlay whose upper part is in memory.
    pub forgets: bool,
}

/// How far a kernel module is from use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleState {
    /// Built in, or there without being a module of this system's.
    BuiltIn,
    /// Loaded.
    Loaded,
    /// Can be loaded.
    Available,
    /// Not there.
    Missing,
}

/// One file that is managed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFact {
    /// Lower-case hex.
    pub sha256: String,
    /// Octal permission bits, as `stat` prints them.
    pub mode: String,
    /// `owner:group`.
    pub owner: String,
    /// Modification time, seconds since the epoch by the node's own clock.
    pub modified: i64,
}

/// One systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct UnitFact {
    /// `active`, `activating`, `inactive`, `failed`, …
    pub active: String,
    /// `enabled`, `disabled`, `static`, or empty when there is no such unit.
    pub enabled: String,
    /// The unit's files changed since systemd read them.
    pub needs_reload: bool,
    /// `TERRARIUM_GENERATION` of the running main process.
    pub generation: Option<String>,
    /// `TERRARIUM_TOKEN` of the running main process: sha256 of the join token.
    pub token: Option<String>,
    /// Seconds the main process has run.
    pub age: Option<i64>,
}

/// One certificate of k3s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Its file on the node.
    pub path: String,
    /// When it ends, in seconds since the epoch, and whether it signs others;
    /// `None` when the file holds no certificate.
    pub end: Option<Validity>,
}

/// How long a certificate is good, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Validity {
    /// Seconds since the epoch.
    pub end: i64,
    /// It signs others.
    pub authority: bool,
}

/// The certificate that the ingress shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ingress {
    /// When it ends, in seconds since the epoch.
    pub end: i64,
    /// From when on a deployment of the ingress makes another.
    pub renew_after: Option<i64>,
}

/// The secret that agent nodes join by, on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentSecret {
    /// There is none: agent nodes join by the server's own token.
    Missing,
    /// It is there, and k3s has not been started with it.
    Pending,
    /// k3s has been started with it.
    InForce,
}

/// One interface with a global address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// `eth0`, `wlan0`, …
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Its MAC.
    pub mac: String,
}

/// The cluster as a running server's API tells it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Cluster {
    /// The Kubernetes nodes.
    pub nodes: Vec<KubeNode>,
    /// Volumes and classes of the cluster, and claims of the stack's namespace; `None`
    /// where that is not known.
    #[serde(skip)]
    pub storage: Option<Storage>,
    /// What the release query printed, verbatim.
    pub releases: String,
    /// The objects helm made, as its records have them, and those that are there, as
    /// kubectl listed them; `None` where that is not known.
    #[serde(skip)]
    pub objects: Option<StackObjects>,
    /// The labels of the stack's namespace, when it is there.
    pub namespace: Option<BTreeMap<String, String>>,
    /// Why the namespace is still there, in Kubernetes' words, when it is being
    /// deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_ends: Option<String>,
    /// sha256 of the password and of the certificate of the agents' login that
    /// the cluster has for Prometheus, when it has one.
    pub agent_login: Option<(String, String)>,
}

/// What is to be held against each other: lines of words, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackObjects {
    /// What helm made.
    pub made: String,
    /// What is there.
    pub there: String,
}

impl Facts {
    /// The board's serial network identity: the MAC of the interface that was
    /// reached, or the first one.
    pub fn mac(&self) -> Option<&str> {
        self.interface().or(self.interfaces.first()).map(|interface| interface.mac.as_str())
    }

    /// The interface that holds the address the operator reached.
    pub fn interface(&self) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| Some(interface.address) == self.reached)
    }

    /// The architecture level that decides which images run: a Pi 4 is
    /// ARMv8.0, and images built for ARMv8.2 (`MongoDB` from 5.0 on) die on it.
    pub fn cpu_level(&self) -> Option<&'static str> {
        if self.machine != "aarch64" {
            return None;
        }
        let newer = |feature: &String| matches!(feature.as_str(), "asimddp" | "fphp" | "dcpop");
        Some(if self.cpu_features.iter().any(newer) { "armv8.2-a" } else { "armv8.0-a" })
    }

    /// What kind of storage holds the node's data; `None` when it is not one a Pi has.
    pub fn storage(&self) -> Option<&'static str> {
        let device = self.data_device.strip_prefix("/dev/")?;
        [("mmcblk", "sd"), ("nvme", "nvme"), ("sd", "usb")]
            .into_iter()
            .find(|(prefix, _)| device.starts_with(prefix))
            .map(|(_, kind)| kind)
    }

    /// Whether workloads can have memory limits.
    pub fn memory_cgroup(&self) -> bool {
        self.cgroup_controllers.as_ref().is_some_and(|list| list.iter().any(|c| c == "memory"))
    }
}
