//! What node and containers used over the last day: how much of the time, and
//! at most. Kept in a few kilobytes, so that a judgement needs no Prometheus.

mod containers;
mod host;
pub mod series;
pub mod track;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use containers::{Containers, Tracked};
pub use series::Summary;
pub use track::Track;

use crate::cgroup::Index;
use crate::common::Files;
use host::Host;
pub(crate) use host::kilobytes;

/// Samples are not nearer to each other.
pub const NEAREST: Duration = Duration::from_secs(30);

/// A moment: on the wall, and on a clock that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Seconds since 1970.
    pub wall: f64,
    /// Seconds since some start.
    pub steady: f64,
}

/// Everything that was used.
#[derive(Debug)]
pub struct History {
    start: Instant,
    last: Option<Instant>,
    host: Host,
    node: Track,
    containers: Containers,
    scratch: Vec<u8>,
}

impl History {
    /// Nothing yet, of the host whose files these are.
    pub fn new(files: &Files) -> Self {
        let start = Instant::now();
        Self {
            start,
            last: None,
            host: Host::new(files),
            node: Track::default(),
            containers: Containers::default(),
            scratch: Vec::new(),
        }
    }

    /// Whether the last sample is old enough for another.
    pub fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= NEAREST)
    }

    /// Takes a sample, unless there is one that is new. The index is read for
    /// it: a scrape may have left pods out.
    pub fn sample(&mut self, index: &mut Index) {
        if !self.is_due() {
            return;
        }
        self.last = Some(Instant::now());
        let now = self.now();
        self.node.note(now, &self.host.read(&mut self.scratch));
        // Pods that cannot be read are left out: their collector says so.
        let _ = index.refresh();
        let _ = index.read(&mut self.scratch);
        self.containers.note(now, index.pods());
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = wall.map_or(0.0, |wall| wall.as_secs_f64());
        Moment { wall, steady: self.start.elapsed().as_secs_f64() }
    }

    /// The node as a whole.
    pub fn node(&self) -> &Track {
        &self.node
    }

    /// Its containers.
    pub fn containers(&self) -> &Containers {
        &self.containers
    }
}
