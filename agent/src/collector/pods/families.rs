//! The families of pods and containers.

use crate::cgroup::Container;
use crate::cgroup::readings::{Io, Limit};
use crate::encoder::{Encoder, Family};
use crate::value::Value;

/// A family and a container's value of it.
type Row = (Family, fn(&Container) -> Option<Value>);

/// A family and what it shows of a device.
type IoRow = (Family, fn(&Io) -> u64);

const fn counter(
    name: &'static str,
    help: &'static str,
    value: fn(&Container) -> Option<Value>,
) -> Row {
    (Family::counter(name, help), value)
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    value: fn(&Container) -> Option<Value>,
) -> Row {
    (Family::gauge(name, help), value)
}

fn nanoseconds(number: Option<u64>) -> Option<Value> {
    number.map(|number| Value::scaled(number, 9))
}

fn whole(number: Option<u64>) -> Option<Value> {
    number.map(Value::from)
}

fn some(container: &Container, resource: usize) -> Option<Value> {
    Some(Value::scaled(container.readings.pressure[resource]?.some, 6))
}

fn full(container: &Container, resource: usize) -> Option<Value> {
    Some(Value::scaled(container.readings.pressure[resource]?.full?, 6))
}

/// What is shown of each container.
pub const CONTAINERS: [Row; 27] = [
    counter("container_cpu_usage_seconds_total", "Processor time used.", |c| {
        nanoseconds(c.readings.cpu)
    }),
    counter("container_cpu_user_seconds_total", "Processor time used by its own programs.", |c| {
        nanoseconds(c.readings.cpu_user)
    }),
    counter(
        "container_cpu_system_seconds_total",
        "Processor time the kernel used on its behalf.",
        |c| nanoseconds(c.readings.cpu_system),
    ),
    counter(
        "container_cpu_cfs_periods_total",
        "Periods of its processor limit in which it ran.",
        |c| whole(c.readings.throttling.map(|t| t.periods)),
    ),
    counter(
        "container_cpu_cfs_throttled_periods_total",
        "Periods in which its processor limit was used up.",
        |c| whole(c.readings.throttling.map(|t| t.throttled)),
    ),
    counter(
        "container_cpu_cfs_throttled_seconds_total",
        "Time its processor limit held it up.",
        |c| nanoseconds(c.readings.throttling.map(|t| t.nanoseconds)),
    ),
    gauge("container_memory_usage_bytes", "Memory charged to it, page cache included.", |c| {
        whole(c.readings.memory)
    }),
    gauge(
        "container_memory_working_set_bytes",
        "Memory less what can be dropped at once: what the kubelet decides by.",
        |c| whole(c.readings.working_set()),
    ),
    gauge("container_memory_rss", "Memory of its programs themselves, in bytes.", |c| {
        whole(c.readings.memory_parts.map(|parts| parts.anon))
    }),
    gauge("container_memory_cache", "Page cache charged to it, in bytes.", |c| {
        whole(c.readings.memory_parts.map(|parts| parts.file))
    }),
    gauge("container_memory_mapped_file", "Files mapped into memory, in bytes.", |c| {
        whole(c.readings.memory_parts.map(|parts| parts.mapped))
    }),
    gauge("container_memory_swap", "Swap in use, in bytes; looked up once a minute.", |c| {
        whole(c.readings.swap)
    }),
    gauge(
        "container_memory_max_usage_bytes",
        "The most memory it ever had; looked up once a minute.",
        |c| whole(c.readings.memory_peak),
    ),
    counter("container_memory_failcnt", "Times it came up to its memory limit.", |c| {
        whole(c.readings.memory_failures)
    }),
    counter("container_oom_events_total", "Processes killed for want of memory.", |c| {
        whole(c.readings.oom_kills)
    }),
    counter(
        "container_pressure_cpu_waiting_seconds_total",
        "Seconds in which some task waited for a processor.",
        |c| some(c, 0),
    ),
    counter(
        "container_pressure_cpu_stalled_seconds_total",
        "Seconds in which every task waited for a processor.",
        |c| full(c, 0),
    ),
    counter(
        "container_pressure_memory_waiting_seconds_total",
        "Seconds in which some task waited for memory.",
        |c| some(c, 1),
    ),
    counter(
        "container_pressure_memory_stalled_seconds_total",
        "Seconds in which every task waited for memory.",
        |c| full(c, 1),
    ),
    counter(
        "container_pressure_io_waiting_seconds_total",
        "Seconds in which some task waited for I/O.",
        |c| some(c, 2),
    ),
    counter(
        "container_pressure_io_stalled_seconds_total",
        "Seconds in which every task waited for I/O.",
        |c| full(c, 2),
    ),
    gauge("container_threads", "Threads; looked up once a minute.", |c| whole(c.readings.threads)),
    gauge("container_spec_memory_limit_bytes", "Memory it may have; 0 for no limit.", |c| match c
        .readings
        .memory_limit
    {
        Limit::Set(limit) => Some(limit.into()),
        Limit::None => Some(0.into()),
        Limit::Unknown => None,
    }),
    gauge(
        "container_spec_cpu_quota",
        "Microseconds of processor time it may use in a period; absent without a limit.",
        |c| whole(c.readings.cpu_quota.value()),
    ),
    gauge("container_spec_cpu_period", "The period of its processor limit in microseconds.", |c| {
        whole(c.readings.cpu_period)
    }),
    gauge("container_start_time_seconds", "When its first process was started.", |c| {
        c.started.map(|hundredths| Value::scaled(hundredths, 2))
    }),
    counter("terrarium_container_restarts_total", "How often it was started anew.", |c| {
        whole(Some(c.names.restarts))
    }),
];

