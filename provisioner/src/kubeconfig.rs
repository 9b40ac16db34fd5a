//! The operator's kubeconfig file: read, merged, written whole or not at all.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use terrarium_k3s::kubeconfig::{self, Access, KubeconfigError, Merged};

use crate::file;

/// What a merge asks of the file.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// It is as it should be.
    Nothing,
    /// Its content is; others may read it.
    Restrict,
    /// This is its new text.
    Write {
        /// All of it, credentials included.
        text: String,
        /// Whether there is an old one to keep.
        backup: bool,
    },
}

/// What was done, for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was.
    Unchanged,
    /// Its mode was set to 0600.
    Restricted,
    /// It was written; the old one, if any, is kept at `backup`.
    Written {
        /// The old file.
        backup: Option<PathBuf>,
        /// What our own entries had beyond what is ours, and have no longer.
        removed: Vec<String>,
    },
}

/// Why the file was left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The operator's own text was not understood.
    #[error("`{}` was left as it is", path.display())]
    Merge {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KubeconfigError,
    },
    /// Another program is changing it, or died doing so.
    #[error("`{}` is locked by another program: `{}` exists", path.display(), lock.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Its lock, to be deleted when no kubectl is running.
        lock: PathBuf,
    },
    /// Reading or writing; the source names the path.
    #[error("cannot {action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl std::fmt::Debug for Action {
    /// Without the text: it holds keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Restrict => f.write_str("Restrict"),
            Self::Write { text, backup } => {
                f.debug_struct("Write").field("bytes", &text.len()).field("backup", backup).finish()
            }
        }
    }
}

/// Decides what to do: `existing` is the present text and mode, `merged` the
/// wished text.
pub fn action(existing: Option<(&str, u32)>, merged: String) -> Action {
    match existing {
        Some((text, _)) if text != merged => Action::Write { text: merged, backup: true },
        Some((_, mode)) if mode & 0o077 != 0 => Action::Restrict,
        Some(_) => Action::Nothing,
        None => Action::Write { text: merged, backup: false },
    }
}

/// Lays the access to our cluster into the file at `path` (see
/// [`kubeconfig::merge`] for what that keeps and renews).
///
/// Atomic, mode 0600 whatever it was, the old file beside it as `<name>.bak`;
/// missing directories are made 0700. A link is followed, not replaced. While it
/// works it holds `<name>.lock`, as kubectl does.
pub fn install(
    path: &Path,
    access: &Access,
    context: &str,
    server_url: &str,
) -> Result<Outcome, WriteError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(io_error("make the kubeconfig's directory"))?;
    let _lock = Lock::take(path)?;
    // The target, so that a link into a dotfiles repository stays one.
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(io_error("read the kubeconfig")(error)),
    };
    let existing = read(&target)?;
    let Merged { text: merged, removed } = kubeconfig::merge(
        existing.as_ref().map(|(text, _)| text.as_str()),
        access,
        context,
        server_url,
    )
    .map_err(|source| WriteError::Merge { path: path.to_owned(), source })?;
    let present = existing.as_ref().map(|(text, mode)| (text.as_str(), *mode));
    match action(present, merged) {
        Action::Nothing => Ok(Outcome::Unchanged),
        Action::Restrict => {
            fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600))
                .map_err(io_error("restrict the kubeconfig to its owner"))?;
            Ok(Outcome::Restricted)
        }
        Action::Write { text, backup } => {
            let kept = with_suffix(&target, ".bak");
            if let (true, Some((old, _))) = (backup, &existing) {
                replace(&kept, old)?;
            }
            replace(&target, &text)?;
            Ok(Outcome::Written { backup: backup.then_some(kept), removed })
        }
    }
}

/// Text and mode, when there is a file.
fn read(path: &Path) -> Result<Option<(String, u32)>, WriteError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read the kubeconfig")(error)),
    };
    let metadata = fs::metadata(path).map_err(io_error("read the kubeconfig"))?;
    Ok(Some((text, metadata.permissions().mode())))
}

/// Mode 0600 whatever it was: it holds keys.
fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    file::replace_as(path, text, 0o600).map_err(io_error("write the kubeconfig"))
}

fn io_error(action: &'static str) -> impl FnOnce(io::Error) -> WriteError {
    move |source| WriteError::Io { action, source }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// kubectl's own lock: a file that must not exist yet.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> Result<Self, WriteError> {
        let lock = with_suffix(path, ".lock");
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(_) => Ok(Self(lock)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(WriteError::Locked { path: path.to_owned(), lock })
            }
            Err(error) => Err(io_error("lock the kubeconfig")(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nothing is left to be done about a failure; the next run names the file.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests;
