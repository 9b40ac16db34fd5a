//! One file out of a `.tar.gz`.

use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use fs_err as fs;
use tar::{Archive, EntryType};

use super::cache::{Mode, Part};
use super::{Artifact, FetchError};

/// Entries looked at before giving up; helm's archive has four.
const ENTRIES_MAX: usize = 1000;

/// Several times helm's size.
const LIMIT_BYTES: u64 = 512 << 20;

/// Writes the regular file `entry` of the archive to `path`, executable.
///
/// No name of the archive is ever used as a path: whatever else is in it,
/// `../../etc/passwd` or a link, is passed over.
pub(super) fn extract(
    archive: &Artifact,
    entry: &str,
    path: &Path,
) -> Result<Artifact, FetchError> {
    let damaged = |source| FetchError::Archive {
        path: archive.path.clone(),
        what: "the archive cannot be read".to_owned(),
        source: Some(source),
    };
    let file = fs::File::open(&archive.path).map_err(FetchError::io("read from the cache"))?;
    let mut tar = Archive::new(GzDecoder::new(file));
    for found in tar.entries().map_err(damaged)?.take(ENTRIES_MAX) {
        let mut found = found.map_err(damaged)?;
        if found.header().entry_type() != EntryType::Regular
            || &*found.path_bytes() != entry.as_bytes()
        {
            continue;
        }
        let mut part = Part::beside(path)?;
        let mut buffer = vec![0; 128 << 10];
        loop {
            match found.read(&mut buffer).map_err(damaged)? {
                0 => return part.keep(path, Mode::Program),
                read => part.write(&buffer[..read])?,
            }
            if part.size() > LIMIT_BYTES {
                break;
            }
        }
        return Err(unexpected(archive, format!("`{entry}` is larger than {LIMIT_BYTES} bytes")));
    }
    Err(unexpected(archive, format!("expected a file `{entry}` in the archive, found none")))
}

fn unexpected(archive: &Artifact, what: String) -> FetchError {
    FetchError::Archive { path: archive.path.clone(), what, source: None }
}
