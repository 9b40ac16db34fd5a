//! The command line, as clap sees it.

mod command;
mod environment;
mod examples;
mod meant;
mod named;
mod selection;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::hostkeys::HostKeys;
use values::{duration, patience, price};

pub(crate) use command::{Unparsed, command, parse};
pub(crate) use named::{Found, INVENTORY};
pub(crate) use selection::Selection;

/// The heading of what every command understands.
const GLOBAL: &str = "Global options";

/// Turn Raspberry Pis into a k3s cluster with a data stack, and keep it so.
///
/// Without a subcommand: observe every node of the inventory, plan, carry the
/// plan out, and observe again. Running it once more changes nothing; after a
/// failure, running it once more goes on where it stopped.
#[derive(Debug, Parser)]
#[command(name = "provision", version, max_term_width = 80, disable_help_flag = true)]
pub(crate) struct Cli {
    // First, as a heading is that of all that comes after it.
    #[command(flatten)]
    pub anyway: Anyway,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten, next_help_heading = GLOBAL)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What a run does about a stack that does not fit.
#[derive(Debug, Default, Clone, Copy, Args)]
pub(crate) struct Anyway {
    /// Deploy the stack even when it does not fit its nodes: as much of it as
    /// there is room for will run
    #[arg(long)]
    pub ignore_fit: bool,
}

