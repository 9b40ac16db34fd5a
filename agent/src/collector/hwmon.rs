//! `/sys/class/hwmon`: temperatures, fans and voltages of the board's chips.
//!
//! On a Pi: the processor's temperature, the fan of a Pi 5, the RP1's ADC, and
//! the firmware's under-voltage alarm.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

mod readings;

pub use readings::{Kind, READINGS, Reading, classify};

use super::attributes::word;
use super::rescan::Rescan;
use super::{Collector, entries, numbered};
use crate::encoder::{Encoder, Family};
use crate::failure::{Failure, Told};
use crate::scan;
use crate::source::Source;
use crate::value::Value;
use readings::{Other, clean};

const CHIPS: Family = Family::gauge("node_hwmon_chip_names", "The driver's name for the chip.");
const LABELS: Family =
    Family::gauge("node_hwmon_sensor_label", "What the driver calls the sensor; always 1.");

/// The last two parts of a device's path, which unlike hwmon's number stay the
/// same from boot to boot.
pub fn device_label(device: &Path) -> String {
    let part = |part: Option<&OsStr>| clean(&part.unwrap_or_default().to_string_lossy());
    let (bus, name) = (part(device.parent().and_then(Path::file_name)), part(device.file_name()));
    if bus.is_empty() || name.is_empty() { bus + &name } else { format!("{bus}_{name}") }
}

/// A sensor's attribute as read.
#[derive(Debug, Clone)]
pub struct Sensor {
    /// What it is.
    pub kind: Kind,
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
    pub name: String,
    /// Sensors the driver has a name for: `temp1`, `Composite`.
    pub named: Vec<(String, Vec<u8>)>,
    /// The sensors, and what their owner needs to read them.
    pub sensors: Vec<(Sensor, S)>,
}

/// What is shown of chips that is not in [`READINGS`], each once.
fn others<S>(chips: &[Chip<S>]) -> Vec<Other> {
    let mut others = Vec::new();
    for (sensor, _) in chips.iter().flat_map(|chip| &chip.sensors) {
        if let Kind::Other(other) = &sensor.kind
            && !others.contains(other)
        {
            others.push(other.clone());
        }
    }
    others
}

/// Encodes the attributes that could be read.
pub fn encode<S>(chips: &[Chip<S>], others: &[Other], out: &mut Encoder) {
    out.family(&CHIPS);
    for chip in chips.iter().filter(|chip| !chip.name.is_empty()) {
        let labels = [("chip", chip.label.as_bytes()), ("chip_name", chip.name.as_bytes())];
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
        let open = |out: &mut Encoder| out.family(family);
        let is = |kind: &Kind| matches!(kind, Kind::Known(known) if *known == index);
        samples(chips, is, open, family.name, *places, out);
    }
    for other in others {
        let open = |out: &mut Encoder| {
            let kind = crate::encoder::Kind::Gauge;
            out.open(&[other.name.as_bytes()], kind, &[b"As the kernel's hwmon has it."]);
        };
        let is = |kind: &Kind| matches!(kind, Kind::Other(own) if own == other);
        samples(chips, is, open, &other.name, other.places, out);
    }
}

fn samples<S>(
    chips: &[Chip<S>],
    is: impl Fn(&Kind) -> bool,
    open: impl Fn(&mut Encoder),
    name: &str,
    places: u8,
    out: &mut Encoder,
) {
    let mut opened = false;
    for chip in chips {
        for (sensor, _) in chip.sensors.iter().filter(|(sensor, _)| is(&sensor.kind)) {
            let Some(number) = sensor.number else { continue };
            if !opened {
                open(out);
                opened = true;
            }
            let labels = [("chip", chip.label.as_bytes()), ("sensor", sensor.name.as_bytes())];
            out.series(name, &labels);
            out.bare(&[], Value::signed(number, places));
        }
    }
}

/// Where a sensor is read, and whether it was told that it cannot be.
#[derive(Debug)]
struct Read {
    file: Source,
    told: Told,
}

/// The collector.
#[derive(Debug)]
pub struct Hwmon {
    class: PathBuf,
    chips: Vec<Chip<Read>>,
    others: Vec<Other>,
    rescan: Rescan,
}

