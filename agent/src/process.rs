//! The agent's own cost, under the names every Prometheus client uses.

use std::fs::File;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fs::{RawDir, SeekFrom, seek};
use rustix::process::{Resource, getrlimit};
use rustix::time::ClockId;

use crate::clock;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

const CPU: Family = Family::counter("process_cpu_seconds_total", "Processor seconds used.");
const MAX_FDS: Family = Family::gauge("process_max_fds", "Files that may be open at a time.");
const OPEN_FDS: Family = Family::gauge("process_open_fds", "Files open.");
const RESIDENT: Family = Family::gauge("process_resident_memory_bytes", "Memory in use.");
const START: Family = Family::gauge("process_start_time_seconds", "Start, as Unix time.");
const VIRTUAL: Family = Family::gauge("process_virtual_memory_bytes", "Address space in use.");
const VIRTUAL_MAX: Family =
    Family::gauge("process_virtual_memory_max_bytes", "Address space that may be used.");

/// Virtual memory in bytes and resident memory in pages, from `/proc/self/stat`.
/// The second field is the program's name and may hold anything.
pub fn memory(input: &[u8]) -> Option<(u64, u64)> {
    let end = input.iter().rposition(|byte| *byte == b')')?;
    let mut fields = scan::fields(&input[end + 1..]).skip(20);
    Some((scan::unsigned(fields.next()?)?, scan::unsigned(fields.next()?)?))
}

fn seconds(nanoseconds: i128) -> Value {
    Value::scaled(u64::try_from(nanoseconds).unwrap_or(0), 9)
}

/// Reads and encodes what the agent itself uses.
#[derive(Debug)]
pub struct Process {
    stat: Source,
    descriptors: Option<File>,
    /// Nanoseconds on the host's own clock, and how far the wall's is from it.
    started: i128,
    offset: i128,
}

impl Default for Process {
    /// To be called once, at the start.
    fn default() -> Self {
        let own = Path::new("/proc/self");
        Self {
            stat: Source::new(own.join("stat")),
            descriptors: descriptors(),
            started: clock::now(ClockId::Boottime),
            offset: clock::offset(),
        }
    }
}

impl Process {
    /// When it was started. A clock that is set moves that, as a Pi's without one
    /// of its own is; one that is steered does not.
    fn start(&mut self) -> Value {
        let offset = clock::offset();
        if clock::was_set(self.offset, offset) {
            self.offset = offset;
        }
        seconds(self.started + self.offset)
    }

    /// Encodes everything.
    ///
    /// # Errors
    /// When `/proc/self/stat` cannot be read; the rest is written all the same.
    pub fn encode(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        out.single(&CPU, seconds(clock::now(ClockId::ProcessCPUTime)));
        // No limit is shown as the largest number there is.
        out.single(&MAX_FDS, getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX));
        out.single(&VIRTUAL_MAX, getrlimit(Resource::As).current.unwrap_or(u64::MAX));
        self.descriptors = self.descriptors.take().or_else(descriptors);
        if let Some(open) = self.descriptors.as_ref().and_then(count) {
            out.single(&OPEN_FDS, open);
        }
        out.single(&START, self.start());
        let (virtual_bytes, pages) = memory(self.stat.read(scratch)?)
            .ok_or(Failure::Malformed { file: "self/stat", expected: "24 fields or more" })?;
        out.single(&VIRTUAL, virtual_bytes);
        out.single(&RESIDENT, pages.saturating_mul(rustix::param::page_size() as u64));
        Ok(())
    }
}

/// The folder with this process' open files.
fn descriptors() -> Option<File> {
    File::open("/proc/self/fd").ok()
}

/// The entries of a folder, its two own left out: kernels since 6.2 say so of
/// this one, and listing it makes an entry of each.
fn count(folder: &File) -> Option<u64> {
    let told = rustix::fs::fstat(folder).ok().and_then(|about| u64::try_from(about.st_size).ok());
    told.filter(|told| *told > 0).or_else(|| listed(folder))
}

fn listed(folder: &File) -> Option<u64> {
    seek(folder, SeekFrom::Start(0)).ok()?;
    let mut buffer = [MaybeUninit::uninit(); 2048];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut count = 0;
    while let Some(entry) = entries.next() {
        if !entry.ok()?.file_name().to_bytes().starts_with(b".") {
            count += 1;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SET;

    #[test]
    fn a_program_s_name_does_not_confuse_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 0 1 0 0 0 2 3 0 0 20 0 1 0 123 4096000 250 99\n";
        assert_eq!(memory(stat.as_bytes()), Some((4_096_000, 250)));
        assert_eq!(memory(b"7 (a) S 1"), None);
        assert_eq!(memory(b""), None);
    }

    #[test]
    fn a_clock_that_is_set_moves_the_start() {
        let text = |value: Value| value.with_text(|text| String::from_utf8(text.to_vec()).unwrap());
        let mut process = Process::default();
        let right = text(process.start());
        assert_eq!(text(process.start()), right);
        // As of a clock that was wrong by a year when the agent started.
        process.offset -= 31_536_000 * SET;
        let late = text(process.start());
        assert_eq!(late.split('.').next(), right.split('.').next());
        // A second's tenth is no reason.
        process.offset -= SET / 10;
        assert_ne!(text(process.start()), late);
    }

    #[test]
    fn descriptors_are_counted() {
        let folder = File::open("/proc/self/fd").unwrap();
        let before = count(&folder).unwrap();
        let files: Vec<File> = (0..200).map(|_| File::open("/proc/self/stat").unwrap()).collect();
        // Other tests open and close files meanwhile.
        for count in [count, listed] {
            assert!(count(&folder).unwrap() >= before.saturating_sub(50) + 200, "{before}");
        }
        drop(files);
    }
}
