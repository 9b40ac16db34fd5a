//! Files from the network, on the operator's machine: downloaded once, verified
//! always, cached.
//!
//! Nothing reaches a node that was not compared with a digest here first. The
//! code blocks; call it through `spawn_blocking`.

mod archive;
mod cache;
mod error;
mod site;
mod transport;
mod wanted;

use std::path::{Path, PathBuf};
use std::time::Duration;

use terrarium_k3s::sums::{self, Sha256};

pub use error::FetchError;
pub use transport::Timeouts;
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
    /// Its digest, compared with what the release or the inventory says.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// The cache, and the ways to fill it. Several runs may share one: files appear
/// whole or not at all.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    pauses: Vec<Duration>,
    timeouts: Timeouts,
}

impl Store {
    /// A cache in `dir`, made when first needed. Three attempts per file, 1 s and
    /// 4 s apart.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(4)],
            timeouts: Timeouts::default(),
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

    /// The file, from the cache if it is there and whole, else downloaded.
    ///
    /// `progress` is told bytes done and, when known, bytes in all. It starts
    /// anew with each attempt and is not called for a cached file.
    ///
    /// The digest is the pin's, the checksum file's, or both's, which must then
    /// agree; a pin alone is enough where the site has no checksum file. A cached
    /// file is not asked for again, save from a `file://` mirror, whose content
    /// may change under one name.
    pub fn fetch(
        &self,
        wanted: &Wanted,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<Artifact, FetchError> {
        let site = Site::of(&wanted.origin)?;
        let dir = self.dir.join(site.cache_key());
        let path = dir.join(&wanted.name);
        let cached = cache::look(&path)?;
        if let Some(cached) = cached.as_ref().filter(|_| !site.is_local())
            && wanted.expected.is_none_or(|pin| pin == cached.sha256)
        {
            return Ok(cached.clone());
        }
        let transport = Transport::new(&site, &self.pauses, self.timeouts);
        let expected = expected(&transport, &site, wanted)?;
        if let Some(cached) = cached.filter(|cached| cached.sha256 == expected) {
            return Ok(cached);
        }
        cache::prepare(&dir)?;
        let address = site.address(&wanted.path);
        transport.attempt(|| download(&transport, &address, &path, expected, &progress))
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
        match cache::look(&path)? {
            Some(cached) => Ok(cached),
            None => archive::extract(archive, entry, &path),
        }
    }

    /// helm for the operator's machine: fetched, verified, unpacked.
    pub fn helm(
        &self,
        release: &terrarium_k3s::release::HelmRelease,
        mirror: Option<&str>,
        progress: impl Fn(u64, Option<u64>),
    ) -> Result<Artifact, FetchError> {
        let archive = self.fetch(&Wanted::helm(release, mirror), progress)?;
        self.unpack(&archive, &release.entry(), &release.cache_name())
    }
}

/// The digest the file must have.
fn expected(transport: &Transport<'_>, site: &Site, wanted: &Wanted) -> Result<Sha256, FetchError> {
    let Some(sums_path) = &wanted.sums_path else {
        return wanted.expected.ok_or_else(|| FetchError::NoDigest { name: wanted.name.clone() });
    };
    let address = site.address(sums_path);
    let text =
        match (transport.attempt(|| transport.text(&address, SUMS_MAX_BYTES)), wanted.expected) {
            (Ok(text), _) => text,
            // The pin speaks for itself.
            (Err(error), Some(pin)) if error.is_absent() => return Ok(pin),
            (Err(error), _) => return Err(error),
        };
    let listed = sums::find(&text, wanted.file_name())
        .map_err(|source| FetchError::Sums { url: address.to_string(), source })?;
    match wanted.expected {
        Some(pin) if pin != listed => Err(FetchError::PinDisagrees {
            name: wanted.name.clone(),
            pin,
            listed,
            url: address.to_string(),
        }),
        _ => Ok(listed),
    }
}

/// One attempt: into a temporary file, compared, then named.
fn download(
    transport: &Transport<'_>,
    address: &Address,
    path: &Path,
    expected: Sha256,
    progress: &impl Fn(u64, Option<u64>),
) -> Result<Artifact, FetchError> {
    let mut part = cache::Part::beside(path)?;
    transport.stream(address, &mut part, progress)?;
    let (got, size) = part.digest();
    if got != expected {
        // Dropping the part removes it.
        return Err(FetchError::Checksum { url: address.to_string(), expected, got, size });
    }
    part.keep(path, cache::Mode::Data)
}

#[cfg(test)]
mod tests;
