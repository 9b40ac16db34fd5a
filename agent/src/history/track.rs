//! From counters to what was used between two samples.

use serde::Serialize;

use super::Moment;
use super::series::{BYTES, SHARE, Series, Summary, WINDOW};

/// Counters and sizes at one moment; `None` is what is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Processor time, in nanoseconds.
    pub cpu: Option<u64>,
    /// Memory that cannot be taken back, in bytes.
    pub memory: Option<u64>,
    /// Swap in use, in bytes.
    pub swap: Option<u64>,
    /// Time waited for the processor, memory and I/O, in microseconds: by some
    /// task, for memory by all.
    pub pressure: [Option<u64>; 3],
}

/// The history of a node or a container.
#[derive(Debug, Clone, Default)]
pub struct Track {
    since: Option<f64>,
    samples: u64,
    before: Option<(f64, Reading)>,
    cpu: Option<Series>,
    memory: Option<Series>,
    swap: Option<Series>,
    pressure: [Option<Series>; 3],
}

/// What is told of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// When the first sample was taken, in seconds since 1970.
    pub since_seconds: f64,
    /// Samples taken; those long gone are counted.
    pub samples: u64,
    /// Processors in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cores: Option<Summary>,
    /// Memory in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<Summary>,
    /// Swap in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<Summary>,
    /// Share of time in which some task waited for a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<Summary>,
    /// Share of time in which all tasks waited for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<Summary>,
    /// Share of time in which some task waited for I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_pressure: Option<Summary>,
}

impl Track {
    /// Takes a sample.
    pub fn note(&mut self, now: Moment, reading: &Reading) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "windows since the agent's start"
        )]
        let window = (now.steady / WINDOW).max(0.0) as u64;
        self.since.get_or_insert(now.wall);
        self.samples += 1;
        let size = |series: &mut Option<Series>, value: Option<u64>| {
            let Some(value) = value else { return };
            series.get_or_insert_with(|| Series::new(BYTES)).note(window, float(value));
        };
        size(&mut self.memory, reading.memory);
        size(&mut self.swap, reading.swap);
        let before = self.before.replace((now.steady, *reading));
        let Some((then, before)) = before.filter(|(then, _)| *then < now.steady) else { return };
        let elapsed = now.steady - then;
        // A counter that went back is another's: of a container started again.
        let rate = |series: &mut Option<Series>, pair: (Option<u64>, Option<u64>), unit: f64| {
            let (Some(was), Some(is)) = pair else { return };
            let Some(more) = is.checked_sub(was) else { return };
            let rate = float(more) / unit / elapsed;
            series.get_or_insert_with(|| Series::new(SHARE)).note(window, rate);
        };
        rate(&mut self.cpu, (before.cpu, reading.cpu), 1e9);
        let pairs = before.pressure.into_iter().zip(reading.pressure);
        for (series, pair) in self.pressure.iter_mut().zip(pairs) {
            rate(series, pair, 1e6);
        }
    }

    /// What is told; `None` without a sample.
    pub fn told(&self) -> Option<Told> {
        let told = |series: &Option<Series>| series.as_ref().and_then(Series::summary);
        let [cpu, memory, io] = &self.pressure;
        Some(Told {
            since_seconds: self.since?,
            samples: self.samples,
            cpu_cores: told(&self.cpu),
            memory_bytes: told(&self.memory),
            swap_bytes: told(&self.swap),
            cpu_pressure: told(cpu),
            memory_pressure: told(memory),
            io_pressure: told(io),
        })
    }
}

/// As a number with a fraction: exact up to eight petabytes.
#[expect(clippy::cast_precision_loss, reason = "nobody counts further")]
pub(super) fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady: f64) -> Moment {
        Moment { wall: 1.79e9 + steady, steady }
    }

    #[test]
    fn rates_are_of_the_time_between_samples() {
        let mut track = Track::default();
        assert_eq!(track.told(), None);
        let first = Reading {
            cpu: Some(5_000_000_000),
            memory: Some(1 << 20),
            pressure: [Some(0), None, Some(1_000_000)],
            ..Reading::default()
        };
        track.note(at(0.0), &first);
        let told = track.told().unwrap();
        assert_eq!((told.samples, told.cpu_cores), (1, None));
        let second = Reading {
            cpu: Some(65_000_000_000),
            pressure: [Some(15_000_000), None, Some(1_000_000)],
            ..first
        };
        track.note(at(30.0), &second);
        let told = track.told().unwrap();
        assert!((told.cpu_cores.unwrap().last - 2.0).abs() < 1e-9);
        assert!((told.cpu_pressure.unwrap().last - 0.5).abs() < 1e-9);
        assert!(told.io_pressure.unwrap().last.abs() < 1e-9);
        assert_eq!((told.memory_pressure, told.swap_bytes), (None, None));
        assert!((told.since_seconds - 1.79e9).abs() < 1e-6);
    }

    #[test]
    fn a_counter_that_goes_back_is_no_rate() {
        let mut track = Track::default();
        let reading = |cpu| Reading { cpu: Some(cpu), ..Reading::default() };
        track.note(at(0.0), &reading(7_000_000_000));
        track.note(at(30.0), &reading(1_000_000_000));
        assert_eq!(track.told().unwrap().cpu_cores, None);
        track.note(at(60.0), &reading(31_000_000_000));
        assert!((track.told().unwrap().cpu_cores.unwrap().last - 1.0).abs() < 1e-9);
    }
}
