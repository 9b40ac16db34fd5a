//! `/proc/mdstat`: arrays of disks and how whole they are.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::rescan::Rescan;
use super::{Collector, entries};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;
use crate::source::Source;

const BLOCKS: Family = Family::gauge("node_md_blocks", "Blocks of the array.");
const SYNCED: Family = Family::gauge("node_md_blocks_synced", "Blocks the disks agree on.");
const DISKS: Family = Family::gauge("node_md_disks", "Disks of the array in each state.");
const REQUIRED: Family = Family::gauge("node_md_disks_required", "Disks a whole array has.");
const STATE: Family = Family::gauge("node_md_state", "1 for the state the array is in.");

const DISK_STATES: [&str; 3] = ["active", "failed", "spare"];
const STATES: [&str; 5] = ["active", "inactive", "recovering", "resync", "check"];
const ACTIVE: usize = 0;
const INACTIVE: usize = 1;

/// An array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// Where the file has its name, such as `md0`.
    pub device: Range<usize>,
    /// Which of active, inactive, recovering, resync and check.
    pub state: usize,
    /// Active, failed and spare disks.
    pub disks: [u64; 3],
    /// Disks a whole array has.
    pub required: u64,
    /// Its size.
    pub blocks: u64,
    /// Of those, what all disks have.
    pub synced: u64,
}

/// The line that opens an array's part: `md0 : active raid1 sda1[0] sdb1[1](S)`.
/// `start` is where the line is in the file.
fn opening(line: &[u8], start: usize) -> Option<Array> {
    let mut fields = scan::fields(line);
    let device = start..start + fields.next()?.len();
    (fields.next()? == b":").then_some(())?;
    let state = match fields.next()? {
        b"active" => ACTIVE,
        b"inactive" => INACTIVE,
        _ => return None,
    };
    let mut disks = [0; 3];
    // Members have a number in brackets; what has none is the array's kind.
    for member in fields.filter(|field| field.contains(&b'[')) {
        match member {
            [.., b'(', b'F', b')'] => disks[1] += 1,
            [.., b'(', b'S', b')'] => disks[2] += 1,
            _ => disks[0] += 1,
        }
    }
    // One that does not run needs none.
    let required = if state == INACTIVE { 0 } else { disks[0] };
    Some(Array { device, state, disks, required, blocks: 0, synced: 0 })
}

/// `[2/1]`: disks a whole array has, and those that are active.
fn counts(field: &[u8]) -> Option<(u64, u64)> {
    let inside = field.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let slash = inside.iter().position(|byte| *byte == b'/')?;
    Some((scan::unsigned(&inside[..slash])?, scan::unsigned(&inside[slash + 1..])?))
}

/// `(14761472/117155264)`: how far it got.
fn progress(field: &[u8]) -> Option<u64> {
    let inside = field.strip_prefix(b"(")?.strip_suffix(b")")?;
    scan::unsigned(inside.split(|byte| *byte == b'/').next()?)
}

/// A line below the opening; `None` when it is not as it should be.
fn below(line: &[u8], array: &mut Array) -> Option<()> {
    let has = |word: &[u8]| scan::fields(line).any(|field| field == word);
    if has(b"blocks") {
        array.blocks = scan::unsigned(scan::fields(line).next()?)?;
        array.synced = array.blocks;
        let counts = scan::fields(line).find_map(counts);
        if let Some((required, active)) = counts.filter(|_| array.state != INACTIVE) {
            (array.required, array.disks[0]) = (required, active);
        }
    }
    for (at, word) in [(2, &b"recovery"[..]), (3, b"resync"), (4, b"check")] {
        // `resync=DELAYED`, or PENDING: it has not begun.
        let waits = scan::fields(line)
            .any(|field| field.strip_prefix(word).is_some_and(|rest| rest.starts_with(b"=")));
        if has(word) {
            array.synced = scan::fields(line).find_map(progress)?;
            array.state = at;
        } else if waits {
            (array.synced, array.state) = (0, at);
        }
    }
    Some(())
}

/// The arrays, in place of those of the last time, and whether all was
/// understood.
pub fn parse(input: &[u8], arrays: &mut Vec<Array>) -> bool {
    arrays.clear();
    let mut whole = input.starts_with(b"Personalities");
    // Below a line that was not understood nothing is taken for an array's.
    let mut open = false;
    let mut next = 0;
    for line in input.split(|byte| *byte == b'\n') {
        let start = next;
        next += line.len() + 1;
        match line.first() {
            None => {}
            Some(first) if first.is_ascii_whitespace() => {
                if let Some(array) = arrays.last_mut().filter(|_| open) {
                    whole &= below(line, array).is_some();
                }
            }
            Some(_) if line.starts_with(b"Personalities") => open = false,
            Some(_) if line.starts_with(b"unused devices") => open = false,
            Some(_) => {
                let array = opening(line, start);
                open = array.is_some();
                whole &= open;
                arrays.extend(array);
            }
        }
    }
    whole
}

/// A family and what of an array goes to it.
type Column = (Family, fn(&Array) -> u64);

const COLUMNS: [Column; 3] = [
    (BLOCKS, |array| array.blocks),
    (SYNCED, |array| array.synced),
    (REQUIRED, |array| array.required),
];

