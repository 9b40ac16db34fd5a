//! The kernel's clock discipline: is the clock right, and by how much not.

use terrarium_kernel::{Timex as Told, timex};

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::value::Value;

/// `TIME_ERROR` of timex.h: nobody disciplines the clock.
const UNSYNCHRONISED: i32 = 5;
/// `STA_NANO`: offset and jitter are in nanoseconds.
const NANO: i32 = 0x2000;

/// A frequency has sixteen bits below the point of a part per million. The
/// nearest value with eighteen decimal places; sixteen bits make no more.
fn parts_per_million(frequency: i64, offset: i64) -> Value {
    // 10^12 / 2^16 is a whole number over 2^4: nothing is lost but the last bits.
    let picoparts = (i128::from(frequency) * 1_000_000_000_000) >> 16;
    let whole = i128::from(offset) * 1_000_000_000_000_000_000 + picoparts;
    Value::signed(i64::try_from(whole).unwrap_or(0), 18)
}

type Column = (Family, fn(&Told) -> Value);

const fn gauge(name: &'static str, help: &'static str, value: fn(&Told) -> Value) -> Column {
    (Family::gauge(name, help), value)
}

const fn counter(name: &'static str, help: &'static str, value: fn(&Told) -> Value) -> Column {
    (Family::counter(name, help), value)
}

fn precise(told: &Told, number: i64) -> Value {
    Value::signed(number, if told.status & NANO == 0 { 6 } else { 9 })
}

const COLUMNS: [Column; 17] = [
    gauge("node_timex_estimated_error_seconds", "Estimated error of the clock.", |t| {
        Value::signed(t.estimated_error, 6)
    }),
    gauge("node_timex_frequency_adjustment_ratio", "Speed of the clock, 1 being its own.", |t| {
        parts_per_million(t.frequency, 1)
    }),
    gauge("node_timex_loop_time_constant", "Time constant of the loop.", |t| {
        Value::signed(t.constant, 0)
    }),
    gauge("node_timex_maxerror_seconds", "Largest possible error of the clock.", |t| {
        Value::signed(t.max_error, 6)
    }),
    gauge("node_timex_offset_seconds", "What the clock is still off.", |t| precise(t, t.offset)),
    counter("node_timex_pps_calibration_total", "Calibration intervals of the pulse.", |t| {
        Value::signed(t.pps_calibrations, 0)
    }),
    counter("node_timex_pps_error_total", "Calibration errors of the pulse.", |t| {
        Value::signed(t.pps_errors, 0)
    }),
    gauge("node_timex_pps_frequency_hertz", "Frequency by the pulse.", |t| {
        parts_per_million(t.pps_frequency, 0)
    }),
    gauge("node_timex_pps_jitter_seconds", "Jitter of the pulse.", |t| precise(t, t.pps_jitter)),
    counter("node_timex_pps_jitter_total", "Times the jitter was too large.", |t| {
        Value::signed(t.pps_jitter_exceeded, 0)
    }),
    gauge("node_timex_pps_shift_seconds", "Interval of the pulse.", |t| {
        Value::signed(t.pps_shift.into(), 0)
    }),
    counter("node_timex_pps_stability_exceeded_total", "Times the pulse was unstable.", |t| {
        Value::signed(t.pps_stability_exceeded, 0)
    }),
    gauge("node_timex_pps_stability_hertz", "Stability of the pulse.", |t| {
        parts_per_million(t.pps_stability, 0)
    }),
    gauge("node_timex_status", "The kernel's status bits.", |t| Value::signed(t.status.into(), 0)),
    gauge("node_timex_sync_status", "1 if the clock is synchronised.", |t| {
        Value::from(t.state != UNSYNCHRONISED)
    }),
    gauge("node_timex_tai_offset_seconds", "International atomic time less UTC.", |t| {
        Value::signed(t.tai.into(), 0)
    }),
    gauge("node_timex_tick_seconds", "Seconds between ticks.", |t| Value::signed(t.tick, 6)),
];

/// Encodes what the kernel told.
pub fn encode(told: &Told, out: &mut Encoder) {
    for (family, value) in &COLUMNS {
        out.single(family, value(told));
    }
}

/// The collector.
#[derive(Debug)]
pub struct Timex;

impl Collector for Timex {
    fn name(&self) -> &'static str {
        "timex"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let told = timex().map_err(|source| Failure::Call { call: "adjtimex", source })?;
        encode(&told, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_parts_per_million_with_sixteen_bits_below_the_point() {
        let text = |value: Value| value.with_text(|text| String::from_utf8(text.to_vec()).unwrap());
        assert_eq!(text(parts_per_million(0, 1)), "1");
        assert_eq!(text(parts_per_million(65536, 1)), "1.000001");
        assert_eq!(text(parts_per_million(-65536, 1)), "0.999999");
        assert_eq!(text(parts_per_million(65536 * 500, 0)), "0.0005");
        assert_eq!(text(parts_per_million(i64::MAX, 1)), "0");
    }
}