/// What every subcommand understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The inventory: which nodes, and what is to run on them. Without it,
    /// `TERRARIUM_INVENTORY`, else pis.toml here or in the nearest folder above.
    /// With `-` it comes from standard input
    #[arg(short = 'i', long = "inventory", global = true, value_name = "FILE")]
    pub named: Option<PathBuf>,
    /// The inventory that was named or found; for one of standard input, the file
    /// it stands for.
    #[arg(skip)]
    pub inventory: PathBuf,
    /// Who said so.
    #[arg(skip)]
    pub found: Found,
    /// Ask for the login and sudo password
    #[arg(short = 'K', long, global = true)]
    pub ask_password: bool,
    /// What happens to a node's host key that is not recorded yet. Without it:
    /// asked about on a terminal, else refused where a password would be sent, else
    /// recorded and trusted. `TERRARIUM_HOST_KEYS` says the same
    #[arg(long, global = true, value_name = "POLICY")]
    pub host_keys: Option<HostKeys>,
    /// Multiply every deadline: above 1 for slow cards and networks, below 1 to
    /// hear of a failure sooner (0.01 to 100)
    #[arg(long, global = true, default_value_t = 1.0, value_parser = patience, value_name = "FACTOR")]
    pub patience: f64,
    /// Print JSON: one event a line while working, one document for reports
    #[arg(long, global = true)]
    pub json: bool,
    /// What it is for, and how it is called.
    #[arg(short, long, global = true, action = ArgAction::Help, help = "Print help (see more with '--help')", long_help = "Print help (see a summary with '-h')")]
    pub help: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first inventory
    ///
    /// Addresses are taken as ssh takes them: 192.168.1.11, pi@pi-1.local,
    /// pi@192.168.1.11:2222. Nothing is written that `provision plan` would
    /// not accept, and no file that is there is touched.
    Init(Init),
    /// Show the host keys of nodes, and record them after a look
    ///
    /// Connects as far as the host key: nobody logs in, and no password is sent. On
    /// a terminal asks before a key is recorded. Exits with 3 when a node does not
    /// answer, or its key is neither known nor recorded now.
    Trust(Trust),
    /// Judge whether a stack fits its nodes, before anything is bought or deployed
    ///
    /// Without an option, judges the inventory: its nodes as they are, where they
    /// answer, else by the boards that are written. With --boards, boards that need
    /// not exist. With --nodes and --manifests, anybody's pods on anybody's nodes.
    /// Nothing is touched. Exits with 6 when it does not fit.
    Fit(Fit),
    /// Show what would change and why; nothing is touched
    Plan {
        /// Exit with 5 when something would change
        #[arg(long)]
        exit_code: bool,
        /// Show what would change in each object of the stack; passwords are
        /// masked
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        anyway: Anyway,
        #[command(flatten)]
        selection: Selection,
    },
    /// Carry the plan out: the same as no command at all
    Apply {
        #[command(flatten)]
        anyway: Anyway,
        #[command(flatten)]
        selection: Selection,
    },
    /// Show what the nodes are and whether they are as the inventory wishes
    ///
    /// Exits with 5 when they are not.
    Status(Selection),
    /// Prove the stack's edges: a marked record through each
    ///
    /// The record is put in at one end, looked for at the other, and taken away
    /// again. Exits with 5 when an edge does not work.
    Verify {
        /// Only the edges with these numbers
        #[arg(value_name = "EDGE")]
        edges: Vec<u32>,
    },
    /// Print the users and passwords of the stack's services
    Credentials {
        /// Only of these services
        #[arg(value_name = "SERVICE")]
        services: Vec<String>,
        /// Print the certificate of the local authority instead: for browsers to
        /// trust
        #[arg(long, conflicts_with = "services")]
        ca: bool,
    },
    /// Print the cluster's kubeconfig, or merge it into a file
    ///
    /// It has the administrator's key of the cluster. A run merges it by itself into
    /// the file that `kubeconfig` in [cluster] names.
    Kubeconfig(Kubeconfig),
    /// Tell what nodes and services really use, and whether the nodes bear it
    ///
    /// Asks the nodes' agents, Kubernetes, and the stack's Prometheus where there
    /// is one, all over SSH; says beside it what `provision fit` predicts, and
    /// what each container should request. Nothing is touched. Exits with 6 when
    /// it does not fit as measured, and with 3 when no node answers.
    Report(Report),
    /// Take services out of the cluster
    Stack {
        #[command(subcommand)]
        command: StackCommand,
    },
    /// Print where a Prometheus outside the cluster finds the nodes' agents
    ///
    /// The form is that of Prometheus' discovery by file and by HTTP. Nothing is
    /// asked of the nodes.
    Targets {
        /// Write it there, whole or not at all, for Prometheus to watch;
        /// without it, to standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Describe a node as a board file, from what it says of itself
    ///
    /// `provision fit --boards` takes the file in place of a board of the
    /// catalogue. With --json, prints everything the probe found instead.
    Probe {
        /// The node; may be left out when the inventory has one
        #[arg(value_name = "NODE")]
        node: Option<String>,
        /// Write the board file there, never over one that is there; without it,
        /// to standard output
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Change what is recorded of files and images in the lock file beside the
    /// inventory
    ///
    /// `provision` records the digest of whatever it fetches the first time, in
    /// pis.lock.toml for pis.toml, and stops when it is another one later.
    Lock {
        #[command(subcommand)]
        command: LockCommand,
    },
    /// Print the JSON Schema of the inventory, for editors
    Schema,
    /// Print what completes the command line in a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder they are written into; it is made when it is not there
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Remove services that the inventory does not want any more
    ///
    /// One of --keep-data and --delete-data has to be said. Kept data is found
    /// again when the service is installed anew. Exits with 6 when a service has
    /// to stay: the inventory still wants it, or another one needs it.
    Remove {
        /// The services
        #[arg(required = true, value_name = "SERVICE")]
        services: Vec<String>,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// Take another digest for a file or an image than the one recorded
    ///
    /// The refusal of `provision` prints the whole command. Ask first why a
    /// release changed under its name.
    Accept {
        /// The file or image, by its name in the lock file
        #[arg(value_name = "NAME")]
        name: String,
        /// The digest it has now
        #[arg(value_name = "SHA256")]
        digest: String,
    },
    /// Ask registries anew what the images of the inventory's services are, and
    /// record that
    ///
    /// Prints the recorded digest and the new one of each. The next `provision`
    /// deploys the new ones, which starts their pods anew. Nothing is asked of the
    /// nodes.
    Update {
        /// Only these, as the lock file names them, or the end of that: redis:8
        #[arg(value_name = "IMAGE")]
        images: Vec<String>,
    },
}

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
