//! Files from the network, on the operator's machine: downloaded once, verified
//! always, cached.
//!
//! Nothing reaches a node that was not compared with a digest here first. The
//! code blocks; call it through `spawn_blocking`.

mod archive;
mod cache;
mod error;
mod expected;
mod pace;
mod site;
mod transport;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use terrarium_k3s::sums::{self, Sha256};
use terrarium_ssh::places::{self, Me, Rule};

pub use error::{Disagreement, FetchError};
pub use expected::{Check, Expected, Source};
pub use pace::Timeouts;
pub use wanted::{Origin, Wanted};

use site::{Address, Site};
use transport::Transport;

/// Checksum files are a few lines; an error page or worse is cut here.
const SUMS_MAX_BYTES: u64 = 1 << 20;

/// A verified file in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it is; absolute if the cache directory is.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// A file from the network, and what it was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The file.
    pub artifact: Artifact,
    /// Its address, without credentials.
    pub from: String,
    /// What it was compared with.
    pub check: Check,
}

/// The cache, and the ways to fill it. Several runs may share one: files appear
/// whole or not at all.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    pauses: Vec<Duration>,
    timeouts: Timeouts,
    cancel: Arc<AtomicBool>,
    /// Whether plain http is taken although nothing says what the file must be:
    /// tests have no other server.
    plain_http: bool,
    me: Me,
}

