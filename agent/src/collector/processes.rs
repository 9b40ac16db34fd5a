//! `/proc/PID/stat` of every process: how many, in which state.
//!
//! Off by default: it opens a file for each process.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::{noted, once, whole};

const PIDS: Family = Family::gauge("node_processes_pids", "Processes.");
const STATE: Family = Family::gauge("node_processes_state", "Processes in each state.");
const THREADS: Family = Family::gauge("node_processes_threads", "Threads.");
const MAX_PROCESSES: Family =
    Family::gauge("node_processes_max_processes", "Highest process number.");
const MAX_THREADS: Family = Family::gauge("node_processes_max_threads", "Threads there may be.");

/// The states of proc(5), each a letter.
const STATES: [u8; 10] = *b"DIRSTXZtWP";

/// What was counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Count {
    /// Processes.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// Processes in each of the states.
    pub states: [u64; STATES.len()],
}

impl Count {
    /// Takes a process in; what is no `/proc/PID/stat` is left out.
    pub fn take(&mut self, stat: &[u8]) -> Option<()> {
        // The second field is the program's name and may hold anything.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let mut fields = scan::fields(&stat[end + 1..]);
        let state = *fields.next()?.first()?;
        let threads = scan::unsigned(fields.nth(16)?)?;
        self.processes += 1;
        self.threads += threads;
        if let Some(at) = STATES.iter().position(|known| *known == state) {
            self.states[at] += 1;
        }
        Some(())
    }
}

/// Encodes the count, and the limits that could be read.
pub fn encode(count: &Count, limits: [Option<u64>; 2], out: &mut Encoder) {
    out.single(&PIDS, count.processes);
    out.single(&THREADS, count.threads);
    out.family(&STATE);
    for (state, number) in STATES.iter().zip(count.states) {
        if number > 0 {
            out.sample(&STATE, &[("state", &[*state])], number);
        }
    }
    for (family, limit) in [MAX_PROCESSES, MAX_THREADS].iter().zip(limits) {
        if let Some(limit) = limit {
            out.single(family, limit);
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Processes {
    procfs: PathBuf,
}

impl Processes {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { procfs: procfs.to_owned() }
    }
}

impl Collector for Processes {
    fn name(&self) -> &'static str {
        "processes"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let fail = |source| Failure::Read { path: self.procfs.as_path().into(), source };
        let mut count = Count::default();
        for entry in noted(std::fs::read_dir(&self.procfs)).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let number = |name: &OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
            if path.file_name().is_some_and(number) {
                // It may have ended since the listing.
                if let Ok(length) = once(&path.join("stat"), scratch) {
                    count.take(&scratch[..length]);
                }
            }
        }
        let limits = ["sys/kernel/pid_max", "sys/kernel/threads-max"]
            .map(|file| scan::unsigned(whole(self.procfs.join(file)).ok()?.trim_ascii()));
        encode(&count, limits, out);
        Ok(())
    }
}
