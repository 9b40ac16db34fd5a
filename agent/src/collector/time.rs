//! The time, and what the kernel takes it from.

use std::path::PathBuf;

use rustix::time::{ClockId, clock_gettime};

use super::attributes::word;
use super::rescan::Rescan;
use super::{Collector, numbered};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::value::Value;

const TIME: Family = Family::gauge("node_time_seconds", "The time, as Unix time.");
const AVAILABLE: Family =
    Family::gauge("node_time_clocksource_available_info", "Clocks the kernel could use.");
const CURRENT: Family = Family::gauge("node_time_clocksource_current_info", "The clock it uses.");

/// A clock device: its number, the clocks it could use, and the one it does.
#[derive(Debug)]
pub struct Clock {
    /// The number, as its label has it.
    pub device: String,
    /// Names between blanks.
    pub available: Vec<u8>,
    /// One of them.
    pub current: Vec<u8>,
}

/// Encodes the clocks.
pub fn encode(clocks: &[Clock], out: &mut Encoder) {
    let mut family = |family: &Family, names: fn(&Clock) -> &[u8]| {
        if !clocks.is_empty() {
            out.family(family);
        }
        for clock in clocks {
            for name in crate::scan::fields(names(clock)) {
                let labels = [("clocksource", name), ("device", clock.device.as_bytes())];
                out.sample(family, &labels, true);
            }
        }
    };
    family(&AVAILABLE, |clock| &clock.available);
    family(&CURRENT, |clock| &clock.current);
}

/// The collector.
#[derive(Debug)]
pub struct Time {
    folder: PathBuf,
    clocks: Vec<Clock>,
    rescan: Rescan,
}

impl Time {
    /// Reads the clocks below sysfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.sysfs.join("devices/system/clocksource"),
            clocks: Vec::new(),
            rescan: Rescan::default(),
        }
    }
}

impl Collector for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            let found = numbered(&self.folder, "clocksource").into_iter();
            let clocks = found.map(|(number, folder)| Clock {
                device: number.to_string(),
                available: word(&folder.join("available_clocksource")),
                current: word(&folder.join("current_clocksource")),
            });
            self.clocks = clocks.collect();
        }
        let now = clock_gettime(ClockId::Realtime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
        let since = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
        out.single(&TIME, Value::scaled(since, 9));
        encode(&self.clocks, out);
        Ok(())
    }
}
