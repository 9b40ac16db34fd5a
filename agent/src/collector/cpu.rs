//! `/proc/stat`, its `cpuN` lines: seconds per processor and mode.

use std::path::PathBuf;

use super::rescan::Rescan;
use super::{Collector, numbered};
use crate::common::Common;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;
use crate::source::{Source, whole};
use crate::value::Value;

const TIME: Family =
    Family::counter("node_cpu_seconds_total", "Seconds the processor spent in each mode.");
const GUEST: Family = Family::counter(
    "node_cpu_guest_seconds_total",
    "Seconds the processor spent running guests, part of user and nice time.",
);

/// In the order of the file.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const GUEST_MODES: [&str; 2] = ["user", "nice"];
const COLUMNS: usize = MODES.len() + GUEST_MODES.len();

/// The kernel tells user space a hundred ticks a second whatever it counts in.
const TICK_PLACES: u8 = 2;

/// A counter that falls by less than this was rounded, by more it was reset
/// (the processor was taken off line). Three seconds.
const ROUNDING: u64 = 300;

/// One processor's counters, in ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Processor {
    id: u32,
    /// The id as the label has it.
    label: Vec<u8>,
    online: bool,
    ticks: [u64; COLUMNS],
}

/// The counters as last shown. Idle and I/O wait times are estimates the
/// kernel sometimes takes back by a tick; Prometheus would take that for a
/// restart and add the whole counter again.
#[derive(Debug, Default)]
pub struct Shown {
    processors: Vec<Processor>,
}

impl Shown {
    fn take(&mut self, id: u32, label: &[u8], ticks: [u64; COLUMNS]) {
        match self.processors.binary_search_by_key(&id, |processor| processor.id) {
            Err(at) => {
                let new = Processor { id, label: label.to_vec(), online: true, ticks };
                self.processors.insert(at, new);
            }
            Ok(at) => {
                let processor = &mut self.processors[at];
                processor.online = true;
                let reset = |(old, new): (&u64, &u64)| old.saturating_sub(*new) > ROUNDING;
                let start_over = processor.ticks.iter().zip(&ticks).any(reset);
                for (old, new) in processor.ticks.iter_mut().zip(ticks) {
                    *old = if start_over { new } else { new.max(*old) };
                }
            }
        }
    }
}

fn parse(line: &[u8]) -> Option<(u32, &[u8], [u64; COLUMNS])> {
    let mut fields = scan::fields(line);
    let label = fields.next()?.strip_prefix(b"cpu")?;
    let id = u32::try_from(scan::unsigned(label)?).ok()?;
    let mut ticks = [0; COLUMNS];
    let mut seen = 0;
    for (column, field) in ticks.iter_mut().zip(fields) {
        *column = scan::unsigned(field)?;
        seen += 1;
    }
    // Kernels older than any Pi's have fewer columns than modes.
    (seen >= MODES.len()).then_some((id, label, ticks))
}

/// Encodes the processors that are on line.
///
/// # Errors
/// When a processor's line is broken or there is none; the others are written
/// all the same.
pub fn encode(input: &[u8], shown: &mut Shown, out: &mut Encoder) -> Result<(), Failure> {
    for processor in &mut shown.processors {
        processor.online = false;
    }
    let mut whole = true;
    for line in scan::lines(input) {
        if !line.starts_with(b"cpu") || line.starts_with(b"cpu ") {
            continue;
        }
        match parse(line) {
            Some((id, label, ticks)) => shown.take(id, label, ticks),
            None => whole = false,
        }
    }
    let online = || shown.processors.iter().filter(|processor| processor.online);
    for (family, modes, first) in [(&GUEST, &GUEST_MODES[..], MODES.len()), (&TIME, &MODES, 0)] {
        out.family(family);
        for processor in online() {
            for (mode, ticks) in modes.iter().zip(&processor.ticks[first..]) {
                let labels = [("cpu", &processor.label[..]), ("mode", mode.as_bytes())];
                out.sample(family, &labels, Value::scaled(*ticks, TICK_PLACES));
            }
        }
    }
    if whole && online().next().is_some() {
        return Ok(());
    }
    Err(Failure::Malformed { file: "stat", expected: "lines `cpuN` with eight counters or more" })
}

/// The numbers of a list such as `1,3-5,9`; what is no number ends it.
pub fn listed(list: &[u8]) -> impl Iterator<Item = u32> {
    let number = |digits: &[u8]| u32::try_from(scan::unsigned(digits)?).ok();
    let range = move |part: &[u8]| match part.iter().position(|byte| *byte == b'-') {
        None => number(part).map(|one| (one, one)),
        Some(at) => Some((number(&part[..at])?, number(&part[at + 1..])?)),
    };
    let ranges = list.trim_ascii().split(|byte| *byte == b',').map_while(range);
    // No host has more.
    ranges.flat_map(|(first, last)| first..=last.min(first.saturating_add(MOST)))
}

