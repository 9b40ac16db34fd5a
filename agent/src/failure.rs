//! Why a collector could not give everything.

use std::io;
use std::path::Path;
use std::sync::Arc;

/// What went wrong. Made without allocating: a host without some file fails
/// the same way at every scrape.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file could not be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: Arc<Path>,
        /// What the kernel said.
        source: io::Error,
    },
    /// A system call failed.
    #[error("cannot ask the kernel: {call}")]
    Call {
        /// The call.
        call: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file holds something other than the kernel writes there.
    #[error("{file} is not as expected: {expected}")]
    Malformed {
        /// The file, relative to its root.
        file: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// Something was left out, which the collector told itself.
    #[error("something was left out")]
    Told,
    /// What is read does not answer.
    #[error("what it reads does not answer; pages go without it until it does")]
    Late,
    /// This host has nothing of the kind.
    #[error("no {what} on this host")]
    Absent {
        /// What was looked for.
        what: &'static str,
    },
}
