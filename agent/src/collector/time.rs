//! The host's clock.

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::value::Value;

const NOW: Family = Family::gauge("node_time_seconds", "The host's clock, as Unix time.");

/// Encodes `now`. A clock set to before 1970 shows 1970.
pub fn encode(now: Timespec, out: &mut Encoder) {
    let nanoseconds = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    out.single(&NOW, Value::scaled(u64::try_from(nanoseconds).unwrap_or(0), 9));
}

/// The collector.
#[derive(Debug)]
pub struct Time;

impl Collector for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(clock_gettime(ClockId::Realtime), out);
        Ok(())
    }
}
