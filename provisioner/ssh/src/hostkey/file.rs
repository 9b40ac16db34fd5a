//! Reading `known_hosts` files and adding to ours.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use super::certificate::without_port;
use super::{Entry, HostKey, Judgement, Line, Marker, judge};

/// Some hundred thousand lines. What is larger is something else, and may never end.
const BYTES_MAX: u64 = 16 << 20;

/// The lines of the file that speak of the host. A missing file has none.
pub(crate) fn read(file: &Path, name: &str) -> io::Result<Vec<Entry>> {
    match File::open(file).and_then(|mut handle| content(&mut handle)) {
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
            let is_authority = line.marker == Marker::CertAuthority;
            let speaks = line.matches(name) || is_authority && line.matches(without_port(name));
            speaks.then(|| Entry { file: file.to_owned(), number: index + 1, line })
        })
        .collect()
}

/// Records the key unless somebody else has meanwhile, and says what the file
/// holds now: [`Judgement::New`] when the line was written.
///
/// Several provisioners, and several nodes of one run, may write the same file
/// at once: the look and the write happen under one exclusive lock, and the
/// line goes out in a single append.
pub(crate) fn append(file: &Path, name: &str, key: &HostKey) -> io::Result<Judgement> {
    let mut handle = locked(file)?;
    let bytes = content(&mut handle)?;
    let judgement = judge(&entries(file, &bytes, name), name, key);
    if matches!(judgement, Judgement::New { .. }) {
        // A file somebody edited may lack its last line break.
        let before = if bytes.last().is_some_and(|&byte| byte != b'\n') { "\n" } else { "" };
        handle.write_all(format!("{before}{}", written(name, key)).as_bytes())?;
        handle.sync_data()?;
    }
    Ok(judgement)
    // The lock ends with the handle.
}

/// Makes these keys the only ones that the file records for the host. Lines that
/// revoke a key or speak of other hosts stay as they are.
pub(crate) fn replace(file: &Path, name: &str, keys: &[HostKey]) -> io::Result<()> {
    let mut handle = locked(file)?;
    let bytes = content(&mut handle)?;
    let mut kept = Vec::with_capacity(bytes.len());
    for (index, text) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let line = Line::parse(&String::from_utf8_lossy(text));
        match line.filter(|line| line.marker == Marker::None && line.matches(name)) {
            None => kept.extend_from_slice(text),
            Some(line) => match line.hosts_without(name) {
                Some(hosts) if hosts.is_empty() => {}
                Some(hosts) => {
                    let text = String::from_utf8_lossy(text);
                    let rest =
                        text.trim_start().split_once([' ', '\t']).map_or("", |(_, rest)| rest);
                    kept.extend_from_slice(format!("{hosts} {rest}").as_bytes());
                }
                None => {
                    return Err(io::Error::other(format!(
                        "line {} records a key for many hosts by a pattern: change it by hand",
                        index + 1
                    )));
                }
            },
        }
    }
    if kept.last().is_some_and(|&byte| byte != b'\n') {
        kept.push(b'\n');
    }
    for key in keys {
        kept.extend_from_slice(written(name, key).as_bytes());
    }
    // Whole or not at all; whoever waits for the lock looks whether the file is
    // still this one.
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let result = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut new| new.write_all(&kept).and_then(|()| new.sync_all()))
        .and_then(|()| fs::rename(&beside, file));
    if result.is_err() {
        // Nothing else can be done about what is left of it.
        let _ = fs::remove_file(&beside);
    }
    result
}

fn written(name: &str, key: &HostKey) -> String {
    format!("{name} {} {}\n", key.algorithm, BASE64.encode(&key.blob))
}

fn content(handle: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    handle.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        let mib = BYTES_MAX >> 20;
        return Err(io::Error::other(format!(
            "it has more than {mib} MiB: is it a known_hosts file?"
        )));
    }
    Ok(bytes)
}

/// The file, made when there is none, for nobody else to change.
fn locked(file: &Path) -> io::Result<File> {
    if let Some(parent) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    loop {
        let handle =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
        handle.lock()?;
        // Somebody may have put another file in its place while we waited.
        match fs::metadata(file) {
            Ok(there) if there.ino() == handle.metadata()?.ino() => return Ok(handle),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}
