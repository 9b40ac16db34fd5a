//! What single commands are told.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{duration, price};

/// What a first inventory says.
#[derive(Debug, Default, Args)]
pub(crate) struct Init {
    /// Addresses of the nodes; the first becomes the server. Without one, asked for
    /// on a terminal
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// The login name on the nodes; without it, that of the addresses, else pi
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The profile of the stack
    #[arg(long, value_name = "PROFILE", default_value = "starter")]
    pub profile: String,
}

/// What is judged, how long, and where the answer goes.
#[derive(Debug, Default, Args)]
pub(crate) struct Fit {
    /// Boards in place of the inventory's nodes: 3xpi5-8gb, or
    /// pi5-8gb:server,2xpi4-4gb, or board files; the first is the server unless
    /// another is said to be
    #[arg(long, value_name = "BOARDS", conflicts_with = "nodes")]
    pub boards: Option<String>,
    /// The profile in place of the inventory's [stack]: of the charts, or a
    /// stand-in for services without one, such as full, full+openmetadata, small
    #[arg(long, value_name = "PROFILE", conflicts_with = "nodes")]
    pub profile: Option<String>,
    /// A service of the profile to leave out; may be said more than once
    #[arg(long, value_name = "SERVICE", requires = "profile")]
    pub without: Vec<String>,
    /// Nodes, as `kubectl get nodes -o yaml` prints them
    #[arg(long, value_name = "FILE", requires = "manifests")]
    pub nodes: Option<PathBuf>,
    /// Workloads in the order they arrive, as `kubectl get -o yaml` prints them
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "nodes")]
    pub manifests: Vec<PathBuf>,
    /// Ask no node of the inventory: judge by the boards that are written
    #[arg(long, conflicts_with_all = ["boards", "nodes"])]
    pub offline: bool,
    /// Judge k3s as it comes, which reserves nothing for itself and the system
    #[arg(long, conflicts_with = "nodes")]
    pub stock_k3s: bool,
    /// Free disk for volumes on each node, in GiB; without it, what the nodes say
    #[arg(long, value_name = "GIB")]
    pub disk: Option<u64>,
    /// The price of a board, to order advice by: pi5-8gb=95; may be said more
    /// than once
    #[arg(long, value_name = "BOARD=EUR", value_parser = price)]
    pub price: Vec<(String, u64)>,
    /// Write a page with pictures there as well
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How many seconds the answer may take, whatever is asked. Searches and proofs
    /// are counted in steps, so that equal questions get equal answers where the
    /// seconds suffice; where they do not, what was not found out is `unknown`
    #[arg(long, value_name = "SECONDS", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub budget: u32,
    /// Take a minute's work for a proof where two seconds did not decide
    #[arg(long, conflicts_with = "budget")]
    pub prove: bool,
}

impl Fit {
    /// Whether nodes are asked what they are.
    pub(crate) fn asks_nodes(&self) -> bool {
        !self.offline && self.boards.is_none() && self.nodes.is_none()
    }
}

/// Where the kubeconfig goes.
#[derive(Debug, Args)]
pub(crate) struct Kubeconfig {
    /// Merge it into this file, which nobody else can read then; what else the file
    /// has stays
    #[arg(long, value_name = "FILE", conflicts_with = "merge")]
    pub out: Option<PathBuf>,
    /// Merge it into the file that `kubeconfig` in [cluster] names, as a run does
    #[arg(long)]
    pub merge: bool,
}

/// Whose host keys, and who vouches for them.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The nodes; without one, all of the inventory
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Record without asking
    #[arg(long)]
    pub yes: bool,
    /// Record a key that has this fingerprint, SHA256:…, without asking, and no
    /// other; may be said more than once
    #[arg(long = "fingerprint", value_name = "FINGERPRINT", conflicts_with = "yes")]
    pub fingerprints: Vec<String>,
    /// Record also where another key is recorded, in its place
    #[arg(long)]
    pub replace: bool,
}

/// How far back is looked, and where the report goes.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// How much of Prometheus' history is asked for, where the stack has one:
    /// 14d, 36h
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = duration)]
    pub history: Duration,
    /// How long a container has to be watched before a size is advised. Less than
    /// a day is for trying out: a day has hours that are unlike each other
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
    pub min_history: Duration,
    /// Show the sizes another tool would advise, beside ours
    #[arg(long = "as", value_name = "TOOL")]
    pub tool: Option<Tool>,
    /// Write our sizes beside the inventory, pis.sizes.toml for pis.toml: the next
    /// `provision` deploys with them
    #[arg(long)]
    pub write: bool,
    /// Write a page with pictures there as well
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Another tool that advises sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Robusta's KRR, its simple strategy
    Krr,
    /// Kubernetes' Vertical Pod Autoscaler
    Vpa,
}

/// What becomes of a removed service's volumes and passwords.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Data {
    /// Leave its volumes and passwords
    #[arg(long)]
    pub keep_data: bool,
    /// Delete its volumes and passwords as well; there is no way back
    #[arg(long)]
    pub delete_data: bool,
}