/// Encodes the arrays found in `input`.
pub fn encode(input: &[u8], arrays: &[Array], out: &mut Encoder) {
    if arrays.is_empty() {
        return;
    }
    let name = |array: &Array| input.get(array.device.clone()).unwrap_or_default();
    for (family, value) in &COLUMNS {
        out.family(family);
        for array in arrays {
            out.sample(family, &[("device", name(array))], value(array));
        }
    }
    out.family(&DISKS);
    for array in arrays {
        for (state, disks) in DISK_STATES.iter().zip(array.disks) {
            let labels = [("device", name(array)), ("state", state.as_bytes())];
            out.sample(&DISKS, &labels, disks);
        }
    }
    out.family(&STATE);
    for array in arrays {
        for (at, state) in STATES.iter().enumerate() {
            let labels = [("device", name(array)), ("state", state.as_bytes())];
            out.sample(&STATE, &labels, at == array.state);
        }
    }
}

const DEGRADED: Family = Family::gauge("node_md_degraded", "Disks the array lacks.");
const RAID_DISKS: Family =
    Family::gauge("node_md_raid_disks", "Disks the array is made of when whole.");

/// What sysfs tells of an array.
#[derive(Debug)]
struct Shape {
    name: String,
    /// How many disks it lacks; absent where none can be missing.
    degraded: Source,
    /// How many disks it has when whole.
    disks: Option<u64>,
}

fn shapes(block: &Path) -> Vec<Shape> {
    let names = entries(block).unwrap_or_default().into_iter();
    let arrays = names.filter(|name| name.starts_with("md")).filter_map(|name| {
        let folder = block.join(&name).join("md");
        let level = crate::source::whole(folder.join("level")).ok()?;
        // What holds arrays is none; while its shape changes the old one follows.
        let is_array = !matches!(level.trim_ascii(), b"" | b"container" | b"imsm" | b"ddf");
        let disks = crate::source::whole(folder.join("raid_disks")).ok();
        let disks = disks.and_then(|text| scan::unsigned(scan::fields(&text).next()?));
        let degraded = Source::new(folder.join("degraded"));
        Some(Shape { name, degraded, disks: disks.filter(|_| is_array) })
    });
    arrays.collect()
}

fn encode_shapes(shapes: &mut [Shape], scratch: &mut Vec<u8>, out: &mut Encoder) {
    if shapes.is_empty() {
        return;
    }
    out.family(&DEGRADED);
    for Shape { name, degraded, .. } in shapes.iter_mut() {
        let read = degraded.read(scratch).ok().and_then(|text| scan::unsigned(text.trim_ascii()));
        out.sample(&DEGRADED, &[("device", name.as_bytes())], read.unwrap_or(0));
    }
    out.family(&RAID_DISKS);
    for Shape { name, disks, .. } in shapes {
        let Some(disks) = disks else { continue };
        out.sample(&RAID_DISKS, &[("device", name.as_bytes())], *disks);
    }
}

/// The collector.
#[derive(Debug)]
pub struct Mdadm {
    file: Source,
    block: PathBuf,
    arrays: Vec<Array>,
    shapes: Vec<Shape>,
    rescan: Rescan,
}

impl Mdadm {
    /// Reads below procfs and sysfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            file: Source::new(settings.procfs.join("mdstat")),
            block: settings.sysfs.join("block"),
            arrays: Vec::new(),
            shapes: Vec::new(),
            rescan: Rescan::default(),
        }
    }
}

impl Collector for Mdadm {
    fn name(&self) -> &'static str {
        "mdadm"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        // The driver is a module that a host without arrays has no use for.
        let Ok(input) = self.file.read(scratch) else {
            return Err(Failure::Absent { what: "array of disks" });
        };
        let whole = parse(input, &mut self.arrays);
        encode(input, &self.arrays, out);
        if self.rescan.due() {
            self.shapes = shapes(&self.block);
        }
        if !self.arrays.is_empty() {
            encode_shapes(&mut self.shapes, scratch, out);
        }
        if whole {
            return Ok(());
        }
        Err(Failure::Malformed { file: "mdstat", expected: "`md0 : active raid1 sda1[0] …`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_whole_degraded_and_at_work() {
        let text = "Personalities : [raid1]\n\
            md0 : active raid1 sda1[0] sdb1[2] sdc1[3](S) sdd1[4](F)\n      \
            1000 blocks super 1.2 [2/1] [U_]\n      \
            [==>...]  recovery = 12.6% (126/1000) finish=10.1min speed=168000K/sec\n\n\
            md1 : inactive sde1[0](S)\n      500 blocks\n\nunused devices: <none>\n";
        let mut arrays = Vec::new();
        assert!(parse(text.as_bytes(), &mut arrays));
        let name = |array: &Array| &text[array.device.clone()];
        assert_eq!([name(&arrays[0]), name(&arrays[1])], ["md0", "md1"]);
        let first = (2, [1, 1, 1], 2, 1000, 126);
        let second = (INACTIVE, [0, 0, 1], 0, 500, 500);
        let read = |a: &Array| (a.state, a.disks, a.required, a.blocks, a.synced);
        assert_eq!([read(&arrays[0]), read(&arrays[1])], [first, second]);
    }

    #[test]
    fn a_line_that_is_none_costs_only_its_own_array() {
        let text = "Personalities :\nmd0 is gone\n   7 blocks\nmd1 : active raid1 sda1[0]\n";
        let mut arrays = Vec::new();
        assert!(!parse(text.as_bytes(), &mut arrays));
        assert_eq!(arrays.len(), 1);
        assert_eq!((&text[arrays[0].device.clone()], arrays[0].blocks), ("md1", 0));
    }
}
