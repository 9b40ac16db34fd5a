//! `/proc/diskstats`: transfers per block device.

use super::Collector;
use super::table::Table;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::{Filter, Settings};
use crate::source::Source;
use crate::value::Value;

/// What a column counts.
#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Things; shown as they are.
    Each,
    /// 512-byte sectors, whatever the device's own are; shown in bytes.
    Sectors,
    /// Milliseconds; shown in seconds.
    Milliseconds,
}

/// In the order of the file.
const FAMILIES: [(Unit, Family); 17] = {
    use Unit::{Each, Milliseconds, Sectors};
    [
        (Each, Family::counter("node_disk_reads_completed_total", "Reads completed.")),
        (Each, Family::counter("node_disk_reads_merged_total", "Reads merged with others.")),
        (Sectors, Family::counter("node_disk_read_bytes_total", "Bytes read.")),
        (
            Milliseconds,
            Family::counter("node_disk_read_time_seconds_total", "Seconds all reads took."),
        ),
        (Each, Family::counter("node_disk_writes_completed_total", "Writes completed.")),
        (Each, Family::counter("node_disk_writes_merged_total", "Writes merged with others.")),
        (Sectors, Family::counter("node_disk_written_bytes_total", "Bytes written.")),
        (
            Milliseconds,
            Family::counter("node_disk_write_time_seconds_total", "Seconds all writes took."),
        ),
        (Each, Family::gauge("node_disk_io_now", "Requests under way.")),
        (
            Milliseconds,
            Family::counter("node_disk_io_time_seconds_total", "Seconds with a request under way."),
        ),
        (
            Milliseconds,
            Family::counter(
                "node_disk_io_time_weighted_seconds_total",
                "Seconds times requests under way.",
            ),
        ),
        (Each, Family::counter("node_disk_discards_completed_total", "Discards completed.")),
        (Each, Family::counter("node_disk_discards_merged_total", "Discards merged with others.")),
        (Each, Family::counter("node_disk_discarded_sectors_total", "Sectors discarded.")),
        (
            Milliseconds,
            Family::counter("node_disk_discard_time_seconds_total", "Seconds all discards took."),
        ),
        (Each, Family::counter("node_disk_flush_requests_total", "Flushes completed.")),
        (
            Milliseconds,
            Family::counter(
                "node_disk_flush_requests_time_seconds_total",
                "Seconds all flushes took.",
            ),
        ),
    ]
};

/// Kernels before 4.18 know no discards, before 5.5 no flushes.
const FEWEST: usize = 11;

/// Rows of seventeen counters.
pub type Devices = Table<17>;

/// Memory disks, and partitions of devices that are shown as a whole. A
/// partition of an SD card is shown: it is where the system lives on a Pi.
fn left_out(device: &[u8]) -> bool {
    let digits = device.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return false;
    }
    match &device[..device.len() - digits] {
        // nvme0n1p: what is left of nvme0n1p2.
        b"ram"
        | b"zram"
        | b"loop"
        | b"fd"
        | [b'n', b'v', b'm', b'e', b'0'..=b'9', .., b'0'..=b'9', b'p'] => true,
        [b'h' | b's' | b'v', b'd', letters @ ..] | [b'x', b'v', b'd', letters @ ..] => {
            !letters.is_empty() && letters.iter().all(u8::is_ascii_lowercase)
        }
        _ => false,
    }
}

/// Encodes every device not left out.
///
/// # Errors
/// When a line is broken; the others are written all the same.
pub fn encode(
    input: &[u8],
    filter: &Filter,
    devices: &mut Devices,
    out: &mut Encoder,
) -> Result<(), Failure> {
    devices.clear();
    let mut whole = true;
    for line in scan::lines(input) {
        let mut fields = scan::fields(line).skip(2);
        let name = fields.next().unwrap_or_default();
        if filter.keeps(name, || !left_out(name)) {
            let count = devices.add(name, fields.map(scan::unsigned));
            whole &= count.is_some_and(|count| count >= FEWEST);
        }
    }
    for (column, (unit, family)) in FAMILIES.iter().enumerate() {
        if devices.column(column).next().is_none() {
            continue;
        }
        out.family(family);
        for (name, count) in devices.column(column) {
            let value = match unit {
                Unit::Each => Value::from(count),
                Unit::Sectors => Value::from(count.saturating_mul(512)),
                Unit::Milliseconds => Value::scaled(count, 3),
            };
            out.sample(family, &[("device", name)], value);
        }
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed {
        file: "diskstats",
        expected: "two numbers, a device and eleven counters or more a line",
    })
}

/// The collector.
#[derive(Debug)]
pub struct Diskstats {
    file: Source,
    filter: Filter,
    devices: Devices,
}

impl Diskstats {
    /// Reads below procfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            file: Source::new(settings.procfs.join("diskstats")),
            filter: settings.disks.clone(),
            devices: Devices::default(),
        }
    }
}

impl Collector for Diskstats {
    fn name(&self) -> &'static str {
        "diskstats"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, &self.filter, &mut self.devices, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_disks_and_partitions_are_left_out() {
        for device in ["ram0", "zram0", "loop12", "fd0", "sda1", "vdb2", "xvda1", "nvme0n1p2"] {
            assert!(left_out(device.as_bytes()), "{device}");
        }
        for device in [
            "sda",
            "sdaa",
            "xvda",
            "vda",
            "nvme0n1",
            "mmcblk0",
            "mmcblk0p2",
            "dm-0",
            "md0",
            "sr0",
            "",
        ] {
            assert!(!left_out(device.as_bytes()), "{device}");
        }
    }
}
