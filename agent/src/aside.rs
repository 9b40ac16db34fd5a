//! The thread beside the server's: whatever reads the host is done there.
//!
//! A read may never come back: an attribute whose driver waits for its chip, a
//! tree that another program serves. Then the thread is left to it, and the
//! next thing is done on another.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::collector::apart::Apart;

/// How long a page waits for one collector.
pub const LIMIT: Duration = Duration::from_millis(300);

type Job = Box<dyn FnOnce() + Send>;

/// The thread, once something was to be done.
#[derive(Debug)]
struct Hand {
    thread: Apart<()>,
    job: Slot,
}

/// A job that waits for its thread.
#[derive(Default, Clone)]
struct Slot(Arc<Mutex<Option<Job>>>);

impl std::fmt::Debug for Slot {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Slot")
    }
}

impl Slot {
    fn put(&self, job: Option<Job>) -> Option<Job> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), job)
    }
}

impl Hand {
    fn new() -> Option<Self> {
        let job = Slot::default();
        let own = job.clone();
        let work = move || own.put(None).map_or((), |job| job());
        Some(Self { thread: Apart::new("reader", work)?, job })
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    InTime,
    /// It may be one day.
    Late,
    /// The host or the unit allows no further thread.
    NoThread,
}

/// Who has it done; all of them share the thread.
#[derive(Debug, Clone, Default)]
pub struct Aside(Arc<Mutex<Option<Hand>>>);

impl Aside {
    /// Does `job` there, and waits so long until it is done; when the time is up,
    /// `more` may give some more.
    pub fn run(
        &self,
        job: impl FnOnce() + Send + 'static,
        limit: Duration,
        more: impl FnMut() -> Option<Duration>,
    ) -> Done {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut hand) = held.take().or_else(Hand::new) else { return Done::NoThread };
        hand.job.put(Some(Box::new(job)));
        hand.thread.begin();
        if hand.thread.answer(limit, more).is_none() {
            return Done::Late;
        }
        *held = Some(hand);
        Done::InTime
    }

    /// What `make` makes there; `None` when that does not come back in time.
    pub fn get<T: Send + 'static>(
        &self,
        make: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let made = Arc::new(Mutex::new(None));
        let to = Arc::clone(&made);
        let job = move || *to.lock().unwrap_or_else(PoisonError::into_inner) = make();
        (self.run(job, LIMIT, || None) == Done::InTime).then_some(())?;
        made.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn what_does_not_come_back_keeps_nothing_else_waiting() {
        let (release, held) = sync_channel::<()>(0);
        let (told, heard) = sync_channel::<()>(1);
        let aside = Aside::default();
        assert_eq!(aside.get(|| Some(1)), Some(1));
        let hangs = aside.get(move || {
            held.recv().ok()?;
            told.send(()).ok()
        });
        assert_eq!(hangs, None);
        assert_eq!(aside.get(|| Some(2)), Some(2));
        // It is let go on, and ends.
        release.send(()).unwrap();
        heard.recv().unwrap();
    }
}
