//! Asking what may never answer.
//!
//! statvfs(2) on a network mount waits for its server, without end if that is
//! gone, and so does reading a file there, or an attribute whose driver waits
//! for its chip. It is asked on a thread of its own, so that the page is served
//! without it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a page waits for what was answering until now.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// How long who lacks only a processor is waited for at a time, and how often:
/// seconds, on a machine that is busy beyond reason.
const MOMENT: Duration = Duration::from_millis(10);
const BUSY: u32 = 400;

/// For a reader's own variables and a folder's listing; what is not touched is
/// no memory.
const STACK: usize = 256 * 1024;

/// Types whose answers the kernel has by itself, from a disk of this host or
/// from memory. Whatever else there is waits for a server or another program, or is
/// laid over something that does; so may be what is laid over a folder.
const LOCAL: [&str; 41] = [
    "bcachefs",
    "binfmt_misc",
    "bpf",
    "btrfs",
    "cgroup",
    "cgroup2",
    "configfs",
    "cramfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "hfsplus",
    "hugetlbfs",
    "iso9660",
    "jffs2",
    "mqueue",
    "msdos",
    "ntfs",
    "ntfs3",
    "ocfs2_dlmfs",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "reiserfs",
    "rootfs",
    "securityfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "ubifs",
    "vfat",
    "xfs",
    "zfs",
];

/// Laid over folders of this host, wherever those are.
pub const LAID_OVER: &[u8] = b"overlay";

/// Whether a file system of that type is asked apart.
pub fn is_remote(fstype: &[u8]) -> bool {
    !LOCAL.iter().any(|local| local.as_bytes() == fstype)
}

/// Who asks, and the thread it is done on. The thread ends when this is
/// dropped and the answer has come.
#[derive(Debug)]
pub struct Apart<T> {
    requests: SyncSender<()>,
    /// Says that there is an answer: a channel of the same kind, for whatever is
    /// asked, is less of a program than one for each.
    answers: Receiver<()>,
    answer: Arc<Mutex<Option<T>>>,
    /// Where the kernel tells what the thread does.
    thread: Arc<OnceLock<PathBuf>>,
    /// A question was put, and nobody has asked for its answer.
    asked: bool,
    /// An earlier one is without an answer.
    waiting: bool,
}

