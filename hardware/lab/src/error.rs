//! What can go wrong around a lab.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A result of this crate.
pub type Result<T, E = LabError> = std::result::Result<T, E>;

/// What can go wrong around a lab. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A program could not be started.
    #[error("cannot run `{program}`; hardware/lab/bootstrap.sh installs what the lab needs")]
    Spawn {
        /// The program's name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program ended with a failure.
    #[error("`{command}` failed ({status}): {output}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it printed.
        output: String,
    },
    /// A file operation failed; the source names the file.
    #[error("a file of the lab cannot be used")]
    File(#[from] io::Error),
    /// Neither `TERRARIUM_CACHE`, `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no cache directory: set TERRARIUM_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// Another `lab` command is at work on the same lab.
    #[error("another lab command is at work ({holder}); wait for it to end")]
    Locked {
        /// What the lock file says about the holder.
        holder: String,
    },
    /// A lab with other nodes is up.
    #[error("a lab of another shape is up ({present}); `lab down` removes it")]
    OtherLab {
        /// What it is.
        present: String,
    },
    /// No lab has been brought up.
    #[error("there is no lab in {}; `lab up` makes one", state.display())]
    NoLab {
        /// The state directory looked in.
        state: PathBuf,
    },
    /// No such node.
    #[error("no node `{name}` in this lab; it has {known}")]
    NoNode {
        /// What was asked for.
        name: String,
        /// The nodes there are.
        known: String,
    },
    /// A board id the catalogue does not have.
    #[error("no board `{id}` in hardware/boards; for example: {known}")]
    NoBoard {
        /// What was asked for.
        id: String,
        /// Some ids there are.
        known: String,
    },
    /// A size that is not a number with a unit.
    #[error("`{text}` is not an amount of memory; write it like 4GiB or 512MiB")]
    Memory {
        /// What was written.
        text: String,
    },
    /// More nodes than the lab's addresses allow, or none.
    #[error("{asked} nodes asked for, {most} at most and 1 at least")]
    NodeCount {
        /// What was asked for.
        asked: u8,
        /// The most.
        most: u8,
    },
    /// More boards than nodes.
    #[error("{asked} boards for {nodes} nodes; give one board a node at most")]
    MoreBoards {
        /// How many were given.
        asked: usize,
        /// How many nodes there are.
        nodes: u8,
    },
    /// A file the lab's own source tree should have.
    #[error("{} is missing: the lab builds from its source tree", path.display())]
    NoSource {
        /// The file.
        path: PathBuf,
    },
    /// A recipe ended well without making what it is for.
    #[error("{recipe} ended without making {}", path.display())]
    NotMade {
        /// The recipe's name.
        recipe: &'static str,
        /// The file it should have made.
        path: PathBuf,
    },
    /// A state file of another shape.
    #[error("{} cannot be read; `lab down` removes it", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Something took longer than it may.
    #[error("{what}: not within {} s: {seen}", deadline.as_secs())]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        deadline: Duration,
        /// What was seen last.
        seen: String,
    },
    /// A node's container ended instead of booting.
    #[error("node {node} does not boot: {output}")]
    NodeDied {
        /// The node.
        node: String,
        /// The end of its console.
        output: String,
    },
}
