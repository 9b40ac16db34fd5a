//! Why a collector could not give everything.

use std::io;
use std::path::{Path, PathBuf};
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
    /// It reads on a thread of its own, and there is none.
    #[error(
        "no further thread can be started; it is read again once one can be \
         (TasksMax= of the unit, ulimit -u)"
    )]
    NoThread,
    /// A file or a folder could not be opened for want of descriptors or memory.
    #[error(
        "no further file can be opened; what is missing is looked for at each page \
         (LimitNOFILE= of the unit, fs.file-max)"
    )]
    NoFile,
    /// What is read does not answer.
    #[error("what it reads does not answer; pages go without it until it does")]
    Late,
    /// Pods run here that are not found.
    #[error(
        "{} tells of pods, but none has a control group below {}; \
         the host's own has to be seen there", path.display(), root.display()
    )]
    Pods {
        /// Where there are traces of them.
        path: Arc<Path>,
        /// Where they are looked for.
        root: PathBuf,
    },
    /// This host has nothing of the kind.
    #[error("no {what} on this host")]
    Absent {
        /// What was looked for.
        what: &'static str,
    },
}

/// Whether a fault was told: it is once, and anew after all was well. What never
/// can be read, or sleeps, alarms nobody for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told(bool);

impl Told {
    /// The fault, unless it was told.
    ///
    /// # Errors
    /// When it is the first after all was well.
    pub fn once(&mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let was_told = std::mem::replace(&mut self.0, outcome.is_err());
        if was_told { Ok(()) } else { outcome }
    }

    /// Whether there is a fault that was told.
    pub fn is(self) -> bool {
        self.0
    }
}
