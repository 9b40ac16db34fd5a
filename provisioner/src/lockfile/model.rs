//! What a lock file says, and how something found is held against it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use terrarium_k3s::sums::Sha256;
use terrarium_ssh::quote;

use super::{ImageRef, Name};

/// Digests of what was used the first time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Files from the network, by their names.
    pub artifacts: BTreeMap<Name, LockedArtifact>,
    /// Images by their references, tag included.
    pub images: BTreeMap<ImageRef, LockedImage>,
}

/// One file from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockedArtifact {
    /// Its digest.
    pub sha256: Sha256,
    /// The address it came from, without credentials.
    pub from: String,
    /// When it was recorded.
    pub first_seen: Date,
    /// What it was compared with that time.
    pub checked: Checked,
}

/// One image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockedImage {
    /// The digest of its index, or of its manifest where it has no index.
    pub digest: Sha256,
    /// When it was recorded.
    pub first_seen: Date,
}

/// What a file was compared with when it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Checked {
    /// The inventory's pin.
    Pinned,
    /// The digest built into this program.
    BuiltIn,
    /// The release's own checksum file, which lies at the same site.
    ReleaseChecksum,
    /// A person's word, by `provision lock accept`.
    Accepted,
}

/// How something found stands to the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not known before.
    First,
    /// The same as on that day.
    Before(Date),
}

/// What kind of thing a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Artifact,
    Image,
}

/// Something has another digest than the first time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{name}` changed: {}, but {got_from} has {}", .locked, .kind.digest(.got))]
pub(crate) struct Mismatch {
    /// A file or an image.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What is recorded.
    pub locked: Recorded,
    /// What there is now.
    pub got: Sha256,
    /// Where that came from.
    pub got_from: String,
}

/// One line of the lock, as errors say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// As it is written, with `sha256:` for an image.
    pub digest: String,
    /// Where it came from, where that is known.
    pub from: Option<String>,
    /// When.
    pub first_seen: Date,
}

impl Kind {
    /// A digest of this kind, as the lock file and the command line have it.
    pub(crate) fn digest(self, digest: &Sha256) -> String {
        match self {
            Self::Artifact => format!("sha256 {digest}"),
            Self::Image => format!("sha256:{digest}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Artifact => "the file",
            Self::Image => "the image",
        })
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, from, first_seen } = self;
        write!(f, "the lock file has {digest} since {first_seen}")?;
        from.as_ref().map_or(Ok(()), |from| write!(f, " from {from}"))
    }
}

impl Mismatch {
    /// The command that takes the new one.
    pub(crate) fn accept(&self, inventory: &Path) -> String {
        accept(inventory, &self.name, self.got)
    }
}

/// The command that takes this digest from now on.
pub(crate) fn accept(inventory: &Path, name: &str, sha256: Sha256) -> String {
    format!(
        "`provision --inventory {} lock accept {name} {sha256}`",
        quote(&inventory.display().to_string())
    )
}

impl Lock {
    /// Holds a file against what is recorded.
    pub(crate) fn check_artifact(
        &self,
        name: &Name,
        sha256: Sha256,
        from: &str,
    ) -> Result<Seen, Box<Mismatch>> {
        match self.artifacts.get(name) {
            None => Ok(Seen::First),
            Some(locked) if locked.sha256 == sha256 => Ok(Seen::Before(locked.first_seen)),
            Some(locked) => Err(Box::new(Mismatch {
                kind: Kind::Artifact,
                name: name.to_string(),
                locked: Recorded {
                    digest: Kind::Artifact.digest(&locked.sha256),
                    from: Some(locked.from.clone()),
                    first_seen: locked.first_seen,
                },
                got: sha256,
                got_from: from.to_owned(),
            })),
        }
    }

    /// Records a file the first time; another one than before is a mismatch.
    pub(crate) fn record_artifact(
        &mut self,
        name: &Name,
        found: LockedArtifact,
    ) -> Result<Seen, Box<Mismatch>> {
        let seen = self.check_artifact(name, found.sha256, &found.from)?;
        if seen == Seen::First {
            self.artifacts.insert(name.clone(), found);
        }
        Ok(seen)
    }

    /// Holds an image against what is recorded. `from` says who told the digest.
    pub(crate) fn check_image(
        &self,
        reference: &ImageRef,
        digest: Sha256,
        from: &str,
    ) -> Result<Seen, Box<Mismatch>> {
        match self.images.get(reference) {
            None => Ok(Seen::First),
            Some(locked) if locked.digest == digest => Ok(Seen::Before(locked.first_seen)),
            Some(locked) => Err(Box::new(Mismatch {
                kind: Kind::Image,
                name: reference.to_string(),
                locked: Recorded {
                    digest: Kind::Image.digest(&locked.digest),
                    from: None,
                    first_seen: locked.first_seen,
                },
                got: digest,
                got_from: from.to_owned(),
            })),
        }
    }

    /// Records an image the first time; another one than before is a mismatch.
    pub(crate) fn record_image(
        &mut self,
        reference: &ImageRef,
        found: LockedImage,
        from: &str,
    ) -> Result<Seen, Box<Mismatch>> {
        let seen = self.check_image(reference, found.digest, from)?;
        if seen == Seen::First {
            self.images.insert(reference.clone(), found);
        }
        Ok(seen)
    }
}