impl<T: Send + 'static> Apart<T> {
    /// Starts the thread; `None` when the host or the unit allows no further.
    pub fn new(name: &str, ask: impl Fn() -> T + Send + 'static) -> Option<Self> {
        let (requests, inbox) = sync_channel::<()>(1);
        let (outbox, answers) = sync_channel::<()>(1);
        let answer = Arc::new(Mutex::new(None));
        let held = Arc::clone(&answer);
        let thread = Arc::new(OnceLock::new());
        let own = Arc::clone(&thread);
        let work = move || {
            if let Ok(link) = std::fs::read_link("/proc/thread-self") {
                let _ = own.set(PathBuf::from("/proc").join(link).join("stat"));
            }
            while inbox.recv().is_ok() {
                let answer = ask();
                *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                if outbox.send(()).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(work).ok()?;
        Some(Self { requests, answers, answer, thread, asked: false, waiting: false })
    }

    /// The answer; `None` when it does not come in time. One that did not is
    /// waited for no more until it has.
    pub fn ask(&mut self, patience: Duration) -> Option<T> {
        self.begin();
        self.answer(patience, || None)
    }

    /// Puts the question, unless an earlier one is still without an answer:
    /// several may be asked side by side.
    pub fn begin(&mut self) {
        // What comes late is as old as its question.
        if !self.waiting || self.answers.try_recv().is_ok() {
            self.waiting = false;
            self.asked = self.requests.try_send(()).is_ok();
        }
    }

    /// The answer to the question put, as of [`Apart::ask`]; when the time is up,
    /// `more` may give some more.
    pub fn answer(
        &mut self,
        patience: Duration,
        mut more: impl FnMut() -> Option<Duration>,
    ) -> Option<T> {
        std::mem::take(&mut self.asked).then_some(())?;
        let mut told = self.answers.recv_timeout(patience);
        let mut busy = 0;
        while told == Err(RecvTimeoutError::Timeout) {
            let rest = more().or_else(|| {
                // It does not wait for an answer but for a processor.
                busy += 1;
                (busy <= BUSY && self.is_runnable()).then_some(MOMENT)
            });
            let Some(rest) = rest else { break };
            told = self.answers.recv_timeout(rest);
        }
        self.waiting = told == Err(RecvTimeoutError::Timeout);
        told.ok()?;
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the thread runs or would if it were let: the state follows the
    /// name in brackets.
    fn is_runnable(&self) -> bool {
        // Not yet at its first line: it is starting.
        let Some(stat) = self.thread.get() else { return true };
        let Ok(stat) = std::fs::read(stat) else { return false };
        let end = stat.iter().rposition(|byte| *byte == b')');
        end.is_some_and(|end| stat.get(end + 2) == Some(&b'R'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Instant;

    #[test]
    fn a_mount_that_answers_is_believed() {
        let mut mount = Apart::new("mount", || 7).unwrap();
        for _ in 0..3 {
            assert_eq!(mount.ask(Duration::from_secs(10)), Some(7));
        }
    }

    #[test]
    fn a_mount_that_hangs_is_waited_for_once() {
        let (release, held) = sync_channel::<()>(0);
        let held = Mutex::new(held);
        let hang = move || held.lock().ok()?.recv().ok().map(|()| 7);
        let mut mount = Apart::new("mount", hang).unwrap();
        assert_eq!(mount.ask(Duration::from_millis(1)), None);

        let start = Instant::now();
        assert_eq!(mount.ask(Duration::from_mins(10)), None);
        assert!(start.elapsed() < Duration::from_mins(1));

        // Its server is back: the late answer is dropped, the next one counts.
        release.send(()).unwrap();
        let answers = thread::spawn(move || while release.send(()).is_ok() {});
        let deadline = Instant::now() + Duration::from_mins(1);
        while mount.ask(Duration::from_secs(10)).flatten() != Some(7) {
            assert!(Instant::now() < deadline, "no answer after the mount came back");
            thread::yield_now();
        }
        drop(mount);
        answers.join().unwrap();
    }

    #[test]
    fn who_only_lacks_a_processor_is_waited_for() {
        let begun = Arc::new(OnceLock::new());
        let started = Arc::clone(&begun);
        let work = move || {
            let start = *started.get_or_init(Instant::now);
            let mut turns = 0_u64;
            while start.elapsed() < Duration::from_millis(50) {
                turns = std::hint::black_box(turns + 1);
            }
            turns
        };
        let mut mount = Apart::new("mount", work).unwrap();
        assert!(mount.ask(Duration::from_millis(1)).is_some());
    }

    #[test]
    fn what_the_kernel_cannot_answer_by_itself_is_asked_apart() {
        for fstype in [
            "9p",
            "afs",
            "autofs",
            "ceph",
            "cifs",
            "coda",
            "davfs",
            "ecryptfs",
            "fuse",
            "fuse.glusterfs",
            "fuse.rclone",
            "fuse.sshfs",
            "fuseblk",
            "gfs2",
            "glusterfs",
            "lustre",
            "nfs",
            "nfs4",
            "ocfs2",
            "orangefs",
            "smb3",
            "smbfs",
            "virtiofs",
            "zonefs",
            "",
        ] {
            assert!(is_remote(fstype.as_bytes()), "{fstype}");
        }
        for fstype in ["btrfs", "exfat", "ext4", "f2fs", "ntfs3", "tmpfs", "vfat", "xfs"] {
            assert!(!is_remote(fstype.as_bytes()), "{fstype}");
        }
    }
}
