//! The space of mounted file systems.
//!
//! Mounts are those of process 1: the agent's own are changed by its unit's
//! protections. They are parsed when the kernel says they changed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::statvfs;
use rustix::io::Errno;
use rustix::time::Timespec;

use super::Collector;
use super::apart::{Apart, PATIENCE};
use super::mountinfo::{Mount, Shown, mounts};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::Source;
use crate::value::Value;

/// What statvfs(2) answers, in bytes and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// The file system's size.
    pub size: u64,
    /// What is free.
    pub free: u64,
    /// What is free to users other than root.
    pub available: u64,
    /// How many files it can hold.
    pub files: u64,
    /// How many more files it can hold.
    pub files_free: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It has not come.
    Late,
    /// The kernel refused.
    Refused(Errno),
}

impl Trouble {
    /// In the words of `node_exporter`: an alert may be made of them.
    fn text(self, words: impl FnOnce(&[u8])) {
        let known: &[u8] = match self {
            Self::Late => b"mountpoint timeout",
            Self::Refused(Errno::NOENT) => b"no such file or directory",
            Self::Refused(Errno::ACCESS) => b"permission denied",
            Self::Refused(Errno::PERM) => b"operation not permitted",
            Self::Refused(Errno::IO) => b"input/output error",
            Self::Refused(Errno::STALE) => b"stale NFS file handle",
            Self::Refused(Errno::NOTCONN) => b"transport endpoint is not connected",
            Self::Refused(Errno::HOSTDOWN) => b"host is down",
            Self::Refused(errno) => {
                let text = io::Error::from(errno).to_string();
                let plain = text.split(" (os error").next().unwrap_or_default();
                return words(plain.to_ascii_lowercase().as_bytes());
            }
        };
        words(known);
    }
}

/// A mount, and its space if it could be asked.
pub type Asked = (Mount, Result<Space, Trouble>);

/// A family and how its value is taken; `None` where there is no value.
type Column = (Family, fn(&Asked) -> Option<Value>);

/// A family of what statvfs(2) tells.
const fn told(
    name: &'static str,
    help: &'static str,
    value: fn(&Asked) -> Option<Value>,
) -> Column {
    (Family::gauge(name, help), value)
}

const COLUMNS: [Column; 8] = [
    told("node_filesystem_avail_bytes", "Bytes free to users other than root.", |(_, space)| {
        space.ok().map(|space| space.available.into())
    }),
    told("node_filesystem_device_error", "1 if the file system could not be asked.", |asked| {
        Some(asked.1.is_err().into())
    }),
    told("node_filesystem_files", "Files the file system can hold.", |(_, space)| {
        space.ok().map(|space| space.files.into())
    }),
    told("node_filesystem_files_free", "Files the file system can still hold.", |(_, space)| {
        space.ok().map(|space| space.files_free.into())
    }),
    told("node_filesystem_free_bytes", "Bytes free.", |(_, space)| {
        space.ok().map(|space| space.free.into())
    }),
    told("node_filesystem_purgeable_bytes", "Bytes that macOS could free; always 0.", |asked| {
        asked.1.ok().map(|_| 0.into())
    }),
    told("node_filesystem_readonly", "1 if it is mounted read-only.", |(mount, _)| {
        Some(mount.readonly.into())
    }),
    told("node_filesystem_size_bytes", "Size in bytes.", |(_, space)| {
        space.ok().map(|space| space.size.into())
    }),
];

const INFO: Family = Family::gauge("node_filesystem_mount_info", "The device's numbers; always 1.");

/// Encodes the mounts.
pub fn encode(asked: &[Asked], out: &mut Encoder) {
    out.family(&INFO);
    for (mount, _) in asked.iter().filter(|(_, space)| space.is_ok()) {
        let labels = [
            ("device", &mount.device[..]),
            ("major", &mount.number.0),
            ("minor", &mount.number.1),
            ("mountpoint", &mount.mountpoint),
        ];
        out.sample(&INFO, &labels, true);
    }
    for (family, value) in &COLUMNS {
        out.family(family);
        for entry in asked {
            let Some(value) = value(entry) else { continue };
            let (mount, space) = entry;
            let mut write = |error: &[u8]| {
                let labels = [
                    ("device", &mount.device[..]),
                    ("device_error", error),
                    ("fstype", &mount.fstype[..]),
                    ("mountpoint", &mount.mountpoint[..]),
                ];
                out.sample(family, &labels, value);
            };
            match space {
                Ok(_) => write(b""),
                Err(trouble) => trouble.text(write),
            }
        }
    }
}

fn space(path: &Path) -> Result<Space, Trouble> {
    let answer = statvfs(path).map_err(Trouble::Refused)?;
    let bytes = |blocks: u64| blocks.saturating_mul(answer.f_frsize);
    Ok(Space {
        size: bytes(answer.f_blocks),
        free: bytes(answer.f_bfree),
        available: bytes(answer.f_bavail),
        files: answer.f_files,
        files_free: answer.f_ffree,
    })
}

/// Asks for a mount's space on a thread of its own.
fn apart(mount: &Mount) -> Option<Apart<Result<Space, Trouble>>> {
    let path = mount.path.clone();
    Apart::new("statvfs", move || space(&path))
}

/// How a mount is asked.
#[derive(Debug)]
enum Asker {
    /// Here and now: the kernel knows the answer.
    Direct,
    /// On a thread of its own; `None` when there could not be one more.
    Apart(Option<Apart<Result<Space, Trouble>>>),
}

