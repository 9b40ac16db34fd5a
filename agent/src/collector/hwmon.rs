//! `/sys/class/hwmon`: temperatures, fans and voltages of the board's chips.
//!
//! On a Pi: the processor's temperature, the fan of a Pi 5, the RP1's ADC, and
//! the firmware's under-voltage alarm.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

mod readings;

pub use readings::{READINGS, Reading, classify};

use super::attributes::word;
use super::rescan::Rescan;
use super::{Collector, entries, numbered};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

const CHIPS: Family = Family::gauge("node_hwmon_chip_names", "The driver's name for the chip.");
const LABELS: Family =
    Family::gauge("node_hwmon_sensor_label", "What the driver calls the sensor; always 1.");

/// The `chip` label: the last two parts of the device's path, which unlike
/// hwmon's number stay the same from boot to boot.
pub fn chip_label(device: &Path) -> String {
    let clean = |part: Option<&OsStr>| {
        let part = part.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let legal = |letter: char| match letter {
            'a'..='z' | '0'..='9' | ':' => letter,
            _ => '_',
        };
        part.chars().map(legal).collect::<String>().trim_matches('_').to_owned()
    };
    let (bus, name) = (clean(device.parent().and_then(Path::file_name)), clean(device.file_name()));
    if bus.is_empty() || name.is_empty() { bus + &name } else { format!("{bus}_{name}") }
}

/// A sensor's attribute as read.
#[derive(Debug, Clone)]
pub struct Sensor {
    /// Which of [`READINGS`].
    pub reading: usize,
    /// `temp1`
    pub name: String,
    /// In the attribute's own unit; `None` when it could not be read.
    pub number: Option<i64>,
}

/// A chip and its sensors.
#[derive(Debug)]
pub struct Chip<S> {
    /// The `chip` label.
    pub label: String,
    /// The driver's name; empty if there is none.
    pub name: Vec<u8>,
    /// Sensors the driver has a name for: `temp1`, `Composite`.
    pub named: Vec<(String, Vec<u8>)>,
    /// The sensors, and what their owner needs to read them.
    pub sensors: Vec<(Sensor, S)>,
}

/// Encodes the attributes that could be read.
pub fn encode<S>(chips: &[Chip<S>], out: &mut Encoder) {
    out.family(&CHIPS);
    for chip in chips.iter().filter(|chip| !chip.name.is_empty()) {
        let labels = [("chip", chip.label.as_bytes()), ("chip_name", &chip.name[..])];
        out.sample(&CHIPS, &labels, true);
    }
    let named = || chips.iter().flat_map(|chip| chip.named.iter().map(move |named| (chip, named)));
    if named().next().is_some() {
        out.family(&LABELS);
    }
    for (chip, (sensor, label)) in named() {
        let labels =
            [("chip", chip.label.as_bytes()), ("label", &label[..]), ("sensor", sensor.as_bytes())];
        out.sample(&LABELS, &labels, true);
    }
    for (index, Reading { places, family, .. }) in READINGS.iter().enumerate() {
        let mut opened = false;
        for chip in chips {
            for (sensor, _) in chip.sensors.iter().filter(|(sensor, _)| sensor.reading == index) {
                let Some(number) = sensor.number else { continue };
                if !opened {
                    out.family(family);
                    opened = true;
                }
                let labels = [("chip", chip.label.as_bytes()), ("sensor", sensor.name.as_bytes())];
                out.sample(family, &labels, Value::signed(number, *places));
            }
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Hwmon {
    class: PathBuf,
    chips: Vec<Chip<Source>>,
    rescan: Rescan,
}

impl Hwmon {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        Self { class: sysfs.join("class/hwmon"), chips: Vec::new(), rescan: Rescan::default() }
    }

    fn find(&mut self) {
        let chips = numbered(&self.class, "hwmon").into_iter().map(|(_, folder)| chip(&folder));
        self.chips = chips.collect();
    }
}

fn chip(folder: &Path) -> Chip<Source> {
    let name = crate::source::whole(folder.join("name")).unwrap_or_default().trim_ascii().to_vec();
    let device = folder.join("device").canonicalize().or_else(|_| folder.canonicalize());
    let files = entries(folder).unwrap_or_default();
    let sensors = files.iter().filter_map(|file| {
        let (reading, sensor) = classify(file)?;
        let sensor = Sensor { reading, name: sensor.to_owned(), number: None };
        Some((sensor, Source::new(folder.join(file))))
    });
    let named = files.iter().filter_map(|file| {
        let sensor = file.strip_suffix("_label")?;
        Some((sensor.to_owned(), word(&folder.join(file))))
    });
    Chip {
        label: chip_label(&device.unwrap_or_else(|_| folder.to_owned())),
        name,
        named: named.collect(),
        sensors: sensors.collect(),
    }
}

impl Collector for Hwmon {
    fn name(&self) -> &'static str {
        "hwmon"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let found = self.rescan.due();
        if found {
            self.find();
        }
        if self.chips.is_empty() {
            return Err(Failure::Absent { what: "hwmon chip" });
        }
        let mut result = Ok(());
        for (sensor, file) in self.chips.iter_mut().flat_map(|chip| &mut chip.sensors) {
            if READINGS[sensor.reading].constant && !found {
                continue;
            }
            let read = file.read(scratch).and_then(|content| {
                scan::attribute(content).ok_or(Failure::Malformed {
                    file: "an attribute of hwmon",
                    expected: "a whole number",
                })
            });
            sensor.number = read.as_ref().ok().copied();
            result = result.and(read.map(drop));
        }
        encode(&self.chips, out);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_are_named_after_their_device() {
        for (device, label) in [
            ("/sys/devices/virtual/thermal/thermal_zone0", "thermal_thermal_zone0"),
            (
                "/sys/devices/platform/soc/soc:firmware/raspberrypi-hwmon",
                "soc:firmware_raspberrypi_hwmon",
            ),
            ("/sys/devices/platform/cooling_fan", "platform_cooling_fan"),
            ("/device", "device"),
        ] {
            assert_eq!(chip_label(Path::new(device)), label);
        }
    }
}
