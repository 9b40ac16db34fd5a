//! The collectors: one file each, a pure `encode` and a thin reader.
//!
//! A collector writes what it could learn and then says whether that was
//! everything. Whatever it was fed, what it wrote is well formed.

pub mod apart;
pub mod cpu;
pub mod diskstats;
pub mod filesystem;
pub mod hwmon;
pub mod loadavg;
pub mod meminfo;
pub mod mountinfo;
pub mod netdev;
pub mod pressure;
pub mod rescan;
pub mod stat;
pub mod table;
pub mod text;
pub mod textfile;
pub mod thermal_zone;
pub mod time;
pub mod uname;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::encoder::Encoder;
use crate::failure::Failure;

/// Where the trees a collector reads are mounted.
#[derive(Debug, Clone)]
pub struct Roots {
    /// procfs.
    pub procfs: PathBuf,
    /// sysfs.
    pub sysfs: PathBuf,
    /// The host's root file system; mount points are looked up below it.
    pub rootfs: PathBuf,
    /// The folder in which others leave metrics, if there is one.
    pub textfiles: Option<PathBuf>,
}

/// One source of metrics.
pub trait Collector: fmt::Debug + Send {
    /// The value of the `collector` label.
    fn name(&self) -> &'static str;

    /// Reads and encodes. `scratch` holds file contents; its content before
    /// the call means nothing.
    ///
    /// # Errors
    /// When anything is missing from what was written, or nothing was.
    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure>;
}

/// Every collector, in the order of their names, but for the one that passes on
/// what others write: it has to know what is written already.
pub fn all(roots: &Roots) -> Vec<Box<dyn Collector>> {
    let Roots { procfs, sysfs, rootfs, textfiles } = roots;
    let mut all: Vec<Box<dyn Collector>> = vec![
        Box::new(cpu::Cpu::new(procfs)),
        Box::new(diskstats::Diskstats::new(procfs)),
        Box::new(filesystem::Filesystem::new(procfs, rootfs)),
        Box::new(hwmon::Hwmon::new(sysfs)),
        Box::new(loadavg::Loadavg::new(procfs)),
        Box::new(meminfo::Meminfo::new(procfs)),
        Box::new(netdev::Netdev::new(procfs)),
        Box::new(pressure::Pressure::new(procfs)),
        Box::new(stat::Stat::new(procfs)),
        Box::new(thermal_zone::ThermalZone::new(sysfs)),
        Box::new(time::Time),
        Box::new(uname::Uname),
    ];
    if let Some(folder) = textfiles {
        all.push(Box::new(textfile::Textfile::new(folder)));
    }
    all
}

/// The entries of a class folder of sysfs, sorted by the number at their end.
/// A folder that is not there has none.
fn numbered(folder: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort();
    found
}
