//! Asking a file system that may never answer.
//!
//! statvfs(2) on a network mount waits for its server, without end if that is
//! gone, and so does reading a file there. It is asked on a thread of its own,
//! so that the page is served without it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a page waits for what was answering until now.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Types of which a server or another program gives the answers.
const REMOTE: [&str; 10] =
    ["9p", "afs", "ceph", "cifs", "fuse", "fuseblk", "lustre", "nfs", "nfs4", "smb3"];

/// Whether a file system of that type is asked apart.
pub fn is_remote(fstype: &[u8]) -> bool {
    fstype.starts_with(b"fuse.") || REMOTE.iter().any(|remote| remote.as_bytes() == fstype)
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
    /// A request is under way.
    waiting: bool,
}

impl<T: Send + 'static> Apart<T> {
    /// Starts the thread; `None` when the host or the unit allows no further.
    pub fn new(name: &str, ask: impl Fn() -> T + Send + 'static) -> Option<Self> {
        let (requests, inbox) = sync_channel::<()>(1);
        let (outbox, answers) = sync_channel::<()>(1);
        let answer = Arc::new(Mutex::new(None));
        let held = Arc::clone(&answer);
        let work = move || {
            while inbox.recv().is_ok() {
                let answer = ask();
                *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                if outbox.send(()).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name(name.to_owned()).stack_size(64 * 1024).spawn(work).ok()?;
        Some(Self { requests, answers, answer, waiting: false })
    }

    /// The answer; `None` when it does not come in time. One that did not is
    /// waited for no more until it has.
    pub fn ask(&mut self, patience: Duration) -> Option<T> {
        if self.waiting {
            // What comes late is as old as the question.
            self.answers.try_recv().ok()?;
            self.waiting = false;
        }
        self.requests.try_send(()).ok()?;
        let told = self.answers.recv_timeout(patience);
        self.waiting = told == Err(RecvTimeoutError::Timeout);
        told.ok()?;
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
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
    fn remote_types_are_known() {
        for fstype in ["nfs", "nfs4", "cifs", "fuse.sshfs", "fuseblk", "9p"] {
            assert!(is_remote(fstype.as_bytes()), "{fstype}");
        }
        for fstype in ["ext4", "vfat", "tmpfs", "btrfs", ""] {
            assert!(!is_remote(fstype.as_bytes()), "{fstype}");
        }
    }
}