impl Asker {
    fn of(mount: &Mount) -> Self {
        if mount.remote { Self::Apart(apart(mount)) } else { Self::Direct }
    }

    /// Puts the question to who is asked apart: side by side, so that one that
    /// hangs keeps no other waiting.
    fn begin(&mut self, mount: &Mount) {
        let Self::Apart(asker) = self else { return };
        // Where there was no thread to be had, there may be one now.
        *asker = asker.take().or_else(|| apart(mount));
        if let Some(asker) = asker {
            asker.begin();
        }
    }

    /// Those asked apart have the same `patience` together: however many hang,
    /// the page waits for it once.
    fn answer(&mut self, mount: &Mount, patience: &mut Duration) -> Result<Space, Trouble> {
        match self {
            Self::Direct => space(&mount.path),
            Self::Apart(apart) => {
                let start = Instant::now();
                let apart = apart.as_mut().ok_or(Trouble::Refused(Errno::AGAIN))?;
                let answer = apart.answer(*patience, || None);
                *patience = patience.saturating_sub(start.elapsed());
                answer.unwrap_or(Err(Trouble::Late))
            }
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Filesystem {
    /// Process 1's mounts, and the agent's own in case those may not be read.
    files: [Source; 2],
    rootfs: PathBuf,
    shown: Shown,
    asked: Vec<Asked>,
    /// Who asks each of them.
    askers: Vec<Asker>,
    /// Which file the mounts are from, once they are; and whether all of it
    /// could be read.
    known: Option<(usize, bool)>,
}

impl Filesystem {
    /// Reads below procfs, looks for mount points below the root file system.
    pub fn new(settings: &Settings) -> Self {
        Self {
            files: ["1", "self"].map(|process| {
                Source::of_long_rows(settings.procfs.join(process).join("mountinfo"))
            }),
            rootfs: settings.rootfs.clone(),
            shown: Shown { mounts: settings.mounts.clone(), fstypes: settings.fstypes.clone() },
            asked: Vec::new(),
            askers: Vec::new(),
            known: None,
        }
    }

    /// Reads the mounts anew if they are not known or not the same any more.
    fn refresh(&mut self, scratch: &mut Vec<u8>) -> Result<bool, Failure> {
        if let Some((from, whole)) = self.known
            && !changed(&self.files[from])
        {
            return Ok(whole);
        }
        self.known = None;
        let [first, own] = &mut self.files;
        let (from, input) = match first.read(scratch).map(<[u8]>::len) {
            Ok(length) => (0, &scratch[..length]),
            Err(_) => (1, own.read(scratch)?),
        };
        let (found, whole) = mounts(input, &self.rootfs, &self.shown);
        self.askers = found.iter().map(Asker::of).collect();
        self.asked = found.into_iter().map(|mount| (mount, Err(Trouble::Late))).collect();
        self.known = Some((from, whole));
        Ok(whole)
    }
}

/// Whether the kernel reports a change since it was asked last. When it cannot
/// be asked, the answer is yes.
fn changed(file: &Source) -> bool {
    let Some(descriptor) = file.descriptor() else { return true };
    let mut asked = [PollFd::new(&descriptor, PollFlags::PRI)];
    match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(_) => asked[0].revents().intersects(PollFlags::PRI | PollFlags::ERR),
        Err(_) => true,
    }
}

impl Collector for Filesystem {
    fn name(&self) -> &'static str {
        "filesystem"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let whole = self.refresh(scratch)?;
        for ((mount, _), asker) in self.asked.iter().zip(&mut self.askers) {
            asker.begin(mount);
        }
        let mut patience = PATIENCE;
        for ((mount, answer), asker) in self.asked.iter_mut().zip(&mut self.askers) {
            *answer = asker.answer(mount, &mut patience);
        }
        encode(&self.asked, out);
        if whole {
            return Ok(());
        }
        Err(Failure::Malformed {
            file: "mountinfo",
            expected: "six fields, optional ones, `-` and three fields a line",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn mounts_that_hang_have_the_page_s_patience_together() {
        let mount = Mount {
            device: b"server:/x".to_vec(),
            fstype: b"nfs".to_vec(),
            mountpoint: b"/mnt".to_vec(),
            path: PathBuf::from("/mnt"),
            readonly: false,
            remote: true,
            number: (b"0".to_vec(), b"40".to_vec()),
        };
        let (release, held) = sync_channel::<()>(0);
        let held = Arc::new(Mutex::new(held));
        let mut patience = Duration::from_millis(20);
        for _ in 0..3 {
            let held = Arc::clone(&held);
            let hangs = move || {
                let _ = held.lock().unwrap().recv();
                Err(Trouble::Late)
            };
            let mut asker = Asker::Apart(Apart::new("mount", hangs));
            asker.begin(&mount);
            assert_eq!(asker.answer(&mount, &mut patience), Err(Trouble::Late));
            assert_eq!(patience, Duration::ZERO);
        }
        // Whoever answers is heard all the same.
        let well = Space { size: 1, free: 1, available: 1, files: 1, files_free: 1 };
        let mut asker = Asker::Apart(Apart::new("mount", move || Ok(well)));
        asker.begin(&mount);
        assert_eq!(asker.answer(&mount, &mut Duration::from_secs(20)), Ok(well));
        drop(release);
    }
}
