//! Whether the run is to end: set by a signal, looked at wherever something
//! takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::error::{Code, Failure};

/// Whether the run is to end. Cheap to clone, cheap to look at; once set it
/// stays set.
///
/// Futures need not look: the run drops them. What blocks a thread does: loops of
/// computing, reading and sleeping ask [`Cancel::is_set`] many times a second.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    set: AtomicBool,
    waiting: Notify,
}

impl Cancel {
    /// Whether the run is to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.set.load(Ordering::Relaxed)
    }

    /// Has the run end.
    pub fn set(&self) {
        self.0.set.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// Waits until the run is to end.
    pub async fn wait(&self) {
        let waiting = self.0.waiting.notified();
        tokio::pin!(waiting);
        // From here on no call of `set` is missed.
        waiting.as_mut().enable();
        if !self.is_set() {
            waiting.await;
        }
    }

    /// An error when the run is to end, for work that looked at the flag and
    /// broke off.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_set() { Err(interrupted()) } else { Ok(()) }
    }
}

/// How an interrupted run ends. Everything on the nodes is written whole or not
/// at all, so stopping anywhere is safe; the connections' end frees the locks.
pub(crate) fn interrupted() -> Failure {
    Failure::plain(Code::Interrupted, "interrupted")
        .hint(Some("run the same command again to go on where it stopped".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_hears_it_and_whoever_comes_later_too() {
        let cancel = Cancel::default();
        assert!(!cancel.is_set() && cancel.check().is_ok());
        let other = cancel.clone();
        let waiting = tokio::spawn(async move { other.wait().await });
        tokio::task::yield_now().await;
        cancel.set();
        waiting.await.unwrap();
        cancel.wait().await;
        assert!(cancel.is_set());
        assert_eq!(cancel.check().map_err(|failure| failure.code), Err(Code::Interrupted));
    }
}
