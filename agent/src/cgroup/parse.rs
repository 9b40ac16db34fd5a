//! The files of a container's control group, one function each.
//!
//! A function replaces what its file tells and answers whether it found what
//! must be there; of an empty file nothing is left.

use super::readings::{Io, Limit, MemoryParts, Pressure, Readings, Throttling};
use crate::scan;

/// Ticks of `cpuacct.stat` are hundredths of a second on every architecture.
const TICK: u64 = 10_000_000;

/// Version 1 has no word for "no limit": it is the largest number of whole
/// pages, and pages differ.
const UNLIMITED: u64 = i64::MAX as u64 & !0xF_FFFF;

/// Lines of a key and a number; a line of another shape is left out.
fn pairs(input: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    scan::lines(input).filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b' ')?;
        Some((&line[..at], scan::unsigned(&line[at + 1..])?))
    })
}

/// The only number of a file.
fn number(input: &[u8]) -> Option<u64> {
    scan::unsigned(input.trim_ascii())
}

/// v2 `cpu.stat`.
pub fn cpu_stat(input: &[u8], to: &mut Readings) -> bool {
    (to.cpu, to.cpu_user, to.cpu_system, to.throttling) = (None, None, None, None);
    let (mut periods, mut throttled, mut microseconds) = (None, None, None);
    for (key, number) in pairs(input) {
        match key {
            b"usage_usec" => to.cpu = number.checked_mul(1000),
            b"user_usec" => to.cpu_user = number.checked_mul(1000),
            b"system_usec" => to.cpu_system = number.checked_mul(1000),
            b"nr_periods" => periods = Some(number),
            b"nr_throttled" => throttled = Some(number),
            b"throttled_usec" => microseconds = number.checked_mul(1000),
            _ => {}
        }
    }
    to.throttling = throttling(periods, throttled, microseconds);
    to.cpu.is_some()
}

fn throttling(periods: Option<u64>, throttled: Option<u64>, ns: Option<u64>) -> Option<Throttling> {
    Some(Throttling { periods: periods?, throttled: throttled?, nanoseconds: ns? })
}

/// v1 `cpuacct.usage`.
pub fn cpuacct_usage(input: &[u8], to: &mut Readings) -> bool {
    to.cpu = number(input);
    to.cpu.is_some()
}

/// v1 `cpuacct.stat`.
pub fn cpuacct_stat(input: &[u8], to: &mut Readings) -> bool {
    (to.cpu_user, to.cpu_system) = (None, None);
    for (key, number) in pairs(input) {
        match key {
            b"user" => to.cpu_user = number.checked_mul(TICK),
            b"system" => to.cpu_system = number.checked_mul(TICK),
            _ => {}
        }
    }
    to.cpu_user.is_some() && to.cpu_system.is_some()
}

/// v1 `cpu.stat`.
pub fn cpu_stat_v1(input: &[u8], to: &mut Readings) -> bool {
    let (mut periods, mut throttled, mut nanoseconds) = (None, None, None);
    for (key, number) in pairs(input) {
        match key {
            b"nr_periods" => periods = Some(number),
            b"nr_throttled" => throttled = Some(number),
            b"throttled_time" => nanoseconds = Some(number),
            _ => {}
        }
    }
    to.throttling = throttling(periods, throttled, nanoseconds);
    to.throttling.is_some()
}

/// v2 `memory.current`, v1 `memory.usage_in_bytes`.
pub fn memory_current(input: &[u8], to: &mut Readings) -> bool {
    to.memory = number(input);
    to.memory.is_some()
}

/// v2 `memory.stat`.
pub fn memory_stat(input: &[u8], to: &mut Readings) -> bool {
    let mut parts = MemoryParts::default();
    let mut seen = 0;
    for (key, number) in pairs(input) {
        let part = match key {
            b"anon" => &mut parts.anon,
            b"file" => &mut parts.file,
            b"file_mapped" => &mut parts.mapped,
            b"inactive_file" => &mut parts.inactive_file,
            b"pgfault" => &mut parts.faults,
            b"pgmajfault" => &mut parts.major_faults,
            _ => continue,
        };
        *part = number;
        seen += 1;
    }
    to.memory_parts = (seen == PARTS).then_some(parts);
    to.memory_parts.is_some()
}

/// Numbers in [`MemoryParts`].
const PARTS: usize = 6;

