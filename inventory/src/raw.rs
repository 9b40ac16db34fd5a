//! `pis.toml` as written. Each doc comment below is also what an editor shows
//! and what the reference page prints; the JSON Schema derived from these types
//! is what a file's shape is checked against, so a key is named once, here.
//!
//! Every key is optional to serde: what is missing has been reported before
//! these types are read.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor, value::SeqAccessDeserializer};

use crate::at::At;
use crate::defaults;

/// A cluster of Raspberry Pis and what is to run on it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Terrarium inventory", extend("required" = ["node"]))]
pub(crate) struct Raw {
    /// The cluster as a whole.
    pub(crate) cluster: Cluster,
    /// How the nodes are reached; a node can override it.
    pub(crate) ssh: Ssh,
    /// Preparation of the operating system, the same on every node.
    pub(crate) os: Os,
    /// The Kubernetes distribution.
    pub(crate) k3s: K3s,
    /// Where releases are fetched from.
    pub(crate) artifacts: Artifacts,
    /// Container images: which content their tags stand for.
    pub(crate) images: Images,
    /// The node agents: the programs that show what the nodes are like.
    pub(crate) agent: Agent,
    /// The services to run.
    pub(crate) stack: Stack,
    /// One entry per Pi. When no node is written as the server, the first one
    /// without a role becomes it and the rest become agent nodes.
    #[schemars(extend("minItems" = 1))]
    pub(crate) node: Vec<At<Node>>,
}

/// `[cluster]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cluster {
    /// The cluster's name, a DNS label; also the name of the kubeconfig context.
    #[schemars(extend("default" = defaults::CLUSTER))]
    pub(crate) name: Option<At<String>>,
    /// The domain under which services get host names. Without it, the
    /// cluster's name and `.local`.
    #[schemars(extend("examples" = ["pis.home.arpa"]))]
    pub(crate) domain: Option<At<String>>,
    /// The kubeconfig file the cluster's access is merged into.
    #[schemars(extend("default" = defaults::KUBECONFIG))]
    pub(crate) kubeconfig: Option<At<String>>,
}

/// `[ssh]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ssh {
    /// Login name.
    #[schemars(extend("default" = defaults::USER))]
    pub(crate) user: Option<At<String>>,
    /// TCP port.
    #[schemars(range(min = 1, max = 65535), extend("default" = defaults::PORT))]
    pub(crate) port: Option<At<i64>>,
    /// Private key, or keys in the order they are offered. Without it, the
    /// usual ones of `~/.ssh`.
    #[schemars(extend("examples" = ["~/.ssh/id_ed25519"]))]
    pub(crate) identity: Option<At<OneOrMany>>,
    /// A file whose first line is the login and sudo password. The password
    /// itself is never written in this file.
    #[schemars(extend("examples" = ["pi.password"]))]
    pub(crate) password_file: Option<At<String>>,
    /// The cluster's own record of host keys.
    #[schemars(extend("default" = defaults::KNOWN_HOSTS))]
    pub(crate) known_hosts: Option<At<String>>,
    /// Host to go through, as `user@host:port`, or several, in order; an empty list
    /// for none. Without it, `ProxyJump` of `config`.
    #[schemars(extend("examples" = ["me@bastion.lan:2222"]))]
    pub(crate) jump: Option<At<OneOrMany>>,
    /// Seconds to wait for an address and a connection. Without it,
    /// `ConnectTimeout` of `config`, else 10.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) connect_timeout: Option<At<i64>>,
    /// The `ssh_config` that is followed for what the inventory does not say, `none`
    /// for none. Without it, `~/.ssh/config` and `/etc/ssh/ssh_config`.
    #[schemars(extend("examples" = ["~/.ssh/config", "none"]))]
    pub(crate) config: Option<At<String>>,
}

/// `[os]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Os {
    /// Time zone by its IANA name. Without it, each node keeps its own.
    #[schemars(extend("examples" = ["Europe/Berlin", "UTC"]))]
    pub(crate) timezone: Option<At<String>>,
    /// What is done about swap.
    #[schemars(extend("default" = defaults::SWAP))]
    pub(crate) swap: Option<At<Swap>>,
    /// Debian packages to install on every node.
    #[schemars(extend("examples" = [["htop", "nfs-common"]]))]
    pub(crate) packages: Vec<At<String>>,
}

