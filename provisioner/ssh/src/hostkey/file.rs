//! Reading `known_hosts` files and adding to ours.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use data_encoding::BASE64;

use super::{Entry, Judgement, Line, OfferedKey, judge};

/// The lines of the file that speak of the host. A missing file has none.
pub(crate) fn read(file: &Path, name: &str) -> io::Result<Vec<Entry>> {
    match fs::read(file) {
        Ok(bytes) => Ok(entries(file, &bytes, name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn entries(file: &Path, bytes: &[u8], name: &str) -> Vec<Entry> {
    bytes
        .split(|&byte| byte == b'\n')
        .enumerate()
        .filter_map(|(index, text)| {
            let line = Line::parse(&String::from_utf8_lossy(text))?;
            line.matches(name).then(|| Entry { file: file.to_owned(), number: index + 1, line })
        })
        .collect()
}

/// Records the key unless somebody else has meanwhile, and says what the file
/// holds now: [`Judgement::New`] when the line was written.
///
/// Several provisioners, and several nodes of one run, may write the same file
/// at once: the look and the write happen under one exclusive lock, and the
/// line goes out in a single append.
pub(crate) fn append(file: &Path, name: &str, key: &OfferedKey) -> io::Result<Judgement> {
    if let Some(parent) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let mut handle =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    handle.lock()?;
    append_locked(&mut handle, file, name, key)
    // The lock ends with the handle.
}

fn append_locked(
    handle: &mut File,
    file: &Path,
    name: &str,
    key: &OfferedKey,
) -> io::Result<Judgement> {
    let mut bytes = Vec::new();
    handle.read_to_end(&mut bytes)?;
    let judgement = judge(&entries(file, &bytes, name), name, key);
    if matches!(judgement, Judgement::New { .. }) {
        // A file somebody edited may lack its last line break.
        let before = if bytes.last().is_some_and(|&byte| byte != b'\n') { "\n" } else { "" };
        let line = format!("{before}{name} {} {}\n", key.algorithm, BASE64.encode(&key.blob));
        handle.write_all(line.as_bytes())?;
        handle.sync_data()?;
    }
    Ok(judgement)
}
