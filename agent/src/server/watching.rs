//! What is kept beside the metrics: the history, and the snapshot made of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use tokio::sync::Notify;

use super::probing::Probing;
use crate::agent::Agent;
use crate::aside::Aside;
use crate::cgroup::Shared;
use crate::history::History;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Without a scrape for so long, a sample is taken all the same.
const ALONE: Duration = Duration::from_mins(1);

/// The history, shared by who samples and who tells.
#[derive(Debug)]
pub(super) struct Watching {
    settings: Arc<Settings>,
    history: Arc<Mutex<History>>,
    pods: Shared,
    aside: Aside,
    probing: Probing,
    scraped: Notify,
}

impl Watching {
    pub(super) fn new(settings: Settings, agent: &Agent, probing: Probing) -> Arc<Self> {
        Arc::new(Self {
            history: Arc::new(Mutex::new(History::new(agent.files()))),
            settings: Arc::new(settings),
            pods: Shared::clone(agent.pods()),
            aside: agent.aside().clone(),
            probing,
            scraped: Notify::new(),
        })
    }

    /// A scrape just ended: the processor is awake.
    pub(super) fn scraped(&self) {
        self.scraped.notify_one();
    }

    /// Samples with the scrapes; by itself only while there are none, so that
    /// an agent that is scraped does not wake for it.
    pub(super) async fn follow(&self) {
        loop {
            // Scraped or not for a minute: it is time.
            let _ = tokio::time::timeout(ALONE, self.scraped.notified()).await;
            self.sample();
        }
    }

    /// The snapshot of this moment; `None` when what it is read from does not
    /// answer.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        // The first one has to show something.
        self.sample();
        let probes = self
            .probing
            .as_ref()
            .map(|live| live.lock().unwrap_or_else(PoisonError::into_inner).prober().states());
        let settings = Arc::clone(&self.settings);
        let (history, pods) = (Arc::clone(&self.history), Shared::clone(&self.pods));
        self.aside.get(move || {
            let (index, history) = (free(&pods)?, free(&history)?);
            Some(Snapshot::take(&settings, &history, &index, probes.unwrap_or_default()))
        })
    }

    fn sample(&self) {
        // Nothing is begun on the other thread that need not be.
        if !free(&self.history).is_none_or(|history| history.is_due()) {
            return;
        }
        let (history, pods) = (Arc::clone(&self.history), Shared::clone(&self.pods));
        self.aside.get(move || {
            let (mut index, mut history) = (free(&pods)?, free(&history)?);
            history.sample(&mut index);
            Some(())
        });
    }
}

/// What is behind the lock, unless it is in use by a read that does not come
/// back: nothing else holds it when this is asked.
pub(super) fn free<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match lock.try_lock() {
        Ok(held) => Some(held),
        // A panic would have ended the process: the lock is sound.
        Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