/// What is done about swap.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Swap {
    /// Turned off by the mechanism found on the node.
    Off,
    /// Left as the image has it.
    Keep,
}

/// `[k3s]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct K3s {
    /// The k3s release, as k3s names it, v1.25.16 or newer. Of v1.26 to v1.28 it takes
    /// v1.26.11, v1.27.8 or v1.28.4 at least.
    #[schemars(extend("default" = defaults::DEFAULT_K3S_VERSION))]
    pub(crate) version: Option<At<String>>,
    /// Checksums of the release's binary, to pin it by hand; the same as in
    /// `[artifacts.sha256]`. Without them, what is built into `provision` or in the
    /// lock file, else the checksums published with the release.
    pub(crate) sha256: Sha256,
    /// Packaged components of k3s to leave out.
    #[schemars(extend("examples" = [["traefik", "servicelb"]]))]
    pub(crate) disable: Vec<At<Component>>,
    /// Further options of the server, under the names k3s gives them.
    #[schemars(
        with = "BTreeMap<String, serde_json::Value>",
        extend("examples" = [{"kubelet-arg": ["max-pods=200"]}])
    )]
    pub(crate) server: BTreeMap<At<String>, At<toml::Value>>,
    /// Further options of the agent nodes, under the names k3s gives them.
    #[schemars(
        with = "BTreeMap<String, serde_json::Value>",
        extend("examples" = [{"node-taint": ["disk=slow:NoSchedule"]}])
    )]
    pub(crate) agent: BTreeMap<At<String>, At<toml::Value>>,
}

/// `[agent]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Agent {
    /// Whether the agents serve their page over TLS and ask for a login, both made
    /// by `provision`. Without, anybody who reaches a node may read it.
    #[schemars(extend("default" = defaults::LOGIN))]
    pub(crate) login: Option<At<bool>>,
}

/// `[k3s.sha256]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sha256 {
    /// sha256 of the binary for 64-bit Arm, 64 hexadecimal digits.
    pub(crate) arm64: Option<At<String>>,
    /// sha256 of the binary for x86-64, 64 hexadecimal digits.
    pub(crate) amd64: Option<At<String>>,
}

/// A packaged component of k3s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Component {
    /// Cluster DNS.
    Coredns,
    /// Volumes on a node's own disk.
    LocalStorage,
    /// Metrics for `kubectl top` and autoscaling.
    MetricsServer,
    /// Runtime classes for other container runtimes.
    Runtimes,
    /// Load balancer services on the nodes' own addresses.
    Servicelb,
    /// The ingress controller.
    Traefik,
}

impl Component {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Coredns => "coredns",
            Self::LocalStorage => "local-storage",
            Self::MetricsServer => "metrics-server",
            Self::Runtimes => "runtimes",
            Self::Servicelb => "servicelb",
            Self::Traefik => "traefik",
        }
    }
}

/// `[artifacts]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Artifacts {
    /// Base address (http, https or file) that holds the public sites' files:
    /// k3s' under `k3s-io/k3s/releases/download/<version>/`, helm's under
    /// `helm/`, each with its checksum file. Without it, the public sites.
    /// Over plain http only what is pinned, built into `provision` or in the
    /// lock file is taken.
    #[schemars(extend("examples" = ["https://mirror.lan/terrarium", "file:///srv/mirror"]))]
    pub(crate) mirror: Option<At<String>>,
    /// sha256 of what is fetched, by the file's name, to pin it by hand: a pin
    /// wins over what is built in and over the lock file. helm's is that of its
    /// archive.
    #[schemars(
        with = "BTreeMap<String, String>",
        extend("examples" = [{"k3s-v1.36.3+k3s1-arm64": "<64 hexadecimal digits>"}])
    )]
    pub(crate) sha256: BTreeMap<At<String>, At<String>>,
}

