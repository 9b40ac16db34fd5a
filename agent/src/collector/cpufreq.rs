//! `/sys/devices/system/cpu/cpuN/cpufreq`: clocks of the processors.

use std::path::{Path, PathBuf};

use super::attributes::{Attribute, Device, encode, kilohertz, word};
use super::rescan::Rescan;
use super::{Collector, numbered};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;

const fn hertz(
    file: &'static str,
    name: &'static str,
    help: &'static str,
    constant: bool,
) -> Attribute {
    Attribute { file, family: Family::gauge(name, help), read: kilohertz, constant }
}

/// What a processor's clock has; the limits change by an operator's hand only.
pub const TABLE: [Attribute; 7] = [
    hertz(
        "cpuinfo_avg_freq",
        "node_cpu_frequency_avg_hertz",
        "Clock as the hardware had it on average of late.",
        false,
    ),
    hertz("cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Clock as the hardware tells it.", false),
    hertz(
        "cpuinfo_max_freq",
        "node_cpu_frequency_max_hertz",
        "Highest clock of the hardware.",
        true,
    ),
    hertz(
        "cpuinfo_min_freq",
        "node_cpu_frequency_min_hertz",
        "Lowest clock of the hardware.",
        true,
    ),
    hertz(
        "scaling_cur_freq",
        "node_cpu_scaling_frequency_hertz",
        "Clock as the kernel set it.",
        false,
    ),
    hertz(
        "scaling_max_freq",
        "node_cpu_scaling_frequency_max_hertz",
        "Highest clock the kernel sets.",
        true,
    ),
    hertz(
        "scaling_min_freq",
        "node_cpu_scaling_frequency_min_hertz",
        "Lowest clock the kernel sets.",
        true,
    ),
];

const GOVERNOR: Family =
    Family::gauge("node_cpu_scaling_governor", "1 for the governor that sets the clock.");

/// The collector.
#[derive(Debug)]
pub struct Cpufreq {
    folder: PathBuf,
    /// Each processor, and the governors: all there are, the one in force marked.
    processors: Vec<(Vec<u8>, Vec<u8>)>,
    devices: Vec<Device>,
    rescan: Rescan,
}

impl Cpufreq {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        Self {
            folder: sysfs.join("devices/system/cpu"),
            processors: Vec::new(),
            devices: Vec::new(),
            rescan: Rescan::default(),
        }
    }

    fn find(&mut self, scratch: &mut Vec<u8>) {
        (self.devices, self.processors) = numbered(&self.folder, "cpu")
            .into_iter()
            .map(|(number, folder)| (number, folder.join("cpufreq")))
            .filter(|(_, folder)| folder.is_dir())
            .map(|(number, folder)| {
                let governors = [
                    word(&folder.join("scaling_available_governors")),
                    word(&folder.join("scaling_governor")),
                ];
                let device = Device::new(number.to_string(), folder, &TABLE, &[], scratch);
                let [available, current] = governors;
                (device, (available, current))
            })
            .unzip();
    }
}

impl Collector for Cpufreq {
    fn name(&self) -> &'static str {
        "cpufreq"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.find(scratch);
        } else {
            for device in &mut self.devices {
                device.refresh(&TABLE, scratch);
            }
        }
        if self.devices.is_empty() {
            return Err(Failure::Absent { what: "processor with a clock that is told" });
        }
        encode(&TABLE, "cpu", &self.devices, out);
        out.family(&GOVERNOR);
        for (device, (available, current)) in self.devices.iter().zip(&self.processors) {
            for governor in available.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
            {
                let labels = [("cpu", device.name.as_bytes()), ("governor", governor)];
                out.sample(&GOVERNOR, &labels, governor == current);
            }
        }
        Ok(())
    }
}
