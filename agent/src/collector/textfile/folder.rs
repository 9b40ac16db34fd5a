//! Reading files that others leave in a folder, whatever they left there.
//!
//! A pipe, a device, a link to something without end, a file on a disk that
//! hangs: nothing of it may stop the page. So only regular files are read, so
//! much of each and of all together, and on a thread of its own.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::glob;
use crate::source::open;

/// What all files may have together: it goes into the page, whose memory the
/// unit's limit counts.
pub(super) const MOST: u64 = 4 * 1024 * 1024;

/// Files of one pattern that are looked at.
const ENTRIES: usize = 10_000;

/// A file, its content and when it was written.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) path: PathBuf,
    pub(super) read: io::Result<(Vec<u8>, i64)>,
}

/// The files whose names end so, by name, of the folders that a pattern names;
/// `room` is how much is read of them. A folder that is not there has none.
pub(super) fn read(named: &Path, ending: &[u8], mut room: u64) -> io::Result<Vec<Left>> {
    let mut paths = Vec::new();
    for folder in glob::folders(named) {
        let start = paths.len();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            // By the whole name's end: a file that is all ending counts too.
            let path = entry?.path();
            if path.as_os_str().as_encoded_bytes().ends_with(ending) {
                paths.push(path);
            }
            if paths.len() > ENTRIES {
                return Err(io::Error::other("more than 10,000 files in the folder"));
            }
        }
        paths[start..].sort_unstable();
    }
    let left = paths.into_iter().map(|path| {
        let read = content(&path, room);
        if let Ok((content, _)) = &read {
            room = room.saturating_sub(content.len() as u64);
        }
        Left { path, read }
    });
    Ok(left.collect())
}

fn content(path: &Path, most: u64) -> io::Result<(Vec<u8>, i64)> {
    const REGULAR: &str = "it is not a regular file";
    // Opening a device may do something already.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other(REGULAR));
    }
    let file = open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other(REGULAR));
    }
    let mut content = Vec::new();
    (&file).take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        let said = "more than 4 MiB in all text files together";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, said));
    }
    Ok((content, about.mtime()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.prom"), "a 1\n").unwrap();
        fs::write(at("a.txt"), "").unwrap();
        mknodat(CWD, at("b.prom"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("/dev/zero", at("c.prom")).unwrap();
        symlink("/dev/tty", at("d.prom")).unwrap();
        symlink(at("e.prom"), at("e.prom")).unwrap();
        fs::create_dir(at("f.prom")).unwrap();
        let _socket = UnixListener::bind(at("g.prom")).unwrap();
        symlink("/nowhere", at("h.prom")).unwrap();
        symlink(at("a.prom"), at("i.prom")).unwrap();
        let left = read(folder.path(), b".prom", MOST).unwrap();
        assert_eq!(left.len(), 9);
        for Left { path, read } in left {
            let good = path == at("a.prom") || path == at("i.prom");
            assert_eq!(read.is_ok_and(|(content, _)| content == b"a 1\n"), good, "{path:?}");
        }
    }

    #[test]
    fn so_much_is_read_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let large = vec![b'#'; usize::try_from(MOST / 2).unwrap()];
        for name in ["a", "c", "d"] {
            fs::write(folder.path().join(name), &large).unwrap();
        }
        // Ten times what a node has of memory, and none of it on the disk.
        File::create(folder.path().join("b")).unwrap().set_len(1 << 36).unwrap();
        fs::write(folder.path().join("e"), "").unwrap();
        let left = read(folder.path(), b"", MOST).unwrap();
        let read: Vec<bool> = left.iter().map(|left| left.read.is_ok()).collect();
        assert_eq!(read, [true, false, true, false, true]);
    }
}