/// Page faults, by type.
pub const FAILURES: Family = Family::counter(
    "container_memory_failures_total",
    "Page faults, and (pgmajfault) those for which a disk had to be read.",
);

/// What went to and from each device.
pub const IO: [IoRow; 4] = [
    (Family::counter("container_fs_reads_bytes_total", "Bytes read from the device."), |io| {
        io.read_bytes
    }),
    (Family::counter("container_fs_reads_total", "Reads from the device."), |io| io.reads),
    (Family::counter("container_fs_writes_bytes_total", "Bytes written to the device."), |io| {
        io.written_bytes
    }),
    (Family::counter("container_fs_writes_total", "Writes to the device."), |io| io.writes),
];

/// What each pod's network carried, in the order of its counters.
pub const NETWORK: [Family; 8] = [
    Family::counter("container_network_receive_bytes_total", "Bytes received."),
    Family::counter("container_network_receive_packets_total", "Packets received."),
    Family::counter("container_network_receive_errors_total", "Errors on receiving."),
    Family::counter("container_network_receive_packets_dropped_total", "Packets received in vain."),
    Family::counter("container_network_transmit_bytes_total", "Bytes sent."),
    Family::counter("container_network_transmit_packets_total", "Packets sent."),
    Family::counter("container_network_transmit_errors_total", "Errors on sending."),
    Family::counter("container_network_transmit_packets_dropped_total", "Packets not sent."),
];

/// Opens a family before its first sample.
pub(super) fn open_once(opened: &mut bool, family: &Family, out: &mut Encoder) {
    if !*opened {
        out.family(family);
        *opened = true;
    }
}

/// A sample with more labels after those that are written already: the text
/// between those and their end, in three parts.
pub(super) fn with_more(
    family: &Family,
    labels: &[u8],
    [lead, name, end]: [&[u8]; 3],
    value: u64,
    out: &mut Encoder,
) {
    let labels = labels.strip_suffix(b"}").unwrap_or(labels);
    out.bare(&[family.name.as_bytes(), labels, lead, name, end], value);
}
