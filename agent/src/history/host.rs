//! The node's own reading, from procfs.

use super::track::Reading;
use crate::common::Files;
use crate::scan;

/// Nanoseconds of a tick: the kernel tells times to programs in hundredths.
const TICK: u64 = 10_000_000;

/// The node, by files that pages are made of as well.
#[derive(Debug)]
pub(super) struct Host(Files);

impl Host {
    pub(super) fn new(files: &Files) -> Self {
        Self(files.clone())
    }

    /// What can be read; what cannot is left out.
    pub(super) fn read(&mut self, scratch: &mut Vec<u8>) -> Reading {
        let Files { stat, meminfo, pressure: waits, .. } = &self.0;
        let cpu = stat.recent(scratch, busy).ok().flatten();
        let (memory, swap) = meminfo.recent(scratch, memory).unwrap_or((None, None));
        let lines: [&[u8]; 3] = [b"some", b"full", b"some"];
        let mut pressure = [None; 3];
        for ((value, file), line) in pressure.iter_mut().zip(waits).zip(lines) {
            *value = file.recent(scratch, |content| total(content, line)).ok().flatten();
        }
        Reading { cpu, memory, swap, pressure }
    }
}

/// Time all processors were at work.
fn busy(stat: &[u8]) -> Option<u64> {
    let mut fields = scan::fields(scan::lines(stat).next()?);
    (fields.next()? == b"cpu").then_some(())?;
    // Guests' time, at the end, is in the first two as well.
    let times = fields.take(8).map(scan::unsigned).collect::<Option<Vec<u64>>>()?;
    let waiting = times.get(3)?.checked_add(*times.get(4)?)?;
    let all = times.iter().try_fold(0_u64, |sum, time| sum.checked_add(*time))?;
    all.checked_sub(waiting)?.checked_mul(TICK)
}

/// Memory and swap in use.
fn memory(meminfo: &[u8]) -> (Option<u64>, Option<u64>) {
    let of = |name: &[u8]| kilobytes(meminfo, name);
    let used = |total: &[u8], free: &[u8]| of(total)?.checked_sub(of(free)?);
    (used(b"MemTotal:", b"MemAvailable:"), used(b"SwapTotal:", b"SwapFree:"))
}

/// A line of `meminfo`, in bytes.
pub(crate) fn kilobytes(meminfo: &[u8], name: &[u8]) -> Option<u64> {
    let mut rows = scan::lines(meminfo).map(scan::fields);
    let mut row = rows.find_map(|mut row| (row.next() == Some(name)).then_some(row))?;
    scan::unsigned(row.next()?)?.checked_mul(1024)
}

/// The total of a line of a pressure file, in microseconds.
fn total(content: &[u8], line: &[u8]) -> Option<u64> {
    let mut rows = scan::lines(content).map(scan::fields);
    let mut row = rows.find_map(|mut row| (row.next() == Some(line)).then_some(row))?;
    scan::unsigned(row.find_map(|field| field.strip_prefix(b"total="))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_of_procfs_are_read() {
        let stat = b"cpu  100 10 50 1000 40 5 5 2 100 10\ncpu0 1 2 3\n";
        assert_eq!(busy(stat), Some(172 * TICK));
        let meminfo = b"MemTotal: 100 kB\nMemAvailable: 60 kB\nSwapTotal: 8 kB\nSwapFree: 8 kB\n";
        assert_eq!(memory(meminfo), (Some(40 * 1024), Some(0)));
        let pressure = b"some avg10=0.00 total=7\nfull avg10=0.00 total=3\n";
        assert_eq!((total(pressure, b"some"), total(pressure, b"full")), (Some(7), Some(3)));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_left_out(bytes: Vec<u8>) {
            let _ = (busy(&bytes), memory(&bytes), total(&bytes, b"some"));
        }
    }
}
