//! The files read of each container, by version.

use super::parse;
use super::readings::Readings;

/// A file of a container's control group.
#[derive(Debug)]
pub struct File {
    /// Of version 1, the controller whose tree it is in. Version 2 has one.
    pub tree: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Read once a minute only: limits, and what changes slowly.
    pub slow: bool,
    /// Takes over its content; whether that was as expected.
    pub parse: fn(&[u8], &mut Readings) -> bool,
    /// What should be there.
    pub expected: &'static str,
}

macro_rules! file {
    ($tree:literal, $name:literal, $pace:ident, $parse:ident, $expected:literal) => {
        File {
            tree: $tree,
            name: $name,
            slow: matches!(Pace::$pace, Pace::Slow),
            parse: parse::$parse,
            expected: $expected,
        }
    };
}

enum Pace {
    Each,
    Slow,
}

/// Version 2, a tree for all controllers.
pub const V2: [File; 13] = [
    file!("", "cpu.stat", Each, cpu_stat, "usage_usec"),
    file!("", "memory.current", Each, memory_current, "a number of bytes"),
    file!("", "memory.stat", Each, memory_stat, "anon, file, inactive_file and page faults"),
    file!("", "memory.events", Each, memory_events, "max and oom_kill"),
    file!("", "cpu.pressure", Each, cpu_pressure, "a line `some` with total="),
    file!("", "memory.pressure", Each, memory_pressure, "a line `some` with total="),
    file!("", "io.pressure", Each, io_pressure, "a line `some` with total="),
    file!("", "io.stat", Each, io_stat, "a device and its numbers in each line"),
    file!("", "pids.current", Slow, pids_current, "a number of threads"),
    file!("", "memory.peak", Slow, memory_peak, "a number of bytes"),
    file!("", "memory.swap.current", Slow, swap_current, "a number of bytes"),
    file!("", "memory.max", Slow, memory_max, "a number of bytes, or max"),
    file!("", "cpu.max", Slow, cpu_max, "quota and period"),
];

/// Version 1, a tree for each controller; pressure is kept in version 2's tree
/// beside them, if there is one.
pub const V1: [File; 17] = [
    file!("cpuacct", "cpuacct.usage", Each, cpuacct_usage, "a number of nanoseconds"),
    file!("cpuacct", "cpuacct.stat", Each, cpuacct_stat, "user and system"),
    file!("cpu", "cpu.stat", Each, cpu_stat_v1, "periods and throttled ones"),
    file!("memory", "memory.usage_in_bytes", Each, memory_current, "a number of bytes"),
    file!("memory", "memory.stat", Each, memory_stat_v1, "total_rss and its like"),
    file!("memory", "memory.oom_control", Each, oom_control, "oom_kill"),
    file!(
        "blkio",
        "blkio.throttle.io_service_bytes_recursive",
        Each,
        blkio_bytes,
        "a device, a kind and a number in each line"
    ),
    file!(
        "blkio",
        "blkio.throttle.io_serviced_recursive",
        Each,
        blkio_operations,
        "a device, a kind and a number in each line"
    ),
    file!("unified", "cpu.pressure", Each, cpu_pressure, "a line `some` with total="),
    file!("unified", "memory.pressure", Each, memory_pressure, "a line `some` with total="),
    file!("unified", "io.pressure", Each, io_pressure, "a line `some` with total="),
    file!("pids", "pids.current", Slow, pids_current, "a number of threads"),
    file!("memory", "memory.failcnt", Slow, failcnt, "a number"),
    file!("memory", "memory.max_usage_in_bytes", Slow, memory_peak, "a number of bytes"),
    file!("memory", "memory.limit_in_bytes", Slow, memory_limit, "a number of bytes"),
    file!("cpu", "cpu.cfs_quota_us", Slow, cfs_quota, "a quota in microseconds, or -1"),
    file!("cpu", "cpu.cfs_period_us", Slow, cfs_period, "a period in microseconds"),
];
