//! The node in a snapshot.

use std::fs;
use std::path::Path;

use rustix::param::page_size;
use serde::Serialize;

use super::ratio;
use crate::collector::pi::firmware::Throttled;
use crate::collector::pi::mailbox::{Mailbox, Message, Vcio};
use crate::collector::pi::storage::life_used;
use crate::history::track::Told;
use crate::history::{Track, kilobytes};
use crate::scan;
use crate::settings::Settings;
use crate::source::whole;

/// A sector in the kernel's counts, whatever the disk's own.
const SECTOR: u64 = 512;

/// What the firmware holds a board back for, by its bits.
const THROTTLED: [&str; 4] =
    ["under_voltage", "frequency_capped", "throttled", "soft_temperature_limit"];

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
    /// What the firmware holds it back for now; `None` where it cannot be asked.
    pub throttled_now: Option<Vec<&'static str>>,
    /// What it did so for at any time since the board was switched on.
    pub throttled_since_boot: Option<Vec<&'static str>>,
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
    /// How much of its life is used up, 0 to 1, where it tells.
    pub life_used: Option<f64>,
}

impl Node {
    /// Reads what does not change, or rarely, beside the history.
    pub(super) fn read(settings: &Settings, track: &Track) -> Self {
        let procfs = &settings.procfs;
        let meminfo = whole(procfs.join("meminfo")).unwrap_or_default();
        let stat = whole(procfs.join("stat")).unwrap_or_default();
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
            pi: Pi::read(&settings.sysfs, &mut Vcio::new(&settings.rootfs)),
            disks: disks(
                &whole(procfs.join("diskstats")).unwrap_or_default(),
                &settings.sysfs.join("block"),
            ),
        }
    }
}

impl Pi {
    fn read(sysfs: &Path, firmware: &mut dyn Mailbox) -> Self {
        let state = Throttled::ask(firmware, &mut Message::default()).ok();
        let held = |is_set: fn(Throttled, usize) -> bool| {
            let flags = THROTTLED.into_iter().enumerate();
            state.map(|state| {
                flags.filter(|(bit, _)| is_set(state, *bit)).map(|(_, flag)| flag).collect()
            })
        };
        Self {
            temperature_celsius: temperature(sysfs),
            throttled_now: held(Throttled::now),
            throttled_since_boot: held(Throttled::since_boot),
        }
    }
}

/// A file's text; a device tree ends it with a NUL.
fn text(path: &Path) -> Option<String> {
    let text = String::from_utf8(whole(path).ok()?).ok()?;
    let text = text.trim_end_matches(['\0', '\n']);
    (!text.is_empty()).then(|| text.to_owned())
}

fn temperature(sysfs: &Path) -> Option<f64> {
    let zones = fs::read_dir(sysfs.join("class/thermal")).ok()?.flatten();
    let readings = zones.filter_map(|zone| whole(zone.path().join("temp")).ok());
    let most = readings.filter_map(|content| scan::attribute(&content)).max()?;
    i32::try_from(most).ok().map(|thousandths| f64::from(thousandths) / 1000.0)
}

/// Whole disks; what only they tell is below `block`.
fn disks(diskstats: &[u8], block: &Path) -> Vec<Disk> {
    scan::lines(diskstats).filter_map(|line| disk(line, block)).collect()
}

/// A line of `diskstats`, if it is of a whole disk.
fn disk(line: &[u8], block: &Path) -> Option<Disk> {
    let mut fields = scan::fields(line).skip(2);
    let device = str::from_utf8(fields.next()?).ok()?.to_owned();
    let kind = kind(&device)?;
    let mut number = |skip| fields.nth(skip).and_then(scan::unsigned);
    let (writes, sectors, milliseconds) = (number(4)?, number(1)?, number(0)?);
    let write_latency_seconds = (writes > 0).then(|| ratio(milliseconds, writes) / 1000.0);
    let written_bytes = sectors.checked_mul(SECTOR)?;
    let life = whole(block.join(&device).join("device/life_time")).ok();
    let life_used =
        life.and_then(|content| life_used(&content)).map(|tenths| ratio(tenths.min(10), 10));
    Some(Disk { device, kind, written_bytes, write_latency_seconds, life_used })
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
    use crate::collector::pi::fake::Fake;

    #[test]
    fn whole_disks_are_told_from_the_rest() {
        let lines = b" 179 0 mmcblk0 10 1 80 20 4 2 16 10 0 30 30 0 0 0 0 0 0\n\
            179 1 mmcblk0p1 10 1 80 20 4 2 16 10 0 30 30\n\
            259 0 nvme0n1 0 0 0 0 0 0 0 0 0 0 0\n 259 1 nvme0n1p1 1 1 1 1 1 1 1 1 1 1 1\n\
            8 0 sda 1 1 1 1 2 1 2 1 1 1 1\n8 1 sda1 1 1 1 1 1 1 1 1 1 1 1\n\
            7 0 loop0 1 1 1 1 1 1 1 1 1 1 1\n 254 0 zram0 1 1\n1\n";
        let block = tempfile::tempdir().unwrap();
        let life = block.path().join("mmcblk0/device");
        fs::create_dir_all(&life).unwrap();
        fs::write(life.join("life_time"), "0x03 0x0b\n").unwrap();
        let found = disks(lines, block.path());
        let told: Vec<_> = found
            .iter()
            .map(|disk| (disk.device.as_str(), disk.kind, disk.written_bytes))
            .collect();
        assert_eq!(told, [("mmcblk0", "sd", 8192), ("nvme0n1", "nvme", 0), ("sda", "other", 1024)]);
        assert_eq!(found[0].write_latency_seconds, Some(0.0025));
        assert_eq!(found[1].write_latency_seconds, None);
        // More than all of its life is all of it.
        assert_eq!((found[0].life_used, found[1].life_used), (Some(1.0), None));
    }

    #[test]
    fn what_holds_a_board_back_is_told_by_name() {
        let nowhere = Path::new("/nonexistent");
        let mut fake = Fake::default();
        let mute = Pi::read(nowhere, &mut fake);
        assert_eq!((mute.throttled_now, mute.throttled_since_boot), (None, None));
        for (word, now, since) in [
            (0, &[][..], &[][..]),
            (
                0x000D_0005,
                &["under_voltage", "throttled"],
                &["under_voltage", "throttled", "soft_temperature_limit"],
            ),
            (0x0002_0008, &["soft_temperature_limit"], &["frequency_capped"]),
        ] {
            fake.answers.insert((0x0003_0046, 0), vec![word]);
            let pi = Pi::read(nowhere, &mut fake);
            assert_eq!(pi.throttled_now.as_deref(), Some(now), "{word:#x}");
            assert_eq!(pi.throttled_since_boot.as_deref(), Some(since), "{word:#x}");
        }
    }
}
