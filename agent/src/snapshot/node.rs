//! The node in a snapshot.

use std::fs;
use std::path::Path;

use rustix::param::page_size;
use serde::Serialize;

use super::ratio;
use crate::history::track::Told;
use crate::history::{Track, kilobytes};
use crate::scan;
use crate::settings::Settings;

/// A sector in the kernel's counts, whatever the disk's own.
const SECTOR: u64 = 512;

/// The node.
#[derive(Debug, Serialize)]
pub struct Node {
    /// Its host name.
    pub name: Option<String>,
    /// The board, as its device tree says.
    pub model: Option<String>,
    /// Processors.
    pub cpus: usize,
    /// Size of a page.
    pub page_size_bytes: usize,
    /// Memory.
    pub memory_total_bytes: Option<u64>,
    /// Swap.
    pub swap_total_bytes: Option<u64>,
    /// When it started, in seconds since 1970.
    pub boot_seconds: Option<u64>,
    /// What it used.
    pub history: Option<Told>,
    /// What a board's own sensors tell.
    pub pi: Pi,
    /// Its disks.
    pub disks: Vec<Disk>,
}

/// What a board's own sensors tell.
#[derive(Debug, PartialEq, Serialize)]
pub struct Pi {
    /// The warmest of them.
    pub temperature_celsius: Option<f64>,
}

/// A disk.
#[derive(Debug, PartialEq, Serialize)]
pub struct Disk {
    /// Its name.
    pub device: String,
    /// `sd` for a card, `nvme`, or `other`.
    pub kind: &'static str,
    /// Written since the node started.
    pub written_bytes: u64,
    /// How long a write took, on average since the node started.
    pub write_latency_seconds: Option<f64>,
}

impl Node {
    /// Reads what does not change, or rarely, beside the history.
    pub(super) fn read(settings: &Settings, track: &Track) -> Self {
        let procfs = &settings.procfs;
        let meminfo = fs::read(procfs.join("meminfo")).unwrap_or_default();
        let stat = fs::read(procfs.join("stat")).unwrap_or_default();
        let rows = || scan::lines(&stat).map(scan::fields);
        let boot = rows().find_map(|mut row| (row.next()? == b"btime").then(|| row.next())?);
        let cpus = rows()
            .filter_map(|mut row| row.next())
            .filter(|name| name.strip_prefix(b"cpu").is_some_and(|number| !number.is_empty()));
        Self {
            name: text(&procfs.join("sys/kernel/hostname")),
            model: text(&procfs.join("device-tree/model")),
            cpus: cpus.count(),
            page_size_bytes: page_size(),
            memory_total_bytes: kilobytes(&meminfo, b"MemTotal:"),
            swap_total_bytes: kilobytes(&meminfo, b"SwapTotal:"),
            boot_seconds: boot.and_then(scan::unsigned),
            history: track.told(),
            pi: Pi { temperature_celsius: temperature(&settings.sysfs) },
            disks: disks(&fs::read(procfs.join("diskstats")).unwrap_or_default()),
        }
    }
}

/// A file's text; a device tree ends it with a NUL.
fn text(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim_end_matches(['\0', '\n']);
    (!text.is_empty()).then(|| text.to_owned())
}

fn temperature(sysfs: &Path) -> Option<f64> {
    let zones = fs::read_dir(sysfs.join("class/thermal")).ok()?.flatten();
    let readings = zones.filter_map(|zone| fs::read(zone.path().join("temp")).ok());
    let most = readings.filter_map(|content| scan::attribute(&content)).max()?;
    i32::try_from(most).ok().map(|thousandths| f64::from(thousandths) / 1000.0)
}

fn disks(diskstats: &[u8]) -> Vec<Disk> {
    scan::lines(diskstats).filter_map(disk).collect()
}

/// A line of `diskstats`, if it is of a whole disk.
fn disk(line: &[u8]) -> Option<Disk> {
    let mut fields = scan::fields(line).skip(2);
    let device = str::from_utf8(fields.next()?).ok()?.to_owned();
    let kind = kind(&device)?;
    let mut number = |skip| fields.nth(skip).and_then(scan::unsigned);
    let (writes, sectors, milliseconds) = (number(4)?, number(1)?, number(0)?);
    let write_latency_seconds = (writes > 0).then(|| ratio(milliseconds, writes) / 1000.0);
    let written_bytes = sectors.checked_mul(SECTOR)?;
    Some(Disk { device, kind, written_bytes, write_latency_seconds })
}

/// The kind of a whole disk: no partition, and none of memory.
fn kind(device: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if device.strip_prefix("mmcblk").is_some_and(digits) {
        return Some("sd");
    }
    if let Some(rest) = device.strip_prefix("nvme") {
        let whole = rest.split_once('n').is_some_and(|(one, two)| digits(one) && digits(two));
        return whole.then_some("nvme");
    }
    let letters =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let whole =
        ["sd", "vd", "xvd", "hd"].iter().any(|lead| device.strip_prefix(lead).is_some_and(letters));
    whole.then_some("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_disks_are_told_from_the_rest() {
        let lines = b" 179 0 mmcblk0 10 1 80 20 4 2 16 10 0 30 30 0 0 0 0 0 0\n\
            179 1 mmcblk0p1 10 1 80 20 4 2 16 10 0 30 30\n\
            259 0 nvme0n1 0 0 0 0 0 0 0 0 0 0 0\n 259 1 nvme0n1p1 1 1 1 1 1 1 1 1 1 1 1\n\
            8 0 sda 1 1 1 1 2 1 2 1 1 1 1\n8 1 sda1 1 1 1 1 1 1 1 1 1 1 1\n\
            7 0 loop0 1 1 1 1 1 1 1 1 1 1 1\n 254 0 zram0 1 1\n1\n";
        let found = disks(lines);
        let told: Vec<_> = found
            .iter()
            .map(|disk| (disk.device.as_str(), disk.kind, disk.written_bytes))
            .collect();
        assert_eq!(told, [("mmcblk0", "sd", 8192), ("nvme0n1", "nvme", 0), ("sda", "other", 1024)]);
        assert_eq!(found[0].write_latency_seconds, Some(0.0025));
        assert_eq!(found[1].write_latency_seconds, None);
    }
}
