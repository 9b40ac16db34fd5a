//! `/proc/stat` below the processors: boot time, interrupts, processes.

use super::Collector;
use crate::common::Common;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;

/// The file's key and the family its first number goes to.
const FAMILIES: [(&[u8], Family); 6] = [
    (b"intr", Family::counter("node_intr_total", "Interrupts served.")),
    (b"ctxt", Family::counter("node_context_switches_total", "Context switches.")),
    (b"btime", Family::gauge("node_boot_time_seconds", "When the host booted, as Unix time.")),
    (b"processes", Family::counter("node_forks_total", "Processes and threads started.")),
    (b"procs_running", Family::gauge("node_procs_running", "Processes ready to run.")),
    (b"procs_blocked", Family::gauge("node_procs_blocked", "Processes waiting for I/O.")),
];

/// Encodes the lines known here.
///
/// # Errors
/// When one of them is missing or has no number; the others are written all
/// the same.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut found = [None; FAMILIES.len()];
    for line in scan::lines(input) {
        let mut fields = scan::fields(line);
        let Some(key) = fields.next() else { continue };
        if let Some(at) = FAMILIES.iter().position(|(known, _)| *known == key) {
            found[at] = fields.next().and_then(scan::unsigned);
        }
    }
    for ((_, family), number) in FAMILIES.iter().zip(found) {
        if let Some(number) = number {
            out.single(family, number);
        }
    }
    if found.iter().all(Option::is_some) {
        return Ok(());
    }
    Err(Failure::Malformed {
        file: "stat",
        expected: "intr, ctxt, btime, processes, procs_running and procs_blocked",
    })
}

/// The collector.
#[derive(Debug)]
pub struct Stat {
    file: Common,
}

impl Stat {
    /// Reads that file.
    pub fn new(file: &Common) -> Self {
        Self { file: file.clone() }
    }
}

impl Collector for Stat {
    fn name(&self) -> &'static str {
        "stat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        self.file.read(scratch, |input| encode(input, out)).flatten()
    }
}
