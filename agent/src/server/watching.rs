//! What is kept beside the metrics: the history, and the snapshot made of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::probing::Probing;
use crate::agent::Agent;
use crate::cgroup::Shared;
use crate::history::History;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Without a scrape for so long, a sample is taken all the same.
const ALONE: Duration = Duration::from_mins(1);

/// The history, shared by who samples and who tells.
#[derive(Debug)]
pub(super) struct Watching {
    settings: Settings,
    history: Mutex<History>,
    pods: Shared,
    probing: Probing,
    scraped: Notify,
}

impl Watching {
    pub(super) fn new(settings: Settings, agent: &Agent, probing: Probing) -> Arc<Self> {
        Arc::new(Self {
            history: Mutex::new(History::new(&settings)),
            settings,
            pods: Shared::clone(agent.pods()),
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

    /// The snapshot of this moment.
    pub(super) fn snapshot(&self) -> Snapshot {
        // The first one has to show something.
        self.sample();
        let probes = self
            .probing
            .as_ref()
            .map(|live| live.lock().unwrap_or_else(PoisonError::into_inner).prober().states());
        let index = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot::take(&self.settings, &self.history(), &index, probes.unwrap_or_default())
    }

    fn sample(&self) {
        let mut index = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        self.history().sample(&mut index);
    }

    /// A panic would have ended the process: the lock is sound.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
