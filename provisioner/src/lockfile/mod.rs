//! The lock file beside the inventory: `pis.toml` has it in `pis.lock.toml`.
//! Digests of what was fetched, recorded the first time; whatever has another
//! one later is not taken without a person's word.

mod model;
mod text;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use fs_err as fs;

pub(crate) use model::{Checked, Lock, LockedArtifact, LockedImage, Mismatch, accept};
pub(crate) use text::{ImageRef, Name};

use crate::file;

/// Thousands of entries are far less.
const LIMIT_BYTES: u64 = 4 << 20;

/// A lock file by its place.
#[derive(Debug, Clone)]
pub(crate) struct LockFile {
    path: PathBuf,
}

/// Why a lock file was not read or not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// The text is no lock file.
    #[error("{}{}: {what}", path.display(), at(*line))]
    Text { path: PathBuf, line: Option<usize>, what: String },
    /// The text is larger than any lock file.
    #[error("{} is larger than {LIMIT_BYTES} bytes, which no lock file is", path.display())]
    TooLarge { path: PathBuf },
    /// Reading or writing.
    #[error("cannot {action} the lock file {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Rendering, which is a fault of this program.
    #[error("cannot write down the lock")]
    Render(#[from] toml::ser::Error),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

impl LockError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::TooLarge { .. } => {
                "take the file back from your version control, or correct the line; deleting it makes the next run trust whatever it finds"
            }
            Self::Io { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                ) =>
            {
                "free some space on the disk of the inventory"
            }
            Self::Io { .. } => "the folder of the inventory has to be writable by you",
            Self::Render(_) => "report it: this is a fault of provision",
        }
    }
}

impl LockFile {
    /// The one of this inventory.
    pub(crate) fn of(inventory: &Path) -> Self {
        Self { path: inventory.with_extension("lock.toml") }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All it says; one that is not there says nothing.
    pub(crate) fn read(&self) -> Result<Lock, LockError> {
        match fs::File::open(&self.path) {
            Ok(file) => self.parse(file.file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lock::default()),
            Err(error) => Err(self.io("read")(error)),
        }
    }

    /// Changes it. What other runs wrote meanwhile is seen by `change` and kept;
    /// when `change` fails, or changes nothing, nothing is written.
    pub(crate) fn update<T, E: From<LockError>>(
        &self,
        change: impl FnOnce(&mut Lock) -> Result<T, E>,
    ) -> Result<T, E> {
        let target = file::target(&self.path).map_err(self.io("find"))?;
        let held = self.hold(&target)?;
        let before = self.parse(&held)?;
        let mut lock = before.clone();
        let changed = change(&mut lock);
        let written = match &changed {
            Ok(_) if lock != before => self.write(&target, &lock),
            _ => Ok(()),
        };
        if held.metadata().is_ok_and(|file| file.len() == 0) && (written.is_err() || lock == before)
        {
            // Made by `hold` and nothing to say: no trace of it stays.
            let _ = fs::remove_file(&target);
        }
        written?;
        changed
    }

    fn write(&self, target: &Path, lock: &Lock) -> Result<(), LockError> {
        file::replace(target, &text::render(lock)?).map_err(self.io("write"))
    }

    /// The file, locked against other runs until it is dropped; made empty when
    /// it is not there.
    fn hold(&self, target: &Path) -> Result<std::fs::File, LockError> {
        loop {
            let file = fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(target)
                .map_err(self.io("open"))?
                .into_file();
            file.lock().map_err(self.io("lock"))?;
            if is_at(&file, target).map_err(self.io("read"))? {
                return Ok(file);
            }
            // Another run has put a new file in its place meanwhile.
        }
    }

    fn parse(&self, file: &std::fs::File) -> Result<Lock, LockError> {
        let mut bytes = Vec::new();
        file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(self.io("read"))?;
        if bytes.len() as u64 > LIMIT_BYTES {
            return Err(LockError::TooLarge { path: self.path.clone() });
        }
        let fault = |line, what| LockError::Text { path: self.path.clone(), line, what };
        let text = String::from_utf8(bytes).map_err(|_| fault(None, "not UTF-8".to_owned()))?;
        text::parse(&text).map_err(|text::Fault { line, what }| fault(line, what))
    }

    fn io(&self, action: &'static str) -> impl Fn(io::Error) -> LockError {
        let path = self.path.clone();
        move |source| LockError::Io { action, path: path.clone(), source }
    }
}

/// Whether the path still leads to this file.
fn is_at(file: &std::fs::File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let here = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((here.dev(), here.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
