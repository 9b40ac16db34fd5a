//! The samples of a container's pods: every CPU sample, and of memory the peak
//! of each day since the pod's first one.

use super::super::{Oom, Sample, Series};
use super::{CPU, Histogram, MEMORY, amount, float};

const DAY: u64 = 86_400;
/// What a CPU sample weighs.
const CPU_WEIGHT: f64 = 0.1;
/// After a kill memory is taken to need so much more, and so many times as
/// much.
const OOM_MORE: u64 = 100 << 20;
const OOM_TIMES: f64 = 1.2;

/// What is known of all pods together.
#[derive(Debug)]
pub(super) struct Aggregate {
    /// Of cores.
    pub cpu: Histogram,
    /// Of bytes.
    pub memory: Histogram,
    /// CPU samples.
    pub count: u64,
    /// The first and the last of them, in seconds.
    span: Option<(u64, u64)>,
}

impl Default for Aggregate {
    fn default() -> Self {
        let (cpu, memory) = (Histogram::new(CPU), Histogram::new(MEMORY));
        Self { cpu, memory, count: 0, span: None }
    }
}

impl Aggregate {
    /// From the first CPU sample to the last.
    pub(super) fn seconds(&self) -> u64 {
        self.span.map_or(0, |(first, last)| last - first)
    }

    /// A pod's samples. When its kills were is not known: they count for the
    /// day of its last sample.
    pub(super) fn of(series: &Series, oom: Option<Oom>, requested: u64) -> Self {
        let mut all = Self::default();
        for &Sample { at, value } in &series.cpu {
            let (first, last) = all.span.unwrap_or((at, at));
            // One that is not later than the one before is passed over.
            if all.count > 0 && at <= last {
                continue;
            }
            all.cpu.add(float(value) / 1000.0, CPU_WEIGHT, at);
            all.count += 1;
            all.span = Some((first, at));
        }
        let mut window = Window::default();
        for sample in &series.memory {
            window.sample(&mut all.memory, *sample);
        }
        if let (Some(_), Some(at)) = (oom.filter(|oom| oom.kills > 0), window.latest) {
            window.killed(&mut all.memory, at, requested);
        }
        all
    }

    /// Takes another pod's samples in.
    pub(super) fn merge(&mut self, other: Self) {
        self.cpu.merge(other.cpu);
        self.memory.merge(other.memory);
        self.count += other.count;
        let spans = [self.span, other.span].into_iter().flatten();
        self.span = spans.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
    }

    /// Adds a pod of which the peak is all that is known.
    pub(super) fn peak(&mut self, bytes: u64, oom: Option<Oom>, requested: u64) {
        let mut window = Window::default();
        window.sample(&mut self.memory, Sample { at: 0, value: bytes });
        if oom.is_some_and(|oom| oom.kills > 0) {
            window.killed(&mut self.memory, 0, requested);
        }
    }
}

/// A pod's day: its peak is one sample of the histogram, taken back when a
/// higher one comes.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// When it ends; none before the first sample.
    end: Option<u64>,
    /// When the last sample was.
    latest: Option<u64>,
    /// The highest sample, and the highest guess after a kill.
    peaks: (u64, u64),
}

impl Window {
    /// Takes a sample; false for one older than the last.
    pub(super) fn sample(&mut self, memory: &mut Histogram, sample: Sample) -> bool {
        if self.latest.is_some_and(|latest| sample.at < latest) {
            return false;
        }
        self.take(memory, sample, false);
        true
    }

    /// Takes a kill: more was needed than was requested and used. False for one
    /// a day or more before the last sample.
    pub(super) fn killed(&mut self, memory: &mut Histogram, at: u64, requested: u64) -> bool {
        if self.latest.is_some_and(|latest| at.saturating_add(DAY) < latest) {
            return false;
        }
        let used = requested.max(self.peaks.0);
        let value = used.saturating_add(OOM_MORE).max(amount(float(used) * OOM_TIMES));
        self.take(memory, Sample { at, value }, true);
        true
    }

    fn take(&mut self, memory: &mut Histogram, Sample { at, value }: Sample, kill: bool) {
        self.latest = Some(at);
        let end = self.end.unwrap_or(at);
        if at < end {
            let peak = self.peaks.0.max(self.peaks.1);
            if peak == 0 || value <= peak {
                return;
            }
            memory.subtract(float(peak), 1.0, end);
        } else {
            self.end = Some(end.saturating_add(((at - end) / DAY + 1).saturating_mul(DAY)));
            self.peaks = (0, 0);
        }
        memory.add(float(value), 1.0, self.end.unwrap_or(end));
        if kill { self.peaks.1 = value } else { self.peaks.0 = value }
    }
}
