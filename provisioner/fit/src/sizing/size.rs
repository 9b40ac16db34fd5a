//! What a container should ask for, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Resource;

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Terrarium's own.
    #[default]
    Ours,
    /// The simple strategy of Robusta's KRR.
    Krr,
    /// The Vertical Pod Autoscaler's recommender.
    Vpa,
}

/// How much history an advice needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The workload was watched at least so long.
    pub least_seconds: u64,
    /// At least so many samples of all its pods together.
    pub least_samples: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { least_seconds: 24 * 3600, least_samples: 100 }
    }
}

/// What there is to say of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// These sizes.
    Enough(Size),
    /// Nothing yet: so much history is there.
    NotEnough {
        /// How long the workload was watched.
        seconds: u64,
        /// Samples of all its pods.
        samples: u64,
    },
}

/// What a container should ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Size {
    /// What it should request; none where nothing was measured.
    pub request: Resource,
    /// What it may use at most; none is no limit.
    pub limit: Resource,
    /// The request may be as low as this with so much history.
    pub low: Resource,
    /// And as high as this.
    pub high: Resource,
    /// What decided each figure.
    pub why: Vec<Why>,
    /// The smallest and the largest pod's highest memory, in bytes.
    pub spread: (u64, u64),
}

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The memory request.
    MemoryRequest,
    /// The memory limit.
    MemoryLimit,
    /// The CPU request.
    CpuRequest,
}

/// What decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Term {
    /// What 90 of 100 samples stay below.
    P90,
    /// What 95 of 100 samples stay below.
    P95,
    /// What 99 of 100 samples stay below.
    P99,
    /// The highest sample.
    Peak,
    /// The most in the ten minutes after a start.
    StartUp,
    /// The limit a pod was killed at.
    OomKill,
    /// The 90th percentile of a histogram whose weights halve every day.
    Histogram,
    /// The least the method ever says.
    Floor,
    /// No more fits: `value` is what was wanted.
    Room,
    /// It stays as it is, as its pods would find no node again: `value` is what
    /// was wanted.
    Stays,
}

/// What decided a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The figure.
    pub what: Part,
    /// What decided it.
    pub term: Term,
    /// The pod that did; none where it was all of them.
    pub pod: Option<String>,
    /// What was measured, before anything was added: bytes, or thousandths of a
    /// core.
    pub value: u64,
    /// What was added, in percent.
    pub margin: u64,
    /// From quantiles, for want of whole samples.
    pub approximated: bool,
}

impl Why {
    pub(super) fn new(what: Part, term: Term, pod: Option<&str>, value: u64, margin: u64) -> Self {
        Self { what, term, pod: pod.map(str::to_owned), value, margin, approximated: false }
    }
}

impl Resource {
    /// The amount a figure is about.
    pub(super) fn of(&mut self, what: Part) -> &mut Option<u64> {
        if what == Part::CpuRequest { &mut self.cpu } else { &mut self.memory }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MemoryRequest => "memory request",
            Self::MemoryLimit => "memory limit",
            Self::CpuRequest => "cpu request",
        })
    }
}

/// One sentence without its full stop: `memory request: p99 of redis-0 was 92
/// MiB, plus 10 %`.
impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, term, .. } = self;
        let amount = match what {
            Part::CpuRequest => format!("{}m", self.value),
            Part::MemoryRequest | Part::MemoryLimit => mib(self.value),
        };
        let of = self.pod.as_ref().map_or_else(String::new, |pod| format!(" of {pod}"));
        write!(formatter, "{what}: ")?;
        match term {
            Term::P90 => write!(formatter, "p90{of} was {amount}")?,
            Term::P95 => write!(formatter, "p95{of} was {amount}")?,
            Term::P99 => write!(formatter, "p99{of} was {amount}")?,
            Term::Peak => write!(formatter, "the peak{of} was {amount}")?,
            Term::StartUp => write!(formatter, "the start{of} took {amount}")?,
            Term::OomKill => write!(formatter, "killed for want of memory{of} at {amount}")?,
            Term::Histogram => write!(formatter, "p90 by VPA's histogram was {amount}")?,
            Term::Floor => write!(formatter, "never below {amount}")?,
            Term::Room => write!(formatter, "{amount} would be right but does not fit")?,
            Term::Stays => {
                write!(formatter, "{amount} would be right, but its pods would find no node")?;
            }
        }
        if self.margin > 0 {
            write!(formatter, ", plus {} %", self.margin)?;
        }
        if self.approximated {
            formatter.write_str(", from quantiles for want of samples")?;
        }
        Ok(())
    }
}

/// Mebibytes, rounded up: what a figure promises has to be enough.
fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
