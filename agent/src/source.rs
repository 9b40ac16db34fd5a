//! A file of procfs or sysfs, kept open between reads.
//!
//! Opening costs more than reading: both trees generate their text at each
//! read from the start, so one descriptor serves for good.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::failure::Failure;

/// Enough for most files at the first attempt.
const FIRST_ROOM: usize = 16 * 1024;

/// Enough for next to all that is read once.
const SMALL: usize = 4 * 1024;

/// No file read here comes near; a stop for one that does not end.
const MOST: usize = 16 * 1024 * 1024;

/// No more is asked for at once: for a file of `/proc/sys` the kernel makes that
/// much room beforehand, and refuses four mebibytes.
const AT_ONCE: usize = 256 * 1024;

/// For a file whose whole content is made for one read, however long it is.
pub const ONE_PIECE: usize = usize::MAX;

/// For a table of which each read gets whole rows up to a page: less than half
/// a page has no row left out.
pub const ROWS: usize = 2048;

/// How often something could not be opened for want of descriptors or memory.
static WANTED: AtomicU64 = AtomicU64::new(0);

/// How often something could not be opened because there were no descriptors or
/// no memory for it: what was looked for meanwhile may be there all the same.
pub(crate) fn wanted() -> u64 {
    WANTED.load(Ordering::Relaxed)
}

/// What came of opening something, noted if that is why it failed.
pub(crate) fn noted<T>(opened: io::Result<T>) -> io::Result<T> {
    if let Err(error) = &opened
        && lacks(error)
    {
        WANTED.fetch_add(1, Ordering::Relaxed);
    }
    opened
}

/// Whether it failed for want of descriptors or memory.
pub(crate) fn lacks(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    number.is_some_and(|number| {
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&number)
    })
}

/// Opens a file for reading. Where a pipe or a terminal is in its place, neither
/// this nor reading waits for anybody.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(noted(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from))?.into())
}

/// The whole content of a file that is read once.
pub(crate) fn whole(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut content = vec![0; SMALL];
    let length = once(path.as_ref(), &mut content)?;
    content.truncate(length);
    Ok(content)
}

/// As [`whole`], in `scratch`: how long the content is there.
pub(crate) fn once(path: &Path, scratch: &mut Vec<u8>) -> io::Result<usize> {
    read_to_end(&open(path)?, ROWS, scratch)
}

/// A file kept open; opened at the first read and again after a failed one.
#[derive(Debug)]
pub struct Source {
    path: Arc<Path>,
    file: Option<File>,
    /// A read of less is the last.
    piece: usize,
}

impl Source {
    /// The file at `path`; nothing is opened yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path: path.into(), file: None, piece: ROWS }
    }

    /// A table whose rows may be longer than half a page: it is read until the
    /// kernel says that it was all.
    pub fn of_long_rows(path: PathBuf) -> Self {
        Self { piece: 0, ..Self::new(path) }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's whole content, in `scratch`.
    ///
    /// # Errors
    /// [`Failure::Read`] when the file cannot be opened or read, or does not
    /// end within 16 MiB.
    pub fn read<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], Failure> {
        let piece = self.piece;
        let length = self.with_file(|file| read_to_end(file, piece, scratch))?;
        Ok(&scratch[..length])
    }

    /// The whole content of a file of which the kernel makes `piece` bytes at
    /// once: [`ONE_PIECE`] for those of control groups. Less than that is all of
    /// it, and asking whether more follows would have it made once more.
    /// Without `keep` the file is closed after.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn read_piece<'s>(
        &mut self,
        piece: usize,
        keep: bool,
        scratch: &'s mut Vec<u8>,
    ) -> Result<&'s [u8], Failure> {
        let length = self.with_file(|file| read_piece(file, piece, scratch))?;
        if !keep {
            self.file = None;
        }
        Ok(&scratch[..length])
    }

    /// Closes the file until it is read again.
    pub fn close(&mut self) {
        self.file = None;
    }

    /// Whether the file is open.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// The descriptor to wait on or ask about, once the file was read.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }

    fn with_file<T>(&mut self, read: impl FnOnce(&File) -> io::Result<T>) -> Result<T, Failure> {
        let opened = match self.file.take() {
            Some(file) => Ok(file),
            None => open(&self.path),
        };
        // A file that failed stays closed: a device that comes back under the
        // same path is another file.
        match opened.and_then(|file| Ok((read(&file)?, file))) {
            Ok((value, file)) => {
                self.file = Some(file);
                Ok(value)
            }
            Err(source) => Err(Failure::Read { path: Arc::clone(&self.path), source }),
        }
    }
}

