//! When which probe is made.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::metrics::{Metrics, State};
use super::{Failure, Findings, ask, tls};
use crate::config::{Place, Probe};

/// Finds the address of the pod on this node with such a container, by
/// namespace and container name.
pub type Locate = Box<dyn Fn(&str, &str) -> Option<IpAddr> + Send + Sync>;

/// The probes, each a task.
#[derive(Debug)]
pub struct Prober {
    shared: Arc<Shared>,
    running: BTreeMap<String, Running>,
}

struct Shared {
    metrics: Mutex<Metrics>,
    client: Arc<rustls::ClientConfig>,
    locate: Locate,
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

/// Ends its task when dropped.
#[derive(Debug)]
struct Running {
    probe: Arc<Probe>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Nothing that is done under the lock panics: it is sound.
    fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there can be no probes.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Two metrics have the same name.
    #[error(transparent)]
    Register(#[from] prometheus::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl Prober {
    /// A prober without probes, that tells what it finds in `registry`.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(registry: &Registry, locate: Locate) -> Result<Self, SetupError> {
        let metrics = Mutex::new(Metrics::new(registry)?);
        let shared = Shared { metrics, client: tls::client()?, locate };
        Ok(Self { shared: Arc::new(shared), running: BTreeMap::new() })
    }

    /// Makes these probes from now on, and no others. One that was there
    /// before, as it is, keeps its schedule and its history. Wants a runtime.
    pub fn set(&mut self, probes: Vec<Probe>) {
        let mut before = std::mem::take(&mut self.running);
        let count = u32::try_from(probes.len()).unwrap_or(u32::MAX);
        for (nth, probe) in (0..).zip(probes) {
            let name = probe.name.clone();
            let kept = before.remove(&name).filter(|running| {
                let same = *running.probe == probe;
                if !same {
                    running.task.abort();
                    self.shared.metrics().forget(&running.probe);
                }
                same
            });
            let running = kept.unwrap_or_else(|| {
                let probe = Arc::new(probe);
                // Spread over the interval, so that they do not start together.
                let delay = probe.interval * nth / count;
                let task = repeat(Arc::clone(&self.shared), Arc::clone(&probe), delay);
                Running { probe, task: tokio::spawn(task) }
            });
            self.running.insert(name, running);
        }
        for (_, gone) in before {
            gone.task.abort();
            self.shared.metrics().forget(&gone.probe);
        }
    }

    /// How each probe went last, by name; one not made yet, or whose service
    /// is not on this node, is not among them.
    pub fn states(&self) -> BTreeMap<String, State> {
        self.shared.metrics().states().clone()
    }
}

/// A probe's life. It is cancelled only where it waits, so a result is noted
/// whole or not at all.
async fn repeat(shared: Arc<Shared>, probe: Arc<Probe>, delay: Duration) {
    let mut ticks = tokio::time::interval_at(Instant::now() + delay, probe.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let address = match &probe.place {
            Place::Address(address) => Some(*address),
            Place::Container { namespace, container, port } => {
                (shared.locate)(namespace, container).map(|address| SocketAddr::new(address, *port))
            }
            Place::Host => Some((Ipv4Addr::LOCALHOST, 0).into()),
        };
        let Some(address) = address else {
            shared.metrics().forget(&probe);
            continue;
        };
        let start = Instant::now();
        let mut findings = Findings::default();
        let asking = ask(&probe.check, address, &shared.client, &mut findings);
        let result = match tokio::time::timeout(probe.timeout, asking).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut(probe.timeout)),
        };
        let said = shared.metrics().note(&probe, start.elapsed(), findings, result);
        if let Some(said) = said {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "probe {} at {address}: {said}", probe.name);
        }
    }
}