const MOST: u32 = 8192;

const ISOLATED: Family =
    Family::gauge("node_cpu_isolated", "1 for a processor left to those who ask for it.");
const ONLINE: Family = Family::gauge("node_cpu_online", "1 if the processor is switched on.");

/// What sysfs tells of the processors.
#[derive(Debug)]
struct States {
    folder: PathBuf,
    online: Source,
    /// Those that are there, if they can be switched at all.
    present: Vec<u32>,
    isolated: Vec<u32>,
    rescan: Rescan,
}

impl States {
    fn encode(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) {
        if self.rescan.due() {
            let isolated = whole(self.folder.join("isolated")).unwrap_or_default();
            self.isolated = listed(&isolated).collect();
            self.present.clear();
            if self.folder.join("cpu0/online").exists() {
                self.present.extend(numbered(&self.folder, "cpu").into_iter().map(|(id, _)| id));
            }
        }
        if !self.isolated.is_empty() {
            out.family(&ISOLATED);
        }
        for id in &self.isolated {
            sample(&ISOLATED, *id, true, out);
        }
        if self.present.is_empty() {
            return;
        }
        let Ok(online) = self.online.read(scratch) else { return };
        out.family(&ONLINE);
        for id in &self.present {
            sample(&ONLINE, *id, listed(online).any(|online| online == *id), out);
        }
    }
}

fn sample(family: &Family, id: u32, is: bool, out: &mut Encoder) {
    Value::from(u64::from(id)).with_text(|id| out.sample(family, &[("cpu", id)], is));
}

/// The collector.
#[derive(Debug)]
pub struct Cpu {
    file: Common,
    shown: Shown,
    states: States,
}

impl Cpu {
    /// Reads that file of procfs, and below sysfs.
    pub fn new(settings: &Settings, file: &Common) -> Self {
        let folder = settings.sysfs.join("devices/system/cpu");
        let states = States {
            online: Source::new(folder.join("online")),
            folder,
            present: Vec::new(),
            isolated: Vec::new(),
            rescan: Rescan::default(),
        };
        Self { file: file.clone(), shown: Shown::default(), states }
    }
}

impl Collector for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let shown = &mut self.shown;
        let times = self.file.read(scratch, |input| encode(input, shown, out)).flatten();
        self.states.encode(scratch, out);
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The idle seconds shown for each processor after reading `input`.
    fn idle(input: &str, shown: &mut Shown) -> Vec<String> {
        let mut out = Encoder::default();
        encode(input.as_bytes(), shown, &mut out).unwrap();
        let page = str::from_utf8(out.page()).unwrap();
        page.lines()
            .filter(|line| line.contains("idle"))
            .filter_map(|line| Some(line.split_once("} ")?.1.to_owned()))
            .collect()
    }

    #[test]
    fn lists_of_processors_are_read() {
        for (list, numbers) in [
            ("0-3\n", &[0, 1, 2, 3][..]),
            ("1,3-5,9\n", &[1, 3, 4, 5, 9]),
            ("\n", &[]),
            ("5-4", &[]),
            ("1,x,2", &[1]),
        ] {
            assert_eq!(listed(list.as_bytes()).collect::<Vec<_>>(), numbers, "{list}");
        }
        assert!(listed(b"0-4294967295").count() < 10_000);
    }

    #[test]
    fn a_counter_taken_back_a_little_stands_still() {
        let mut shown = Shown::default();
        assert_eq!(idle("cpu0 0 0 0 5000 0 0 0 0 0 0\n", &mut shown), ["50"]);
        assert_eq!(idle("cpu0 0 0 0 4999 0 0 0 0 0 0\n", &mut shown), ["50"]);
        assert_eq!(idle("cpu0 0 0 0 5001 0 0 0 0 0 0\n", &mut shown), ["50.01"]);
    }

    #[test]
    fn a_counter_taken_back_far_starts_over() {
        let mut shown = Shown::default();
        assert_eq!(idle("cpu0 9 0 0 5000 0 0 0 0 0 0\n", &mut shown), ["50"]);
        assert_eq!(idle("cpu0 1 0 0 100 0 0 0 0 0 0\n", &mut shown), ["1"]);
    }

    #[test]
    fn a_processor_off_line_is_not_shown() {
        let mut shown = Shown::default();
        let both = "cpu0 0 0 0 1 0 0 0 0 0 0\ncpu1 0 0 0 2 0 0 0 0 0 0\n";
        assert_eq!(idle(both, &mut shown), ["0.01", "0.02"]);
        assert_eq!(idle("cpu1 0 0 0 3 0 0 0 0 0 0\n", &mut shown), ["0.03"]);
    }
}
