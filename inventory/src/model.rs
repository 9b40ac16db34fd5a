//! The inventory with no doubt left: what every other room reads.
//!
//! Built only by resolving a parsed `pis.toml`; every value here has been
//! checked, every default filled in, every path made absolute.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::written::Written;

/// One cluster: its nodes and what is to run on them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inventory {
    /// The file this came from, absolute.
    pub path: PathBuf,
    /// The cluster as a whole.
    pub cluster: Cluster,
    /// Operating-system preparation that applies to every node.
    pub os: Os,
    /// The Kubernetes distribution.
    pub k3s: K3s,
    /// Where artifacts are fetched from.
    pub artifacts: Artifacts,
    /// Which content the tags of container images stand for.
    pub images: Images,
    /// The node agents.
    pub agent: Agent,
    /// The services to run.
    pub stack: Stack,
    /// The nodes, in the order they were written. Names and hosts are unique.
    pub nodes: Vec<Node>,
    /// The text it was read from, to show where a value stands that is found wrong
    /// later.
    #[serde(skip)]
    pub written: Written,
}

impl Inventory {
    /// The first server: the node whose API the others join.
    ///
    /// # Panics
    /// Never for a resolved inventory: resolving refuses one without a server.
    pub fn server(&self) -> &Node {
        self.nodes
            .iter()
            .find(|node| node.role == Role::Server)
            .unwrap_or_else(|| unreachable!("a resolved inventory has a server"))
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

/// `[cluster]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cluster {
    /// A DNS label; the kubeconfig context's name.
    pub name: String,
    /// The domain under which services get host names.
    pub domain: String,
    /// The kubeconfig file to merge into, absolute.
    pub kubeconfig: PathBuf,
}

/// `[os]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Os {
    /// IANA name; `None` leaves the node's own.
    pub timezone: Option<String>,
    /// What is done about swap.
    pub swap: Swap,
    /// Debian packages to install, sorted, no doubles.
    pub packages: Vec<String>,
}

/// What is done about swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Swap {
    /// Turned off by the mechanism found on the node.
    Off,
    /// Left as the image has it.
    Keep,
}

/// `[k3s]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct K3s {
    /// A release, as k3s names them: `v1.36.3+k3s1`.
    pub version: String,
    /// sha256 of the release's binary per architecture (`arm64`, `amd64`), when pinned by hand.
    pub sha256: BTreeMap<String, String>,
    /// Packaged components to leave out (`traefik`, `servicelb`, …), sorted.
    pub disable: Vec<String>,
    /// Further keys of the server's `config.yaml`, as k3s names them.
    pub server: BTreeMap<String, toml::Value>,
    /// Further keys of an agent node's `config.yaml`.
    pub agent: BTreeMap<String, toml::Value>,
}

/// `[artifacts]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifacts {
    /// Base address (`https://`, `http://` or `file://`) that holds the same
    /// layout as the public sites; `None` means the public sites.
    pub mirror: Option<String>,
    /// sha256 pinned by hand, by the file's name (`k3s-v1.36.3+k3s1-arm64`), those
    /// of `[k3s.sha256]` included.
    pub sha256: BTreeMap<String, String>,
}

/// `[images]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Images {
    /// Whether digests are recorded the first time, and kept to.
    pub lock: bool,
    /// Addresses asked in place of registries, by the registry's name; `*` stands
    /// for all others.
    pub mirrors: BTreeMap<String, String>,
}

/// `[agent]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Whether their page is served over TLS and asks for a login.
    pub login: bool,
}

/// `[stack]`. Its `Debug` names the services that have values and keeps the
/// values to itself: a chart's values may hold passwords.
#[derive(Clone, PartialEq, Serialize)]
pub struct Stack {
    /// A named set of services; `None` when services are listed.
    pub profile: Option<String>,
    /// Services named one by one, in addition to the profile.
    pub services: Vec<String>,
    /// Services of the profile that are left out.
    pub without: Vec<String>,
    /// Per service: chart values that win over the chart's own.
    pub values: BTreeMap<String, toml::Table>,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, services, without, values } = self;
        f.debug_struct("Stack")
            .field("profile", profile)
            .field("services", services)
            .field("without", without)
            .field("values", &values.keys())
            .finish()
    }
}

/// `[[node]]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// The node's name, a DNS label: its host name and its Kubernetes name.
    pub name: String,
    /// IP address or DNS name SSH connects to.
    pub host: String,
    /// The host as the inventory has it: an `ssh_config` may call another one so.
    pub alias: String,
    /// Fingerprints (`SHA256:…`) of the host keys it may have; empty when what
    /// `known_hosts` says decides.
    pub host_keys: Vec<String>,
    /// Its part in the cluster.
    pub role: Role,
    /// Board id of the catalogue, when written.
    pub board: Option<String>,
    /// Kubernetes labels to set.
    pub labels: BTreeMap<String, String>,
    /// Whether a k3s that is there already is taken over.
    pub adopt: bool,
    /// How to reach it.
    pub ssh: Ssh,
}

/// A node's part in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the control plane (and workloads).
    Server,
    /// Runs workloads: what k3s calls an agent node.
    Agent,
}

/// How one node is reached; `[ssh]` with the node's own overrides applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ssh {
    /// Login name.
    pub user: String,
    /// TCP port.
    pub port: u16,
    /// Private keys to offer, absolute, in order. Empty: the usual ones of `~/.ssh`.
    pub identities: Vec<PathBuf>,
    /// File whose first line is the login and sudo password, absolute.
    pub password_file: Option<PathBuf>,
    /// Our own `known_hosts`, absolute: beside the inventory unless set.
    pub known_hosts: PathBuf,
    /// Hosts to go through, in order, where the inventory says so.
    pub jump: Option<Vec<Hop>>,
    /// Seconds to wait for a connection, where it says so.
    pub connect_timeout: Option<u64>,
    /// Which `ssh_config` is asked about the rest.
    pub config: SshConfig,
    /// Whether the inventory itself has the login name.
    pub has_user: bool,
    /// Whether it has the port.
    pub has_port: bool,
}

/// A host on the way to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Login name there, where it is not the usual one.
    pub user: Option<String>,
    /// IP address or DNS name, or a `Host` of the `ssh_config`.
    pub host: String,
    /// TCP port, where it is not the usual one.
    pub port: Option<u16>,
}

/// Which `ssh_config` is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshConfig {
    /// The user's and the machine's.
    #[default]
    Usual,
    /// None.
    None,
    /// This one, absolute.
    File(PathBuf),
}

#[cfg(test)]
mod tests {
    use super::Stack;

    #[test]
    fn debug_output_names_services_and_keeps_their_values() {
        let table = toml::from_str("auth = { password = 's3cr3t' }").unwrap();
        let stack = Stack {
            profile: Some("starter".to_owned()),
            services: vec!["redis".to_owned()],
            without: Vec::new(),
            values: [("postgresql".to_owned(), table)].into(),
        };
        assert_eq!(
            format!("{stack:?}"),
            r#"Stack { profile: Some("starter"), services: ["redis"], without: [], values: ["postgresql"] }"#
        );
    }
}
