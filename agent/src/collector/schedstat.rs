//! `/proc/schedstat`: how long tasks ran and waited on each processor.

use std::path::Path;

use super::Collector;
use super::table::Table;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

/// The column behind the processor's name, the family, the places to move the
/// point: times are in nanoseconds.
const FAMILIES: [(usize, u8, Family); 3] = [
    (6, 9, Family::counter("node_schedstat_running_seconds_total", "Seconds tasks ran.")),
    (7, 9, Family::counter("node_schedstat_waiting_seconds_total", "Seconds tasks waited to run.")),
    (8, 0, Family::counter("node_schedstat_timeslices_total", "Turns tasks had.")),
];

/// Rows of nine numbers.
pub type Processors = Table<9>;

/// Encodes a row for each processor.
///
/// # Errors
/// When a row is broken or there is none; the others are written all the same.
pub fn encode(input: &[u8], rows: &mut Processors, out: &mut Encoder) -> Result<(), Failure> {
    rows.clear();
    let mut whole = true;
    for line in scan::lines(input) {
        let Some(rest) = line.strip_prefix(b"cpu") else { continue };
        let mut fields = scan::fields(rest);
        let name = fields.next().unwrap_or_default();
        whole &= rows.add(name, fields.map(scan::unsigned)) == Some(9);
    }
    for (column, places, family) in &FAMILIES {
        if rows.column(*column).next().is_some() {
            out.family(family);
        }
        for (processor, number) in rows.column(*column) {
            out.sample(family, &[("cpu", processor)], Value::scaled(number, *places));
        }
    }
    if whole && rows.column(0).next().is_some() {
        return Ok(());
    }
    Err(Failure::Malformed { file: "schedstat", expected: "lines `cpuN` with nine numbers" })
}

/// The collector.
#[derive(Debug)]
pub struct Schedstat {
    file: Source,
    rows: Processors,
}

impl Schedstat {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { file: Source::new(procfs.join("schedstat")), rows: Processors::default() }
    }
}

impl Collector for Schedstat {
    fn name(&self) -> &'static str {
        "schedstat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        // A kernel may be built without it.
        let Ok(input) = self.file.read(scratch) else {
            return Err(Failure::Absent { what: "statistics of the scheduler" });
        };
        encode(input, &mut self.rows, out)
    }
}
