//! An agent's snapshot as it is read here: what a judgement needs of it. Keys
//! nobody knows are passed over; the form is the agent's, `docs/agent/snapshot.md`.

use serde::Deserialize;
use terrarium_fit::sizing::Quantiles;
use terrarium_untrusted::{line, maybe_line};

/// The form that is read.
const VERSION: u32 = 1;

/// One node at one moment, and what was used before it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Snapshot {
    /// By its node's own clock, in seconds since 1970.
    pub taken_seconds: Option<f64>,
    pub node: Node,
    #[serde(default)]
    pub pods: Vec<Pod>,
    #[serde(default)]
    pub probes: Vec<Probe>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    #[serde(default, deserialize_with = "maybe_line")]
    pub model: Option<String>,
    pub cpus: u32,
    pub page_size_bytes: Option<u64>,
    pub memory_total_bytes: Option<u64>,
    pub history: Option<History>,
    #[serde(default)]
    pub pi: Pi,
    #[serde(default)]
    pub disks: Vec<Disk>,
}

/// What a Pi says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Pi {
    pub temperature_celsius: Option<f64>,
    pub throttled_now: Option<Vec<Flag>>,
    pub throttled_since_boot: Option<Vec<Flag>>,
}

/// What the firmware tells of the supply and the heat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    UnderVoltage,
    FrequencyCapped,
    Throttled,
    SoftTemperatureLimit,
    /// One of a later agent's.
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Disk {
    #[serde(deserialize_with = "line")]
    pub device: String,
    #[serde(deserialize_with = "line")]
    pub kind: String,
    pub write_latency_seconds: Option<f64>,
    /// From 0, new, to 1, at its end.
    pub life_used: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Pod {
    #[serde(deserialize_with = "line")]
    pub namespace: String,
    #[serde(deserialize_with = "line")]
    #[serde(rename = "pod")]
    pub name: String,
    #[serde(default)]
    pub containers: Vec<Container>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Container {
    #[serde(deserialize_with = "line")]
    pub name: String,
    #[serde(default)]
    pub oom_kills: u64,
    pub oom_limit_bytes: Option<u64>,
    pub throttled_ratio: Option<f64>,
    pub startup_memory_bytes: Option<u64>,
    pub history: Option<History>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Probe {
    #[serde(deserialize_with = "line")]
    pub name: String,
    #[serde(deserialize_with = "line")]
    pub service: String,
    pub success: bool,
    pub since_seconds: Option<f64>,
    pub duration_seconds: f64,
    #[serde(default, deserialize_with = "maybe_line")]
    pub failure: Option<String>,
}

/// What was used since a moment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct History {
    pub since_seconds: f64,
    pub samples: u64,
    pub cpu_cores: Option<Summary>,
    pub memory_bytes: Option<Summary>,
    pub swap_bytes: Option<Summary>,
    pub cpu_pressure: Option<Summary>,
    pub memory_pressure: Option<Summary>,
    pub io_pressure: Option<Summary>,
}

/// For how long an agent keeps what its figures are of, in seconds; its first
/// sample may be older.
const KEPT: u64 = 28 * 3600;

impl History {
    /// Seconds and samples the figures are of, in a snapshot taken then.
    pub(crate) fn covers(&self, taken_seconds: f64) -> (u64, u64) {
        let seconds = whole(taken_seconds).saturating_sub(whole(self.since_seconds));
        if seconds <= KEPT {
            return (seconds, self.samples);
        }
        let samples = u128::from(self.samples) * u128::from(KEPT) / u128::from(seconds);
        (KEPT, u64::try_from(samples).unwrap_or(u64::MAX))
    }
}

/// The last sample, and how many were at most so much.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Summary {
    pub last: f64,
    pub p50: f64,
    pub p90: Option<f64>,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("it is no snapshot")]
    Form(#[from] serde_json::Error),
    #[error("it is of form {0}, and this program reads form {VERSION}")]
    Version(u32),
}

/// Reads one.
pub(crate) fn parse(json: &[u8]) -> Result<Snapshot, SnapshotError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    match serde_json::from_slice::<Versioned>(json)?.version {
        VERSION => Ok(serde_json::from_slice(json)?),
        other => Err(SnapshotError::Version(other)),
    }
}

impl Summary {
    /// In whole units of `1 / scale`. An agent that tells no 90th percentile
    /// gets the next one it tells.
    pub(crate) fn quantiles(&self, scale: f64) -> Quantiles {
        let whole = |value: f64| whole(value * scale);
        Quantiles {
            p50: whole(self.p50),
            p90: whole(self.p90.unwrap_or(self.p95)),
            p95: whole(self.p95),
            p99: whole(self.p99),
            max: whole(self.max),
        }
    }
}

/// A figure rounded up, nothing when it is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded")]
pub(crate) fn whole(value: f64) -> u64 {
    // Above this a float has no whole numbers of its own.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if value.is_finite() { value.clamp(0.0, MOST).ceil() as u64 } else { 0 }
}
