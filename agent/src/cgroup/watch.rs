//! Whether pods or containers came or went, for one system call.
//!
//! Listing the folders of thirty pods takes as long as reading what is in
//! them, and next to always nothing has changed. inotify(7) tells; its
//! descriptor never blocks and wakes nobody.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

/// Several changes at once; they are counted only as "some".
const ROOM: usize = 4096;

/// The folders that are watched.
#[derive(Debug)]
pub struct Watch {
    /// `None` when the host has no more to give.
    queue: Option<OwnedFd>,
    /// Not every folder is watched: what changes there is not told.
    blind: bool,
}

impl Default for Watch {
    fn default() -> Self {
        let queue = queue();
        Self { blind: queue.is_none(), queue }
    }
}

fn queue() -> Option<OwnedFd> {
    inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()
}

impl Watch {
    /// Tries again what could not be had: every folder is added anew after this.
    pub fn renew(&mut self) {
        self.queue = self.queue.take().or_else(queue);
        self.blind = self.queue.is_none();
    }

    /// Watches for what comes into `folder` or goes. One that is watched already
    /// is not watched twice.
    pub fn add(&mut self, folder: &Path) {
        self.blind |= !self.try_add(folder);
    }

    /// As [`Watch::add`], for a folder whose changes may come late to notice.
    pub fn try_add(&mut self, folder: &Path) -> bool {
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR;
        let Some(queue) = &self.queue else { return false };
        // A folder that is gone is told by the one it was in.
        matches!(inotify::add_watch(queue, folder, flags), Ok(_) | Err(Errno::NOENT))
    }

    /// Whether anything changed since the last time, or may have.
    pub fn changed(&self) -> bool {
        let Some(queue) = &self.queue else { return true };
        let mut events = [0; ROOM];
        let mut changed = self.blind;
        while rustix::io::read(queue, &mut events).is_ok_and(|length| length > 0) {
            changed = true;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::default();
        watch.add(folder.path());
        watch.add(&folder.path().join("absent"));
        assert!(!watch.changed());

        std::fs::create_dir(folder.path().join("pod")).unwrap();
        assert!(watch.changed());
        assert!(!watch.changed());

        std::fs::write(folder.path().join("pod/file"), "deeper is not watched").unwrap();
        assert!(!watch.changed());

        std::fs::remove_dir_all(folder.path().join("pod")).unwrap();
        assert!(watch.changed());
        assert!(!watch.changed());
    }

    #[test]
    fn without_the_kernels_help_everything_may_have_changed() {
        let watch = Watch { queue: None, blind: true };
        assert!(watch.changed());
    }

    #[test]
    fn help_that_could_not_be_had_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch { queue: None, blind: true };
        watch.renew();
        watch.add(folder.path());
        assert!(!watch.changed());
        std::fs::create_dir(folder.path().join("pod")).unwrap();
        assert!(watch.changed());
    }
}
