//! A quantity over the last day, as a histogram of growing buckets for every
//! four hours of it.
//!
//! Each bucket's upper bound is a tenth above its lower one and stands for its
//! geometric middle: a percentile is told within 5 % of the exact one, the
//! maximum exactly (as an `f32`). Only buckets that were hit take room.

use std::collections::VecDeque;

use serde::Serialize;

/// Windows that are kept, the present one included: a whole day however little
/// of that one is over.
pub const WINDOWS: u64 = 7;

/// Seconds of a window.
pub const WINDOW: f64 = 4.0 * 3600.0;

/// How much a bucket's bounds are apart.
const GROWTH: f64 = 1.1;

/// The buckets' lower bounds but the first's, in units. Logarithms would take
/// more room than this table does.
static BOUNDS: [f64; 255] = {
    let mut bounds = [1.0; 255];
    let mut nth = 1;
    while nth < bounds.len() {
        bounds[nth] = bounds[nth - 1] * GROWTH;
        nth += 1;
    }
    bounds
};

/// Largest relative error of a percentile, of values of at least the unit.
pub const ERROR: f64 = 0.05;

/// Where the buckets begin; what is below counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit(pub f64);

/// Bytes: from a small page on.
pub const BYTES: Unit = Unit(4096.0);
/// Processors, and shares of time.
pub const SHARE: Unit = Unit(0.0001);

/// The quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    unit: Unit,
    windows: VecDeque<Window>,
    last: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Window {
    number: u64,
    most: f32,
    /// Buckets that were hit, in order, with how often.
    buckets: Vec<(u8, u16)>,
}

/// What is told of a quantity: its last value, percentiles and the most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// The last sample.
    pub last: f64,
    /// Half of the samples were at most this.
    pub p50: f64,
    /// 90 of 100 samples.
    pub p90: f64,
    /// 95 of 100 samples.
    pub p95: f64,
    /// 99 of 100 samples.
    pub p99: f64,
    /// All samples.
    pub max: f64,
}

impl Series {
    /// Nothing yet.
    pub fn new(unit: Unit) -> Self {
        Self { unit, windows: VecDeque::new(), last: 0.0 }
    }

    /// A sample of this window, counted from anywhere. What is no number is none.
    pub fn note(&mut self, window: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let value = value.max(0.0);
        self.last = value;
        while self.windows.front().is_some_and(|first| first.number + WINDOWS <= window) {
            self.windows.pop_front();
        }
        if self.windows.back().is_none_or(|last| last.number < window) {
            self.windows.push_back(Window { number: window, most: 0.0, buckets: Vec::new() });
        }
        let index = index(value, self.unit);
        let Some(present) = self.windows.back_mut() else { return };
        present.most = present.most.max(single(value));
        match present.buckets.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => present.buckets[at].1 = present.buckets[at].1.saturating_add(1),
            Err(at) => present.buckets.insert(at, (index, 1)),
        }
    }

    /// What is told of it; `None` without a sample.
    pub fn summary(&self) -> Option<Summary> {
        let mut counts = [0_u64; 256];
        let mut samples = 0;
        let mut max = 0.0_f64;
        for window in &self.windows {
            max = max.max(f64::from(window.most));
            for (index, count) in &window.buckets {
                counts[usize::from(*index)] += u64::from(*count);
                samples += u64::from(*count);
            }
        }
        (samples > 0).then_some(())?;
        // The smallest value that so many of 100 samples do not exceed.
        let percentile = |percent: u64| {
            let rank = (samples * percent).div_ceil(100).max(1);
            let mut below = 0;
            let found = (0..=u8::MAX).zip(counts).find(|(_, count)| {
                below += count;
                below >= rank
            });
            found.map_or(max, |(index, _)| middle(index, self.unit).min(max))
        };
        let [p50, p90, p95, p99] = [50, 90, 95, 99].map(percentile);
        Some(Summary { last: self.last, p50, p90, p95, p99, max })
    }

    /// Bytes it takes on the heap.
    pub fn size(&self) -> usize {
        let buckets = self.windows.iter().map(|window| window.buckets.capacity());
        self.windows.capacity() * size_of::<Window>()
            + buckets.sum::<usize>() * size_of::<(u8, u16)>()
    }
}

/// The bucket of a value: 0 for what is below the unit.
fn index(value: f64, unit: Unit) -> u8 {
    let index = BOUNDS.partition_point(|bound| *bound <= value / unit.0);
    u8::try_from(index).unwrap_or(u8::MAX)
}

/// The value that stands for a bucket.
fn middle(index: u8, unit: Unit) -> f64 {
    let lower = usize::from(index).checked_sub(1).and_then(|nth| BOUNDS.get(nth));
    lower.map_or(0.0, |lower| unit.0 * lower * GROWTH.sqrt())
}

#[expect(clippy::cast_possible_truncation, reason = "seven digits are enough for a maximum")]
fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_long_gone_are_forgotten() {
        let mut series = Series::new(BYTES);
        assert_eq!(series.summary(), None);
        series.note(10, 1e9);
        series.note(10 + WINDOWS - 1, 1e6);
        assert!(series.summary().unwrap().max > 0.9e9);
        series.note(10 + WINDOWS, 1e6);
        assert!(series.summary().unwrap().max < 1.1e6);
        // A clock that is set back makes no gap.
        series.note(3, 2e6);
        assert!(series.summary().unwrap().max > 1.9e6);
    }

    #[test]
    fn a_day_of_samples_takes_few_bytes() {
        let mut series = Series::new(SHARE);
        for sample in 0..2880_u32 {
            series.note(u64::from(sample / 480), f64::from(sample % 97) / 20.0);
        }
        assert!(series.size() <= 2048, "{} bytes", series.size());
    }

    #[test]
    fn what_is_no_number_is_no_sample() {
        let mut series = Series::new(SHARE);
        series.note(0, f64::NAN);
        series.note(0, f64::INFINITY);
        assert_eq!(series.summary(), None);
        series.note(0, -1.0);
        let none = Summary { last: 0.0, p50: 0.0, p90: 0.0, p95: 0.0, p99: 0.0, max: 0.0 };
        assert_eq!(series.summary(), Some(none));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_the_error_of_the_exact_ones(
            values in proptest::collection::vec(0.0_f64..64.0, 1..400),
            bytes: bool,
        ) {
            let (unit, scale) = if bytes { (BYTES, 1e9) } else { (SHARE, 1.0) };
            let mut series = Series::new(unit);
            let mut sorted: Vec<f64> = values.iter().map(|value| value * scale).collect();
            for (nth, value) in (0..).zip(&sorted) {
                series.note(nth / 120, *value);
            }
            let last = series.summary().unwrap().last;
            prop_assert_eq!(last.to_bits(), sorted.last().unwrap().to_bits());
            sorted.sort_by(f64::total_cmp);
            let summary = series.summary().unwrap();
            let Summary { p50, p90, p95, p99, .. } = summary;
            let told = [(50, p50), (90, p90), (95, p95), (99, p99)];
            for (percent, told) in told {
                let exact = sorted[(sorted.len() * percent).div_ceil(100) - 1];
                let bound = (exact * ERROR).max(unit.0);
                prop_assert!((told - exact).abs() <= bound, "p{percent}: {told}, not {exact}");
            }
            let most = *sorted.last().unwrap();
            prop_assert!((summary.max - most).abs() <= most * 1e-6);
        }
    }
}
