//! `/sys/class/thermal`: the kernel's thermal zones.

use std::path::{Path, PathBuf};

use super::attributes::word;
use super::rescan::Rescan;
use super::{Collector, entries, with_prefix};
use crate::encoder::{Encoder, Family};
use crate::failure::{Failure, Told};
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

/// A device that cools, such as the fan of a Pi 5: how hard it works.
#[derive(Debug)]
struct Cooling {
    number: String,
    kind: Vec<u8>,
    /// Its current state and its highest; the latter does not change.
    current: Source,
    states: [Option<i64>; 2],
}

const STATES: [Family; 2] = [
    Family::gauge(
        "node_cooling_device_cur_state",
        "How hard the device cools, 0 being not at all.",
    ),
    Family::gauge("node_cooling_device_max_state", "The hardest it can."),
];

fn encode_cooling(devices: &[Cooling], out: &mut Encoder) {
    for (index, family) in STATES.iter().enumerate() {
        let known = devices.iter().filter_map(|device| Some((device, device.states[index]?)));
        for (nth, (device, state)) in known.enumerate() {
            if nth == 0 {
                out.family(family);
            }
            let labels = [("name", device.number.as_bytes()), ("type", &device.kind[..])];
            out.sample(family, &labels, Value::signed(state, 0));
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct ThermalZone {
    class: PathBuf,
    cooling: Vec<Cooling>,
    zones: Vec<(Zone, Source, Told)>,
    rescan: Rescan,
}

impl ThermalZone {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        Self {
            class: sysfs.join("class/thermal"),
            cooling: Vec::new(),
            zones: Vec::new(),
            rescan: Rescan::default(),
        }
    }

    fn find(&mut self) {
        let names = entries(&self.class).unwrap_or_default();
        self.cooling = with_prefix(&names, &self.class, "cooling_device")
            .into_iter()
            .map(|(number, folder)| Cooling {
                number: number.to_string(),
                kind: word(&folder.join("type")),
                current: Source::new(folder.join("cur_state")),
                states: [None, scan::attribute(&word(&folder.join("max_state")))],
            })
            .collect();
        let before = std::mem::take(&mut self.zones);
        for (number, folder) in with_prefix(&names, &self.class, "thermal_zone") {
            // A zone without a type is no less hot.
            let kind = word(&folder.join("type"));
            let zone = Zone { zone: number.to_string(), kind, millidegrees: None };
            let same = before.iter().find(|(old, ..)| old.zone == zone.zone);
            let told = same.map(|(.., told)| *told).unwrap_or_default();
            self.zones.push((zone, Source::new(folder.join("temp")), told));
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
        for device in &mut self.cooling {
            // One that cannot say is shown without a state.
            device.states[0] = device.current.read(scratch).ok().and_then(scan::attribute);
        }
        encode_cooling(&self.cooling, out);
        if self.zones.is_empty() {
            return Err(Failure::Absent { what: "thermal zone" });
        }
        let mut result = Ok(());
        for (zone, file, told) in &mut self.zones {
            let read = file.read(scratch).and_then(|content| {
                scan::attribute(content).ok_or(Failure::Malformed {
                    file: "thermal_zone*/temp",
                    expected: "a whole number of thousandths of a degree",
                })
            });
            zone.millidegrees = read.as_ref().ok().copied();
            result = result.and(told.once(read.map(drop)));
        }
        encode(self.zones.iter().map(|(zone, ..)| zone), out);
        result
    }
}