impl Store {
    /// A cache in `dir`, made when first needed. Three attempts per file, 1 s and
    /// 4 s apart.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(4)],
            timeouts: Timeouts::default(),
            cancel: Arc::default(),
            plain_http: false,
            me: Me::new(None),
        }
    }

    /// With other waits between attempts: one attempt more than there are waits.
    #[must_use]
    pub fn pauses(self, pauses: Vec<Duration>) -> Self {
        Self { pauses, ..self }
    }

    /// With other deadlines.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Ends downloads, with an error, soon after the flag is set.
    #[must_use]
    pub fn cancelled_by(self, cancel: Arc<AtomicBool>) -> Self {
        Self { cancel, ..self }
    }

    /// For this user, where it is not the one the process runs as alone.
    #[must_use]
    pub fn owned_by(self, me: Me) -> Self {
        Self { me, ..self }
    }

    /// Refuses a file that others could have put there.
    fn hold(&self, path: &Path) -> Result<(), FetchError> {
        match places::check(path, Rule::Ours, &self.me) {
            Ok(Some(fault)) => Err(FetchError::Place(Box::new(fault))),
            // What cannot be looked at cannot be opened either, and says why.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// The file, from the cache if it is there and whole, else downloaded.
    ///
    /// `progress` is told bytes done and, when known, bytes in all. It starts
    /// anew with each attempt and is not called for a cached file.
    ///
    /// The digest is the expected one, the checksum file's, or both's, which must
    /// then agree; an expected one alone is enough where the site has no checksum
    /// file. A cached file is held against the expected digest too, and not asked
    /// for again, save from a `file://` mirror, whose content may change under one
    /// name.
    pub fn fetch(
        &self,
        wanted: &Wanted,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<Fetched, FetchError> {
        let site = Site::of(&wanted.origin)?;
        let address = site.address(&wanted.path);
        if site.is_plain_http() && wanted.expected.is_none() && !self.plain_http {
            let (url, name) = (address.to_string(), wanted.name.clone());
            return Err(FetchError::PlainHttp { url, name });
        }
        let check = wanted
            .expected
            .as_ref()
            .map_or(Check::ReleaseChecksum, |expected| Check::Known(expected.source.clone()));
        let from = address.to_string();
        let fetched = |artifact| Fetched { artifact, from, check };
        let dir = self.dir.join(site.cache_key());
        let path = dir.join(&wanted.file);
        self.hold(&path)?;
        let cached = cache::look(&path)?;
        if let Some(cached) = cached.as_ref().filter(|_| !site.is_local())
            && wanted.expected.as_ref().is_none_or(|known| known.sha256 == cached.sha256)
        {
            return Ok(fetched(cached.clone()));
        }
        let transport = Transport::new(&site, &self.pauses, self.timeouts, &self.cancel);
        let digest = digest(&transport, &site, wanted)?;
        if let Some(cached) = cached.filter(|cached| cached.sha256 == digest.sha256()) {
            return Ok(fetched(cached));
        }
        cache::prepare(&dir)?;
        let artifact = transport
            .attempt(|| download(&transport, &address, &path, wanted, digest, &progress))?;
        Ok(fetched(artifact))
    }

    /// One program out of a fetched `.tar.gz`, kept beside the archive as
    /// `<name>-<digest of the archive>`, executable.
    pub fn unpack(
        &self,
        archive: &Artifact,
        entry: &str,
        name: &str,
    ) -> Result<Artifact, FetchError> {
        let digest = archive.sha256.to_string();
        let dir = archive.path.parent().unwrap_or(&self.dir);
        let path = dir.join(format!("{name}-{}", &digest[..12]));
        self.hold(&path)?;
        match cache::look(&path)? {
            Some(cached) => Ok(cached),
            None => archive::extract(archive, entry, &path),
        }
    }

    /// helm for the operator's machine: the archive, and the program out of it.
    pub fn helm(
        &self,
        release: &terrarium_k3s::release::HelmRelease,
        expected: Option<Expected>,
        mirror: Option<&str>,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<(Fetched, Artifact), FetchError> {
        let archive = self.fetch(&Wanted::helm(release, expected, mirror), progress)?;
        let program = self.unpack(&archive.artifact, &release.entry(), &release.cache_name())?;
        Ok((archive, program))
    }
}

/// The digest the file must have.
#[derive(Debug, Clone, Copy)]
enum Digest {
    /// As it is known, and as the checksum file says too or there is none.
    Known(Sha256),
    /// As the checksum file alone says.
    Listed(Sha256),
    /// As both say.
    Both(Sha256),
}

impl Digest {
    const fn sha256(self) -> Sha256 {
        match self {
            Self::Known(sha256) | Self::Listed(sha256) | Self::Both(sha256) => sha256,
        }
    }
}

/// What the file must be, by all that says so.
fn digest(transport: &Transport<'_>, site: &Site, wanted: &Wanted) -> Result<Digest, FetchError> {
    let known = wanted.expected.as_ref();
    let Some(sums_path) = &wanted.sums_path else {
        return known
            .map(|known| Digest::Known(known.sha256))
            .ok_or_else(|| FetchError::NoDigest { name: wanted.name.clone() });
    };
    let address = site.address(sums_path);
    let text = match (transport.attempt(|| transport.text(&address, SUMS_MAX_BYTES)), known) {
        (Ok(text), _) => text,
        // What is known speaks for itself.
        (Err(error), Some(known)) if error.is_absent() => return Ok(Digest::Known(known.sha256)),
        (Err(error), _) => return Err(error),
    };
    let listed = sums::find(&text, wanted.file_name())
        .map_err(|source| FetchError::Sums { url: address.to_string(), source })?;
    match known {
        None => Ok(Digest::Listed(listed)),
        Some(known) if known.sha256 == listed => Ok(Digest::Both(listed)),
        Some(known) => Err(disagrees(wanted, known, listed, format!("{address} lists"))),
    }
}

fn disagrees(wanted: &Wanted, known: &Expected, got: Sha256, says: String) -> FetchError {
    FetchError::Disagrees(Box::new(Disagreement {
        name: wanted.name.clone(),
        expected: known.clone(),
        got,
        says,
    }))
}

/// One attempt: into a temporary file, compared, then named.
fn download(
    transport: &Transport<'_>,
    address: &Address,
    path: &Path,
    wanted: &Wanted,
    digest: Digest,
    progress: &impl Fn(u64, Option<u64>),
) -> Result<Artifact, FetchError> {
    let mut part = cache::Part::beside(path)?;
    transport.stream(address, &mut part, progress)?;
    let (got, size) = part.digest();
    let expected = digest.sha256();
    // Dropping the part removes it.
    match (digest, &wanted.expected) {
        _ if got == expected => {}
        // No checksum file said what came: it may be another release of that name.
        (Digest::Known(_), Some(known)) => {
            return Err(disagrees(wanted, known, got, format!("{address} has")));
        }
        _ => return Err(FetchError::Checksum { url: address.to_string(), expected, got, size }),
    }
    part.keep(path, cache::Mode::Data)
}

#[cfg(test)]
mod tests;