impl Hwmon {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        let (class, chips, others) = (sysfs.join("class/hwmon"), Vec::new(), Vec::new());
        Self { class, chips, others, rescan: Rescan::default() }
    }

    fn find(&mut self) {
        let folders: Vec<PathBuf> =
            numbered(&self.class, "hwmon").into_iter().map(|(_, folder)| folder).collect();
        let names: Vec<String> =
            folders.iter().map(|folder| cleaned(&word(&folder.join("name")))).collect();
        let labels = labels(&folders, &names);
        let chips = folders.iter().zip(names).zip(labels);
        let chips = chips.map(|((folder, name), label)| chip(folder, name, label));
        let before = std::mem::replace(&mut self.chips, chips.collect());
        self.others = others(&self.chips);
        // What was told of a sensor is not told again.
        let known = before.iter().flat_map(|chip| &chip.sensors);
        let known: Vec<&Read> = known.map(|(_, read)| read).filter(|read| read.told.is()).collect();
        for (_, read) in self.chips.iter_mut().flat_map(|chip| &mut chip.sensors) {
            if let Some(same) = known.iter().find(|old| old.file.path() == read.file.path()) {
                read.told = same.told;
            }
        }
    }
}

/// Labels that tell the chips of these names apart: by the device each is of, by its own name
/// where it is of none, and by both where one device has several.
fn labels(folders: &[PathBuf], names: &[String]) -> Vec<String> {
    let found = folders.iter().zip(names).map(|(folder, name)| {
        let own = clean(&folder.file_name().unwrap_or_default().to_string_lossy());
        let device = folder.join("device").canonicalize();
        let device = device.map_or_else(|_| String::new(), |device| device_label(&device));
        let base = [&device, name, &own].into_iter().find(|word| !word.is_empty());
        [base.cloned().unwrap_or_default(), name.clone(), own]
    });
    let found: Vec<[String; 3]> = found.collect();
    let label = |[base, name, own]: &[String; 3]| {
        let same = || found.iter().filter(|other| other[0] == *base);
        if same().count() < 2 {
            return base.clone();
        }
        let shared = name.is_empty() || same().filter(|other| other[1] == *name).count() > 1;
        format!("{base}_{}", if shared { own } else { name })
    };
    found.iter().map(label).collect()
}

/// As much of a file's content as may be in a name.
fn cleaned(content: &[u8]) -> String {
    clean(&String::from_utf8_lossy(content))
}

fn chip(folder: &Path, name: String, label: String) -> Chip<Read> {
    let (mut sensors, mut named) = (Vec::<(Sensor, Read)>::new(), Vec::new());
    // Drivers of old have their files beside the link.
    for folder in [folder.to_owned(), folder.join("device")] {
        for file in entries(&folder).unwrap_or_default() {
            let path = folder.join(&file);
            if let Some(sensor) = file.strip_suffix("_label") {
                let is_known = |known: &(String, Vec<u8>)| known.0 == sensor;
                if classify(&format!("{sensor}_input")).is_some() && !named.iter().any(is_known) {
                    named.push((sensor.to_owned(), word(&path)));
                }
            } else if let Some((kind, name)) = classify(&file) {
                let is_known = |(known, _): &(Sensor, _)| known.kind == kind && known.name == name;
                if !sensors.iter().any(is_known) {
                    let read = Read { file: Source::new(path), told: Told::default() };
                    sensors.push((Sensor { kind, name, number: None }, read));
                }
            }
        }
    }
    // The clock of a graphics chip is called by its label, and has no other name.
    sensors.retain_mut(|(sensor, _)| {
        let is_clock = matches!(sensor.kind, Kind::Known(at) if READINGS[at].sensor == "freq");
        let label = named.iter().find(|(known, _)| *known == sensor.name);
        if is_clock && let Some((_, label)) = label {
            sensor.name = cleaned(label);
        }
        !is_clock || label.is_some()
    });
    Chip { label, name, named, sensors }
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
        for (sensor, Read { file, told }) in
            self.chips.iter_mut().flat_map(|chip| &mut chip.sensors)
        {
            let is_constant = sensor.kind.is_constant();
            if is_constant && !found {
                continue;
            }
            let read = file.read(scratch).and_then(|content| {
                scan::attribute(content).ok_or(Failure::Malformed {
                    file: "an attribute of hwmon",
                    expected: "a whole number",
                })
            });
            sensor.number = read.as_ref().ok().copied();
            // What is read once a minute is not kept open between.
            if is_constant {
                file.close();
            }
            result = result.and(told.once(read.map(drop)));
        }
        encode(&self.chips, &self.others, out);
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
            assert_eq!(device_label(Path::new(device)), label);
        }
    }
}