/// Reads until it was all. A short read is no sign of the end, as tables come in
/// pieces of whole rows, of a page at most: but one of less than `piece` is,
/// since the kernel would have put the next row into the same piece.
fn read_to_end(file: &File, piece: usize, scratch: &mut Vec<u8>) -> io::Result<usize> {
    if scratch.is_empty() {
        scratch.resize(FIRST_ROOM, 0);
    }
    let mut length = 0;
    loop {
        let room = (scratch.len() - length).min(AT_ONCE);
        match file.read_at(&mut scratch[length..length + room], length as u64) {
            Ok(0) => return Ok(length),
            Ok(read) => {
                length += read;
                if read < piece.min(room) {
                    return Ok(length);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == scratch.len() {
            if length >= MOST {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            scratch.resize(length * 2, 0);
        }
    }
}

/// One read, if the file fits into what there is.
fn read_piece(file: &File, piece: usize, scratch: &mut Vec<u8>) -> io::Result<usize> {
    if scratch.is_empty() {
        scratch.resize(FIRST_ROOM, 0);
    }
    let room = scratch.len().min(AT_ONCE);
    let length = loop {
        match file.read_at(&mut scratch[..room], 0) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if length < piece.min(room) { Ok(length) } else { read_to_end(file, 0, scratch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_and_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut source = Source::new(path.clone());
        let mut scratch = Vec::new();
        assert!(matches!(source.read(&mut scratch), Err(Failure::Read { .. })));

        let long = vec![b'x'; 3 * FIRST_ROOM];
        std::fs::write(&path, &long).unwrap();
        assert_eq!(source.read(&mut scratch).unwrap(), long);

        std::fs::write(&path, "short").unwrap();
        assert_eq!(source.read(&mut scratch).unwrap(), b"short");
    }

    #[test]
    fn a_piece_is_whole_whatever_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut scratch = Vec::new();
        for (keep, length) in [(true, 5), (false, FIRST_ROOM), (true, 3 * FIRST_ROOM), (false, 0)] {
            let content = vec![b'x'; length];
            std::fs::write(&path, &content).unwrap();
            let mut source = Source::new(path.clone());
            assert_eq!(source.read_piece(ROWS, keep, &mut scratch).unwrap(), content);
            assert_eq!(source.is_open(), keep);
        }
    }

    #[test]
    fn tables_of_the_kernel_s_are_read_to_their_last_line() {
        let mut scratch = Vec::new();
        for table in [
            "diskstats",
            "loadavg",
            "meminfo",
            "net/dev",
            "net/netstat",
            "net/snmp",
            "net/sockstat",
            "net/softnet_stat",
            "pressure/cpu",
            "self/stat",
            "stat",
            "vmstat",
        ] {
            let path = Path::new("/proc").join(table);
            let Ok(whole) = std::fs::read(&path) else { continue };
            let lines = |content: &[u8]| content.split(|byte| *byte == b'\n').count();
            let mut source = Source::new(path);
            let read = source.read(&mut scratch).unwrap();
            assert_eq!(lines(read), lines(&whole), "{table}");
            assert_eq!(read.last(), Some(&b'\n'), "{table}");
        }
    }

    #[test]
    fn a_setting_is_read_into_whatever_room_there_is() {
        let mut scratch = vec![0; MOST];
        let mut source = Source::new("/proc/sys/fs/file-nr".into());
        assert!(source.read(&mut scratch).unwrap().ends_with(b"\n"));
        assert!(source.read_piece(ONE_PIECE, true, &mut scratch).unwrap().ends_with(b"\n"));
    }

    #[test]
    fn a_failure_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Source::new(folder.path().into()).read(&mut Vec::new()).unwrap_err();
        assert_eq!(failure.to_string(), format!("cannot read {}", folder.path().display()));
    }

    #[test]
    fn a_file_without_end_is_given_up() {
        let failure = Source::new("/dev/zero".into()).read(&mut Vec::new()).unwrap_err();
        let Failure::Read { source, .. } = failure else { panic!("{failure}") };
        assert_eq!(source.kind(), io::ErrorKind::FileTooLarge);
    }
}
