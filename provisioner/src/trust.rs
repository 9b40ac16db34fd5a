//! What a file from the network is held against: the inventory's pin, else what
//! is built in, else what it was the first time.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::civil::Date;
use terrarium_inventory::Inventory;
use terrarium_k3s::sums::Sha256;

use crate::artifact::{Check, Expected, Fetched, Source};
use crate::error::{Code, Failure};
use crate::fetch::pinned;
use crate::lockfile::{Checked, Lock, LockError, LockFile, LockedArtifact, Mismatch, Name, accept};

/// Whether what is seen the first time is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is.
    Record,
    /// It is told that it would be: the command writes nothing.
    Look,
}

/// An inventory's word and its lock file.
#[derive(Debug)]
pub(crate) struct Trust {
    pins: Inventory,
    file: LockFile,
    lock: Lock,
}

/// What is known of one file before it is fetched.
#[derive(Debug)]
pub(crate) struct Known {
    name: Name,
    /// What decides, if anything is known.
    pub expected: Option<Expected>,
    /// Who else says something, and something else.
    others: Vec<Source>,
}

/// Why nothing was recorded.
#[derive(Debug)]
enum Refused {
    Lock(LockError),
    Mismatch(Box<Mismatch>),
}

impl From<LockError> for Refused {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl Trust {
    /// Reads the lock file beside the inventory.
    pub(crate) fn new(inventory: &Inventory) -> Result<Self, Failure> {
        let file = LockFile::of(&inventory.path);
        let lock = file.read().map_err(|error| broken(&error))?;
        Ok(Self { pins: inventory.clone(), file, lock })
    }

    /// What is known of the file; `built_in` is the program's own word.
    pub(crate) fn known(&self, name: &str, built_in: Option<Sha256>) -> Result<Known, Failure> {
        let name = Name::parse(name).map_err(|why| Failure::plain(Code::Internal, why))?;
        let of = |source| move |sha256| Expected { sha256, source };
        let pin = pinned(&self.pins, name.as_str()).map(of(Source::Pinned));
        let locked = self.lock.artifacts.get(&name).map(|locked| Expected {
            sha256: locked.sha256,
            source: Source::Locked { first_seen: locked.first_seen, from: locked.from.clone() },
        });
        let said = pin.into_iter().chain(built_in.map(of(Source::BuiltIn))).chain(locked);
        let (expected, others) = Expected::of(said);
        Ok(Known { name, expected, others })
    }

    /// Records what was fetched, if it is to be, and says the rest of a sentence
    /// about it.
    pub(crate) fn keep(
        &self,
        known: &Known,
        fetched: &Fetched,
        keep: Keep,
        today: Date,
    ) -> Result<String, Failure> {
        let mut said = String::new();
        if known.others.contains(&Source::BuiltIn) {
            said.push_str(", which is not what is built into provision");
        }
        let found = LockedArtifact {
            sha256: fetched.artifact.sha256,
            from: fetched.from.clone(),
            first_seen: today,
            checked: match &fetched.check {
                Check::Known(Source::Pinned) => Checked::Pinned,
                Check::Known(Source::BuiltIn) => Checked::BuiltIn,
                Check::Known(Source::Locked { .. }) => return Ok(said),
                Check::ReleaseChecksum => Checked::ReleaseChecksum,
            },
        };
        let present = self.lock.artifacts.get(&known.name);
        if present.is_some_and(|present| present.sha256 == found.sha256) {
            return Ok(said);
        }
        let file = self.file.path().file_name().map(PathBuf::from).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = match (keep, present) {
            (Keep::Look, None) => write!(said, "; would be recorded in {}", file.display()),
            (Keep::Record, None) => write!(said, "; recorded in {}", file.display()),
            (Keep::Look, Some(was)) => write!(
                said,
                "; would take the place of sha256 {} of {} in {}",
                was.sha256,
                was.first_seen,
                file.display()
            ),
            (Keep::Record, Some(was)) => write!(
                said,
                "; takes the place of sha256 {} of {} in {}",
                was.sha256,
                was.first_seen,
                file.display()
            ),
        };
        if keep == Keep::Record {
            self.record(&known.name, found)?;
        }
        Ok(said)
    }

    fn record(&self, name: &Name, found: LockedArtifact) -> Result<(), Failure> {
        let recorded = self.file.update(|lock| {
            if found.checked == Checked::ReleaseChecksum {
                lock.record_artifact(name, found).map_err(Refused::Mismatch)?;
            } else {
                // Somebody has decided: it takes the place of what there was.
                lock.artifacts.insert(name.clone(), found);
            }
            Ok(())
        });
        recorded.map_err(|refused| match refused {
            Refused::Lock(error) => broken(&error),
            Refused::Mismatch(mismatch) => {
                let accept = mismatch.accept(&self.pins.path);
                Failure::of(Code::Refused, &*mismatch).hint(Some(format!(
                    "another run was quicker and found something else: ask why; {accept} accepts it"
                )))
            }
        })
    }

    /// The rest of a hint: the command that accepts this digest.
    pub(crate) fn accept(&self, name: &str, sha256: Sha256) -> String {
        format!("; {} accepts it", accept(&self.pins.path, name, sha256))
    }
}

/// A lock file that cannot be read or written.
pub(crate) fn broken(error: &LockError) -> Failure {
    Failure::of(Code::Usage, error).hint(Some(error.hint().to_owned()))
}

#[cfg(test)]
mod tests;