/// v1 `memory.stat`; swap is in it too, where the kernel counts it.
pub fn memory_stat_v1(input: &[u8], to: &mut Readings) -> bool {
    let mut parts = MemoryParts::default();
    let mut seen = 0;
    to.swap = None;
    for (key, number) in pairs(input) {
        let part = match key {
            b"total_rss" => &mut parts.anon,
            b"total_cache" => &mut parts.file,
            b"total_mapped_file" => &mut parts.mapped,
            b"total_inactive_file" => &mut parts.inactive_file,
            b"total_pgfault" => &mut parts.faults,
            b"total_pgmajfault" => &mut parts.major_faults,
            b"total_swap" => {
                to.swap = Some(number);
                continue;
            }
            _ => continue,
        };
        *part = number;
        seen += 1;
    }
    to.memory_parts = (seen == PARTS).then_some(parts);
    to.memory_parts.is_some()
}

/// v2 `memory.events`.
pub fn memory_events(input: &[u8], to: &mut Readings) -> bool {
    (to.memory_failures, to.oom_kills) = (None, None);
    for (key, number) in pairs(input) {
        match key {
            b"max" => to.memory_failures = Some(number),
            b"oom_kill" => to.oom_kills = Some(number),
            _ => {}
        }
    }
    to.memory_failures.is_some() && to.oom_kills.is_some()
}

/// v1 `memory.oom_control`.
pub fn oom_control(input: &[u8], to: &mut Readings) -> bool {
    to.oom_kills = pairs(input).find(|(key, _)| *key == b"oom_kill").map(|(_, number)| number);
    to.oom_kills.is_some()
}

/// v1 `memory.failcnt`.
pub fn failcnt(input: &[u8], to: &mut Readings) -> bool {
    to.memory_failures = number(input);
    to.memory_failures.is_some()
}

/// v2 `memory.peak`, v1 `memory.max_usage_in_bytes`.
pub fn memory_peak(input: &[u8], to: &mut Readings) -> bool {
    to.memory_peak = number(input);
    to.memory_peak.is_some()
}

/// v2 `memory.swap.current`.
pub fn swap_current(input: &[u8], to: &mut Readings) -> bool {
    to.swap = number(input);
    to.swap.is_some()
}

/// `pids.current`: what is counted are threads.
pub fn pids_current(input: &[u8], to: &mut Readings) -> bool {
    to.threads = number(input);
    to.threads.is_some()
}

/// A number, or `max` for none.
fn limit(field: &[u8]) -> Limit {
    match scan::unsigned(field) {
        Some(number) => Limit::Set(number),
        None if field == b"max" => Limit::None,
        None => Limit::Unknown,
    }
}

/// v2 `memory.max`.
pub fn memory_max(input: &[u8], to: &mut Readings) -> bool {
    to.memory_limit = limit(input.trim_ascii());
    to.memory_limit != Limit::Unknown
}

/// v1 `memory.limit_in_bytes`.
pub fn memory_limit(input: &[u8], to: &mut Readings) -> bool {
    to.memory_limit = match number(input) {
        Some(number) if number >= UNLIMITED => Limit::None,
        Some(number) => Limit::Set(number),
        None => Limit::Unknown,
    };
    to.memory_limit != Limit::Unknown
}

/// v2 `cpu.max`: quota and period.
pub fn cpu_max(input: &[u8], to: &mut Readings) -> bool {
    let mut fields = scan::fields(input);
    to.cpu_quota = fields.next().map_or(Limit::Unknown, limit);
    to.cpu_period = fields.next().and_then(scan::unsigned);
    to.cpu_quota != Limit::Unknown && to.cpu_period.is_some()
}

/// v1 `cpu.cfs_quota_us`, -1 for none.
pub fn cfs_quota(input: &[u8], to: &mut Readings) -> bool {
    to.cpu_quota = match scan::attribute(input).map(u64::try_from) {
        Some(Ok(quota)) => Limit::Set(quota),
        Some(Err(_)) => Limit::None,
        None => Limit::Unknown,
    };
    to.cpu_quota != Limit::Unknown
}

/// v1 `cpu.cfs_period_us`.
pub fn cfs_period(input: &[u8], to: &mut Readings) -> bool {
    to.cpu_period = number(input);
    to.cpu_period.is_some()
}

