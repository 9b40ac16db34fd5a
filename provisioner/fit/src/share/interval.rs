//! From counted runs to an interval.

use serde::{Deserialize, Serialize};

use super::Runs;

/// A share between two ends, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Of 1,000 such intervals one misses the true share.
const DEVIATIONS: f64 = 3.29;

/// Wilson's score interval, which stays sound at 0 and at all.
pub fn wilson(runs: Runs) -> Interval {
    if runs.runs == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let count = f64::from(runs.runs);
    let share = f64::from(runs.complete) / count;
    let square = DEVIATIONS * DEVIATIONS;
    let middle = share + square / (2.0 * count);
    let spread =
        DEVIATIONS * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    let scale = 1.0 + square / count;
    // At the ends the formula is exact but for the last bit.
    let low = if runs.complete == 0 { 0.0 } else { ((middle - spread) / scale).max(0.0) };
    let high = if runs.complete == runs.runs { 1.0 } else { ((middle + spread) / scale).min(1.0) };
    Interval { low: rounded(low, f64::floor), high: rounded(high, f64::ceil) }
}

/// Four digits, outwards.
fn rounded(value: f64, outwards: fn(f64) -> f64) -> f64 {
    outwards(value * 10_000.0) / 10_000.0
}
