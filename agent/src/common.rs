//! Files that several read: once for a page, by whoever comes first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::Source;

/// Outside of pages, what was read so recently is new enough.
const RECENT: Duration = Duration::from_secs(5);

/// The pages, counted: what was read for an earlier one is too old.
#[derive(Debug, Clone, Default)]
pub struct Pages(Arc<AtomicU64>);

impl Pages {
    /// Another one begins.
    pub fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A file and its content as it was read last.
#[derive(Debug, Clone)]
pub struct Common {
    held: Arc<Mutex<Held>>,
    pages: Pages,
}

#[derive(Debug)]
struct Held {
    source: Source,
    content: Vec<u8>,
    /// For which page, and when.
    read: Option<(u64, Instant)>,
}

impl Common {
    /// Shared by whoever has a copy.
    pub fn new(source: Source, pages: &Pages) -> Self {
        let held = Held { source, content: Vec::new(), read: None };
        Self { held: Arc::new(Mutex::new(held)), pages: pages.clone() }
    }

    /// The content as it is for the page under way.
    ///
    /// # Errors
    /// As [`Source::read`]; [`Failure::Late`] while another's read of it does not
    /// come back.
    pub fn read<T>(
        &self,
        scratch: &mut Vec<u8>,
        see: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Failure> {
        let page = self.pages.0.load(Ordering::Relaxed);
        self.with(scratch, |(read, _)| read == page, see)
    }

    /// The content as it is, or was a moment ago.
    ///
    /// # Errors
    /// As [`Common::read`].
    pub fn recent<T>(
        &self,
        scratch: &mut Vec<u8>,
        see: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Failure> {
        self.with(scratch, |(_, when)| when.elapsed() < RECENT, see)
    }

    fn with<T>(
        &self,
        scratch: &mut Vec<u8>,
        is_new: impl FnOnce((u64, Instant)) -> bool,
        see: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Failure> {
        let mut held = match self.held.try_lock() {
            Ok(held) => held,
            // A panic would have ended the process: the lock is sound.
            Err(TryLockError::Poisoned(held)) => PoisonError::into_inner(held),
            // Nobody else reads at this time but who does not come back.
            Err(TryLockError::WouldBlock) => return Err(Failure::Late),
        };
        let Held { source, content, read } = &mut *held;
        if !read.is_some_and(is_new) {
            *read = None;
            let begun = (self.pages.0.load(Ordering::Relaxed), Instant::now());
            let fresh = source.read(scratch)?;
            content.clear();
            content.extend_from_slice(fresh);
            *read = Some(begun);
        }
        Ok(see(content))
    }
}

/// The files that collectors share with each other and with the history.
#[derive(Debug, Clone)]
pub struct Files {
    /// `/proc/stat`
    pub stat: Common,
    /// `/proc/meminfo`
    pub meminfo: Common,
    /// `/proc/pressure/`: `cpu`, `memory`, `io`.
    pub pressure: [Common; 3],
    /// For whoever begins one.
    pub pages: Pages,
}

impl Files {
    /// Those of the host that `settings` name; nothing is opened yet.
    pub fn new(settings: &Settings) -> Self {
        let pages = Pages::default();
        let common = |file: &str| Common::new(Source::new(settings.procfs.join(file)), &pages);
        Self {
            stat: common("stat"),
            meminfo: common("meminfo"),
            pressure: ["pressure/cpu", "pressure/memory", "pressure/io"].map(common),
            pages: pages.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_for_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let pages = Pages::default();
        let one = Common::new(Source::new(path.clone()), &pages);
        let other = one.clone();
        let mut scratch = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert!(one.read(&mut scratch, text).is_err());

        std::fs::write(&path, "1").unwrap();
        assert_eq!(one.read(&mut scratch, text).unwrap(), "1");
        std::fs::write(&path, "2").unwrap();
        assert_eq!(other.read(&mut scratch, text).unwrap(), "1");
        pages.begin();
        assert_eq!(other.recent(&mut scratch, text).unwrap(), "1");
        assert_eq!(other.read(&mut scratch, text).unwrap(), "2");
        assert_eq!(one.read(&mut scratch, text).unwrap(), "2");
    }

    #[test]
    fn who_does_not_come_back_keeps_no_other_waiting() {
        let common = Common::new(Source::new("/proc/stat".into()), &Pages::default());
        let hung = common.held.lock().unwrap();
        let outcome = common.read(&mut Vec::new(), |_| ());
        assert!(matches!(outcome, Err(Failure::Late)));
        drop(hung);
        assert!(common.read(&mut Vec::new(), |_| ()).is_ok());
    }
}
