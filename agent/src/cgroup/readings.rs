//! What a container uses, as values.

/// The pressures in the order of [`Readings::pressure`].
pub const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];

/// What was read of a container; `None` is what this kernel does not tell.
/// Times are in nanoseconds, sizes in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings {
    /// Processor time used.
    pub cpu: Option<u64>,
    /// Of that, in the container's own programs.
    pub cpu_user: Option<u64>,
    /// Of that, in the kernel on its behalf.
    pub cpu_system: Option<u64>,
    /// How it fared with its limit of processor time.
    pub throttling: Option<Throttling>,
    /// Memory charged to it.
    pub memory: Option<u64>,
    /// What that is made of.
    pub memory_parts: Option<MemoryParts>,
    /// The most memory it ever had.
    pub memory_peak: Option<u64>,
    /// How often it came up to its limit of memory.
    pub memory_failures: Option<u64>,
    /// Swap in use.
    pub swap: Option<u64>,
    /// Processes killed for want of memory.
    pub oom_kills: Option<u64>,
    /// Of the processor, memory and I/O.
    pub pressure: [Option<Pressure>; RESOURCES.len()],
    /// By device.
    pub io: Vec<Io>,
    /// Threads.
    pub threads: Option<u64>,
    /// How much processor time it may use in a period.
    pub cpu_quota: Limit,
    /// The period, in microseconds as is the quota.
    pub cpu_period: Option<u64>,
    /// How much memory it may have.
    pub memory_limit: Limit,
}

impl Readings {
    /// Memory less what can be dropped at once: what the kubelet decides by.
    pub fn working_set(&self) -> Option<u64> {
        Some(self.memory?.saturating_sub(self.memory_parts?.inactive_file))
    }

    /// Processors it may use at most, in thousandths.
    pub fn cpu_limit_milli(&self) -> Option<u64> {
        let Limit::Set(quota) = self.cpu_quota else { return None };
        quota.checked_mul(1000)?.checked_div(self.cpu_period?)
    }
}

/// A limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limit {
    /// Could not be read.
    #[default]
    Unknown,
    /// There is none.
    None,
    /// This much.
    Set(u64),
}

impl Limit {
    /// The limit, if there is one.
    pub fn value(self) -> Option<u64> {
        match self {
            Self::Set(limit) => Some(limit),
            Self::Unknown | Self::None => None,
        }
    }
}

/// Periods in which a container has a share of processor time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Periods in which it ran.
    pub periods: u64,
    /// Those in which its share was used up.
    pub throttled: u64,
    /// How long it was held up.
    pub nanoseconds: u64,
}

/// What memory is made of, and page faults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryParts {
    /// Of programs themselves.
    pub anon: u64,
    /// Of files, in the page cache.
    pub file: u64,
    /// Of files that are mapped.
    pub mapped: u64,
    /// Of files not used of late.
    pub inactive_file: u64,
    /// Page faults.
    pub faults: u64,
    /// Those for which a disk had to be read.
    pub major_faults: u64,
}

/// How long tasks waited, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressure {
    /// At least one.
    pub some: u64,
    /// All of them.
    pub full: Option<u64>,
}

/// What went to and from a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Io {
    /// Major and minor number.
    pub device: (u32, u32),
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kubelet_decides_by_leaves_out_what_can_be_dropped() {
        let mut readings = Readings { memory: Some(100), ..Readings::default() };
        assert_eq!(readings.working_set(), None);
        readings.memory_parts = Some(MemoryParts { inactive_file: 30, ..MemoryParts::default() });
        assert_eq!(readings.working_set(), Some(70));
        // The two are read one after the other.
        readings.memory = Some(20);
        assert_eq!(readings.working_set(), Some(0));
    }

    #[test]
    fn a_limit_of_processor_time_is_quota_by_period() {
        let limit = |cpu_quota, cpu_period| {
            Readings { cpu_quota, cpu_period, ..Readings::default() }.cpu_limit_milli()
        };
        assert_eq!(limit(Limit::Set(150_000), Some(100_000)), Some(1500));
        assert_eq!(limit(Limit::None, Some(100_000)), None);
        assert_eq!(limit(Limit::Set(1), Some(0)), None);
        assert_eq!(limit(Limit::Set(u64::MAX), Some(1)), None);
    }
}