fn pressure(input: &[u8]) -> Option<Pressure> {
    let (mut some, mut full) = (None, None);
    for line in scan::lines(input) {
        let mut fields = scan::fields(line);
        let kind = fields.next();
        let total = fields.find_map(|field| scan::unsigned(field.strip_prefix(b"total=")?));
        match kind {
            Some(b"some") => some = total,
            Some(b"full") => full = total,
            _ => {}
        }
    }
    Some(Pressure { some: some?, full })
}

/// `cpu.pressure`.
pub fn cpu_pressure(input: &[u8], to: &mut Readings) -> bool {
    to.pressure[0] = pressure(input);
    to.pressure[0].is_some()
}

/// `memory.pressure`.
pub fn memory_pressure(input: &[u8], to: &mut Readings) -> bool {
    to.pressure[1] = pressure(input);
    to.pressure[1].is_some()
}

/// `io.pressure`.
pub fn io_pressure(input: &[u8], to: &mut Readings) -> bool {
    to.pressure[2] = pressure(input);
    to.pressure[2].is_some()
}

/// `8:16`
fn device(field: &[u8]) -> Option<(u32, u32)> {
    let at = field.iter().position(|byte| *byte == b':')?;
    let half = |digits| u32::try_from(scan::unsigned(digits)?).ok();
    Some((half(&field[..at])?, half(&field[at + 1..])?))
}

/// The device's place in the readings; it is added if it has none.
fn entry(io: &mut Vec<Io>, device: (u32, u32)) -> &mut Io {
    let at = io.iter().position(|io| io.device == device).unwrap_or_else(|| {
        io.push(Io { device, ..Io::default() });
        io.len() - 1
    });
    &mut io[at]
}

/// v2 `io.stat`. A container that has done none has an empty one; a device of
/// which nothing is known yet has a line without numbers.
pub fn io_stat(input: &[u8], to: &mut Readings) -> bool {
    to.io.clear();
    let mut whole = true;
    for line in scan::lines(input) {
        // A device without numbers may end without a line's end: the next one
        // follows on the same line.
        let mut last = None;
        for field in scan::fields(line) {
            let Some(at) = field.iter().position(|byte| *byte == b'=') else {
                last = device(field);
                // A device that is gone has this for a name.
                whole &= last.is_some() || field == UNKNOWN;
                continue;
            };
            let Some(device) = last else { continue };
            let io = match &field[..at] {
                b"rbytes" => &mut entry(&mut to.io, device).read_bytes,
                b"wbytes" => &mut entry(&mut to.io, device).written_bytes,
                b"rios" => &mut entry(&mut to.io, device).reads,
                b"wios" => &mut entry(&mut to.io, device).writes,
                _ => continue,
            };
            match scan::unsigned(&field[at + 1..]) {
                Some(number) => *io = number,
                None => whole = false,
            }
        }
    }
    whole
}

/// What the kernel calls a device that is gone.
const UNKNOWN: &[u8] = b"(unknown)";

/// Lines `8:16 Read 4096` of v1's files, ending with a total.
fn blkio(input: &[u8], mut put: impl FnMut((u32, u32), &[u8], u64)) -> bool {
    let mut whole = !input.is_empty();
    let of_a_device = |line: &&[u8]| !line.starts_with(b"Total ") && !line.starts_with(UNKNOWN);
    for line in scan::lines(input).filter(of_a_device) {
        let mut fields = scan::fields(line);
        let mut row = || {
            let (device, kind) = (device(fields.next()?)?, fields.next()?);
            Some((device, kind, scan::unsigned(fields.next()?)?))
        };
        match row() {
            Some((device, kind, number)) => put(device, kind, number),
            None => whole = false,
        }
    }
    whole
}

/// v1 `blkio.throttle.io_service_bytes_recursive`; read before the other.
pub fn blkio_bytes(input: &[u8], to: &mut Readings) -> bool {
    to.io.clear();
    blkio(input, |device, kind, number| match kind {
        b"Read" => entry(&mut to.io, device).read_bytes = number,
        b"Write" => entry(&mut to.io, device).written_bytes = number,
        _ => {}
    })
}

/// v1 `blkio.throttle.io_serviced_recursive`.
pub fn blkio_operations(input: &[u8], to: &mut Readings) -> bool {
    if input.is_empty() {
        // Bytes without operations are half of it.
        to.io.clear();
    }
    blkio(input, |device, kind, number| match kind {
        b"Read" => entry(&mut to.io, device).reads = number,
        b"Write" => entry(&mut to.io, device).writes = number,
        _ => {}
    })
}

#[cfg(test)]
mod tests;
