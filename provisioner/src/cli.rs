//! The command line, as clap sees it.

mod command;
mod environment;
mod examples;
mod meant;
mod named;
mod options;
mod selection;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::hostkeys::HostKeys;
use values::patience;

pub(crate) use command::{Unparsed, command, parse};
pub(crate) use named::{Found, INVENTORY};
pub(crate) use options::{Data, Fit, Init, Kubeconfig, Report, Tool, Trust};
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
    /// Say everything on standard error: each command on a node, how it ended and
    /// what it complained of. The log of a run has the same
    #[arg(short, long, global = true)]
    pub verbose: bool,
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
    /// Look whether all that a run needs is there: on this machine, on the nodes, in the
    /// cluster
    ///
    /// Nothing is changed and nothing is fetched. Each line that failed says what to do
    /// next; the exit code is that of the first one.
    Doctor {
        /// Write what a report of a fault needs into this file, a tar.gz: the checks,
        /// what the nodes said, the plan and the last logs. Passwords and keys are left
        /// out
        #[arg(long, value_name = "FILE")]
        bundle: Option<PathBuf>,
    },
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
    /// Prove the stack's stores and edges: a marked record through each
    ///
    /// The record is put in at one end, looked for at the other, and taken away
    /// again. Exits with 5 when a store or an edge does not work, and with 6 when
    /// nothing was proven.
    Verify {
        /// Only the edges with these numbers, and no store
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

impl Cli {
    /// What is called when it may come to a node; `None` for what never does.
    pub(crate) fn on_nodes(&self) -> Option<&'static str> {
        let Some(command) = &self.command else { return Some("apply") };
        match command {
            Command::Apply { .. } => Some("apply"),
            Command::Trust(_) => Some("trust"),
            Command::Doctor { .. } => Some("doctor"),
            Command::Fit(fit) if fit.asks_nodes() => Some("fit"),
            Command::Plan { .. } => Some("plan"),
            Command::Status(_) => Some("status"),
            Command::Verify { .. } => Some("verify"),
            Command::Credentials { .. } => Some("credentials"),
            Command::Kubeconfig(_) => Some("kubeconfig"),
            Command::Report(_) => Some("report"),
            Command::Stack { .. } => Some("stack"),
            Command::Probe { .. } => Some("probe"),
            Command::Fit(_)
            | Command::Init(_)
            | Command::Targets { .. }
            | Command::Lock { .. }
            | Command::Schema
            | Command::Completions { .. }
            | Command::Man { .. }
            | Command::Version => None,
        }
    }
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
