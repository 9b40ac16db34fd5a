//! `/sys/class/thermal`: the kernel's thermal zones.

use std::path::{Path, PathBuf};

use super::rescan::Rescan;
use super::{Collector, numbered};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

const TEMPERATURE: Family =
    Family::gauge("node_thermal_zone_temp", "Temperature of the thermal zone in degrees Celsius.");

/// A zone as read.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Its number.
    pub zone: String,
    /// What it measures: `cpu-thermal`.
    pub kind: Vec<u8>,
    /// Thousandths of a degree Celsius; `None` when it could not be read.
    pub millidegrees: Option<i64>,
}

/// Encodes the zones that could be read.
pub fn encode<'z>(zones: impl Iterator<Item = &'z Zone>, out: &mut Encoder) {
    out.family(&TEMPERATURE);
    for zone in zones {
        if let Some(temperature) = zone.millidegrees {
            let labels = [("type", &zone.kind[..]), ("zone", zone.zone.as_bytes())];
            out.sample(&TEMPERATURE, &labels, Value::signed(temperature, 3));
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct ThermalZone {
    class: PathBuf,
    zones: Vec<(Zone, Source)>,
    rescan: Rescan,
}

impl ThermalZone {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        Self { class: sysfs.join("class/thermal"), zones: Vec::new(), rescan: Rescan::default() }
    }

    fn find(&mut self) {
        self.zones.clear();
        for (number, folder) in numbered(&self.class, "thermal_zone") {
            // A zone without a type is no less hot.
            let kind = std::fs::read(folder.join("type")).unwrap_or_default();
            let kind = kind.trim_ascii().to_vec();
            let zone = Zone { zone: number.to_string(), kind, millidegrees: None };
            self.zones.push((zone, Source::new(folder.join("temp"))));
        }
    }
}

impl Collector for ThermalZone {
    fn name(&self) -> &'static str {
        "thermal_zone"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.find();
        }
        if self.zones.is_empty() {
            return Err(Failure::Absent { what: "thermal zone" });
        }
        let mut result = Ok(());
        for (zone, file) in &mut self.zones {
            let read = file.read(scratch).and_then(|content| {
                scan::attribute(content).ok_or(Failure::Malformed {
                    file: "thermal_zone*/temp",
                    expected: "a whole number of thousandths of a degree",
                })
            });
            zone.millidegrees = read.as_ref().ok().copied();
            result = result.and(read.map(drop));
        }
        encode(self.zones.iter().map(|(zone, _)| zone), out);
        result
    }
}