/// `[images]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Images {
    /// Record in the lock file what each image's registry says it is the first
    /// time, and let nodes run nothing else under its name from then on. Without,
    /// nodes run whatever the registry they pull from says at that moment.
    #[schemars(extend("default" = defaults::LOCK))]
    pub(crate) lock: Option<At<bool>>,
    /// Addresses (http or https) that are asked what images are in place of a
    /// registry, by the registry's name, `*` for all others: a cache, or a copy in
    /// a network without a way out. It concerns this machine; nodes pull as k3s'
    /// own `registries.yaml` says.
    #[schemars(
        with = "BTreeMap<String, String>",
        extend("examples" = [{"docker.io": "https://mirror.lan"}])
    )]
    pub(crate) mirrors: BTreeMap<At<String>, At<String>>,
}

/// `[stack]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stack {
    /// A named set of services.
    pub(crate) profile: Option<At<String>>,
    /// Services by name, in addition to the profile's.
    pub(crate) services: Vec<At<String>>,
    /// Services of the profile to leave out.
    #[schemars(extend("examples" = [["grafana", "kafka-ui"]]))]
    pub(crate) without: Vec<At<String>>,
    /// Per service, chart values that win over the chart's own.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, serde_json::Value>>")]
    pub(crate) values: BTreeMap<At<String>, toml::Table>,
}

/// One Pi.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
#[schemars(extend("required" = ["name", "host"]))]
pub(crate) struct Node {
    /// The node's name, a DNS label: its host name and its Kubernetes name.
    #[schemars(extend("examples" = ["pi-1"]))]
    pub(crate) name: Option<At<String>>,
    /// IP address, DNS name or `Host` of `~/.ssh/config` to connect to, without
    /// user or port.
    #[schemars(extend("examples" = ["192.168.1.11", "pi-1.lan"]))]
    pub(crate) host: Option<At<String>>,
    /// Fingerprint of its SSH host key as `ssh-keygen -l` prints it, or the line of
    /// the public key's file, or several of them. With it the node has to have one
    /// of these keys, whatever `known_hosts` says, and nobody is asked.
    #[schemars(extend("examples" = ["SHA256:uNiVztksCsDhcc0u9e8BrQXVU1rhB6F53q7RzMwq0Tc"]))]
    pub(crate) host_key: Option<At<OneOrMany>>,
    /// Its part in the cluster. Without it, see above.
    pub(crate) role: Option<At<Role>>,
    /// Board id of the catalogue, to have it checked before connecting.
    /// Without it, the board is recognised.
    #[schemars(extend("examples" = ["pi5-8gb"]))]
    pub(crate) board: Option<At<String>>,
    /// Kubernetes labels to set on the node.
    #[schemars(extend("examples" = [{"disk": "nvme"}]))]
    pub(crate) labels: BTreeMap<At<String>, At<String>>,
    /// Whether a k3s that is on the node already, and was not set up from this
    /// inventory, is taken over: its data and its token are kept, its configuration
    /// and its unit are copied to `.bak` and written anew. Without, it is refused.
    #[schemars(extend("default" = false))]
    pub(crate) adopt: Option<At<bool>>,
    /// What differs from `[ssh]` for this node.
    pub(crate) ssh: NodeSsh,
}

/// A node's part in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Runs the control plane, and workloads.
    Server,
    /// Runs workloads.
    Agent,
}

/// `ssh` of a `[[node]]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NodeSsh {
    /// Login name.
    pub(crate) user: Option<At<String>>,
    /// TCP port.
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) port: Option<At<i64>>,
    /// Private key, or keys in the order they are offered.
    pub(crate) identity: Option<At<OneOrMany>>,
    /// A file whose first line is the login and sudo password.
    pub(crate) password_file: Option<At<String>>,
    /// Host to go through, or several, in order.
    pub(crate) jump: Option<At<OneOrMany>>,
    /// Seconds to wait for an address and a connection.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) connect_timeout: Option<At<i64>>,
}

/// One string or a list of them.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum OneOrMany {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<At<String>>),
}

// Written by hand because serde's untagged enums lose the spans.
impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
