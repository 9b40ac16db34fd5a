//! Everything at one moment, for a judgement or a person: node, pods, probes,
//! with what they used over the last day. Version 1 of its form.

mod node;
pub mod page;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cgroup::{Container, Index};
use crate::history::track::Told;
use crate::history::{History, Tracked};
use crate::probe::State;
use crate::settings::Settings;

pub use node::{Disk, Node, Pi};

/// The form's version: raised when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// The snapshot. Readers must pass over what they do not know.
#[derive(Debug, Serialize)]
pub struct Snapshot {
    /// [`VERSION`]
    pub version: u32,
    /// When it was taken, in seconds since 1970.
    pub taken_seconds: f64,
    /// Who took it.
    pub agent: About,
    /// The node.
    pub node: Node,
    /// The pods that run on it.
    pub pods: Vec<Pod>,
    /// The probes made on it.
    pub probes: Vec<Probe>,
}

/// The agent.
#[derive(Debug, Serialize)]
pub struct About {
    /// Its version.
    pub version: &'static str,
    /// How long it has run.
    pub uptime_seconds: f64,
}

/// A pod.
#[derive(Debug, Serialize)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// Its uid.
    pub uid: String,
    /// Its containers.
    pub containers: Vec<ContainerState>,
}

/// A container.
#[derive(Debug, Serialize)]
pub struct ContainerState {
    /// Its name.
    pub name: String,
    /// When it was started, in seconds since 1970.
    pub started_seconds: Option<f64>,
    /// How often it was started again.
    pub restarts: u64,
    /// Its limit of memory.
    pub memory_limit_bytes: Option<u64>,
    /// Its limit of processors.
    pub cpu_limit_cores: Option<f64>,
    /// Processes killed for want of memory since the agent's start.
    pub oom_kills: u64,
    /// The limit of memory when that happened last.
    pub oom_limit_bytes: Option<u64>,
    /// Share of the periods in which its share of processors was used up.
    pub throttled_ratio: Option<f64>,
    /// The most memory in the first ten minutes after a start.
    pub startup_memory_bytes: Option<u64>,
    /// What it used.
    pub history: Option<Told>,
}

/// A probe.
#[derive(Debug, Serialize)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub kind: &'static str,
    /// Whom it asks.
    pub service: String,
    /// Whether that is well.
    pub success: bool,
    /// How long it took.
    pub duration_seconds: f64,
    /// Since when that is so, in seconds since 1970.
    pub since_seconds: f64,
    /// Why it is not well.
    pub failure: Option<String>,
}

impl Snapshot {
    /// Takes it.
    pub fn take(
        settings: &Settings,
        history: &History,
        index: &Index,
        probes: BTreeMap<String, State>,
    ) -> Self {
        let now = history.now();
        let pods = index.pods().iter().map(|pod| Pod {
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
            uid: pod.uid.clone(),
            containers: pod
                .containers
                .iter()
                .map(|found| {
                    container(found, history.containers().get(&pod.uid, &found.names.container))
                })
                .collect(),
        });
        let probes = probes.into_iter().map(|(name, state)| Probe {
            name,
            kind: state.kind,
            service: state.service,
            success: state.success,
            duration_seconds: state.duration,
            since_seconds: state.since,
            failure: state.failure,
        });
        Self {
            version: VERSION,
            taken_seconds: now.wall,
            agent: About { version: env!("CARGO_PKG_VERSION"), uptime_seconds: now.steady },
            node: Node::read(settings, history.node()),
            pods: pods.collect(),
            probes: probes.collect(),
        }
    }
}

fn container(container: &Container, tracked: Option<&Tracked>) -> ContainerState {
    let readings = &container.readings;
    let throttled = readings.throttling.filter(|throttling| throttling.periods > 0);
    ContainerState {
        name: container.names.container.clone(),
        started_seconds: container.started.map(|hundredths| ratio(hundredths, 100)),
        restarts: container.names.restarts,
        memory_limit_bytes: readings.memory_limit.value(),
        cpu_limit_cores: readings.cpu_limit_milli().map(|milli| ratio(milli, 1000)),
        oom_kills: tracked.map_or(0, |tracked| tracked.oom_kills),
        oom_limit_bytes: tracked.and_then(|tracked| tracked.oom_limit),
        throttled_ratio: throttled.map(|found| ratio(found.throttled, found.periods)),
        startup_memory_bytes: tracked.and_then(|tracked| tracked.startup_memory),
        history: tracked.and_then(|tracked| tracked.track.told()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts further")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
