//! Files in the cache: found whole, or made whole.
//!
//! Beside each file lies `<name>.sha256`: digest, size and modification time as
//! they were when the file was verified. While size and time still agree the
//! file is taken at its word; when the time differs it is hashed again; when the
//! digest differs it is removed.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use sha2::{Digest as _, Sha256 as Hasher};
use tempfile::NamedTempFile;
use terrarium_k3s::sums::Sha256;

use super::{Artifact, FetchError};
use crate::places;

const PART_PREFIX: &str = ".part-";

/// A part this old belongs to a run that was killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// What a kept file is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Data,
    Program,
}

/// The file, when it is in the cache and whole.
pub(super) fn look(path: &Path) -> Result<Option<Artifact>, FetchError> {
    let failed = FetchError::io;
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FetchError::Io { action: "look into the cache", source: error }),
    };
    let recorded = fs::read_to_string(record_path(path)).ok().and_then(|text| Record::parse(&text));
    let Some(recorded) = recorded else {
        // Never verified, as far as anyone can tell.
        return Ok(None);
    };
    let artifact = Artifact { path: path.to_owned(), sha256: recorded.sha256, size: recorded.size };
    let now = Record::of(recorded.sha256, &metadata);
    if now == recorded {
        return Ok(Some(artifact));
    }
    if now.size == recorded.size && hash(path)? == recorded.sha256 {
        now.write(path)?;
        return Ok(Some(artifact));
    }
    fs::remove_file(path).map_err(failed("remove a damaged file from the cache"))?;
    Ok(None)
}

/// Makes the directory, and clears away what killed runs left.
pub(super) fn prepare(dir: &Path) -> Result<(), FetchError> {
    places::make(dir).map_err(FetchError::io("make the cache directory"))?;
    let entries = fs::read_dir(dir).map_err(FetchError::io("read the cache directory"))?;
    for entry in entries.flatten() {
        let is_part = entry.file_name().to_string_lossy().starts_with(PART_PREFIX);
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        if is_part && age.is_some_and(|age| age > ABANDONED) {
            // Another run may have been quicker; the space is all that matters.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// A file in the making: hashed as it is written, gone when dropped.
pub(super) struct Part {
    file: NamedTempFile,
    hasher: Hasher,
    size: u64,
}

impl Part {
    /// In the directory of `path`, so that naming it is one rename.
    pub(super) fn beside(path: &Path) -> Result<Self, FetchError> {
        let dir = path.parent().unwrap_or(path);
        let file = tempfile::Builder::new()
            .prefix(PART_PREFIX)
            .tempfile_in(dir)
            .map_err(FetchError::io("make a temporary file in the cache"))?;
        Ok(Self { file, hasher: Hasher::new(), size: 0 })
    }

    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(chunk).map_err(FetchError::io("write to the cache"))?;
        self.hasher.update(chunk);
        self.size += chunk.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Digest and size of what was written.
    pub(super) fn digest(&self) -> (Sha256, u64) {
        (Sha256::new(self.hasher.clone().finalize().into()), self.size)
    }

    /// Gives it its name and writes its record. The caller has compared the digest.
    pub(super) fn keep(self, path: &Path, mode: Mode) -> Result<Artifact, FetchError> {
        let failed = FetchError::io;
        let (sha256, size) = self.digest();
        let mode = match mode {
            Mode::Data => 0o644,
            Mode::Program => 0o755,
        };
        let file = self.file.as_file();
        file.set_permissions(std::fs::Permissions::from_mode(mode))
            .and_then(|()| file.sync_all())
            .map_err(failed("write to the cache"))?;
        let metadata = file.metadata().map_err(failed("write to the cache"))?;
        self.file.persist(path).map_err(|error| failed("name a file in the cache")(error.error))?;
        Record::of(sha256, &metadata).write(path)?;
        Ok(Artifact { path: path.to_owned(), sha256, size })
    }
}

/// The digest of a file.
pub(super) fn hash(path: &Path) -> Result<Sha256, FetchError> {
    let failed = FetchError::io;
    let mut file = fs::File::open(path).map_err(failed("read from the cache"))?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Sha256::new(hasher.finalize().into())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed("read from the cache")(error)),
        }
    }
}

/// What was true of a file when it was verified.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    sha256: Sha256,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Record {
    fn of(sha256: Sha256, metadata: &std::fs::Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { sha256, size: metadata.len(), modified }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let sha256 = Sha256::parse(words.next()?).ok()?;
        let size = words.next()?.parse().ok()?;
        let modified = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { sha256, size, modified })
    }

    fn write(&self, path: &Path) -> Result<(), FetchError> {
        let failed = FetchError::io;
        let (seconds, nanoseconds) = self.modified;
        let text = format!("{} {} {seconds} {nanoseconds}\n", self.sha256, self.size);
        let mut part = Part::beside(path)?;
        part.write(text.as_bytes())?;
        part.file
            .persist(record_path(path))
            .map_err(|error| failed("write to the cache")(error.error))?;
        Ok(())
    }
}

fn record_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}
