//! `/proc/net/softnet_stat`: packets as each processor takes them in.

use std::path::Path;

use super::Collector;
use super::table::Table;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

/// The file's column and the family it goes to.
const FAMILIES: [(usize, Family); 7] = [
    (0, Family::counter("node_softnet_processed_total", "Packets processed.")),
    (1, Family::counter("node_softnet_dropped_total", "Packets dropped: the queue was full.")),
    (2, Family::counter("node_softnet_times_squeezed_total", "Times the work was cut short.")),
    (8, Family::counter("node_softnet_cpu_collision_total", "Times the send lock was taken.")),
    (9, Family::counter("node_softnet_received_rps_total", "Wake-ups by another processor.")),
    (10, Family::counter("node_softnet_flow_limit_count_total", "Times the flow limit was met.")),
    (11, Family::gauge("node_softnet_backlog_len", "Packets waiting.")),
];

/// Kernels before 3.11 have ten columns or fewer.
const FEWEST: usize = 9;

/// Which processor a row is of; older kernels do not say.
const PROCESSOR: usize = 12;

/// Rows of thirteen numbers.
pub type Processors = Table<13>;

fn hexadecimal(field: &[u8]) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(field).ok()?, 16).ok()
}

/// Encodes a row for each processor.
///
/// # Errors
/// When a row is broken; the others are written all the same.
pub fn encode(input: &[u8], rows: &mut Processors, out: &mut Encoder) -> Result<(), Failure> {
    rows.clear();
    let mut whole = !input.is_empty();
    for (index, line) in scan::lines(input).enumerate() {
        let numbers = || scan::fields(line).map(hexadecimal);
        let processor = numbers().nth(PROCESSOR).unwrap_or(Some(index as u64)).unwrap_or_default();
        let count =
            crate::value::Value::from(processor).with_text(|name| rows.add(name, numbers()));
        whole &= count.is_some_and(|count| count >= FEWEST);
    }
    for (column, family) in &FAMILIES {
        if rows.column(*column).next().is_none() {
            continue;
        }
        out.family(family);
        for (processor, number) in rows.column(*column) {
            out.sample(family, &[("cpu", processor)], number);
        }
    }
    let expected = "nine hexadecimal numbers or more a line";
    if whole { Ok(()) } else { Err(Failure::Malformed { file: "net/softnet_stat", expected }) }
}

/// The collector.
#[derive(Debug)]
pub struct Softnet {
    file: Source,
    rows: Processors,
}

impl Softnet {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { file: Source::new(procfs.join("net/softnet_stat")), rows: Processors::default() }
    }
}

impl Collector for Softnet {
    fn name(&self) -> &'static str {
        "softnet"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, &mut self.rows, out)
    }
}
