//! Files that hold nothing but numbers: open files, entropy, tracked
//! connections.
//!
//! A file of `/proc/sys` costs ten times what another does. What changes slowly
//! is read once a minute.

use std::path::PathBuf;

use super::Collector;
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;
use crate::source::Source;

/// A file and the families its numbers go to, by their place in it.
#[derive(Debug)]
pub struct File {
    /// Below procfs.
    pub path: &'static str,
    /// The place of the number and its family.
    pub families: &'static [(usize, Family)],
    /// Read once a minute only.
    pub slow: bool,
}

/// A collector of such files.
#[derive(Debug)]
pub struct Set {
    /// Its name.
    pub name: &'static str,
    /// Its files.
    pub files: &'static [File],
    /// What a host without any of them lacks.
    pub what: &'static str,
}

/// `/proc/sys/fs/file-nr`.
pub const FILEFD: Set = Set {
    name: "filefd",
    what: "count of open files",
    files: &[File {
        path: "sys/fs/file-nr",
        families: &[
            (0, Family::gauge("node_filefd_allocated", "Files open on the host.")),
            (2, Family::gauge("node_filefd_maximum", "Files that may be open on the host.")),
        ],
        slow: false,
    }],
};

/// The pool of random numbers: since Linux 5.18 it is always full.
pub const ENTROPY: Set = Set {
    name: "entropy",
    what: "pool of random numbers",
    files: &[
        File {
            path: "sys/kernel/random/entropy_avail",
            families: &[(0, Family::gauge("node_entropy_available_bits", "Entropy in the pool."))],
            slow: true,
        },
        File {
            path: "sys/kernel/random/poolsize",
            families: &[(0, Family::gauge("node_entropy_pool_size_bits", "The pool's size."))],
            slow: true,
        },
    ],
};

/// Connections the firewall tracks.
pub const CONNTRACK: Set = Set {
    name: "conntrack",
    what: "tracking of connections",
    files: &[
        File {
            path: "sys/net/netfilter/nf_conntrack_count",
            families: &[(0, Family::gauge("node_nf_conntrack_entries", "Connections tracked."))],
            slow: false,
        },
        File {
            path: "sys/net/netfilter/nf_conntrack_max",
            families: &[(
                0,
                Family::gauge(
                    "node_nf_conntrack_entries_limit",
                    "Connections that can be tracked.",
                ),
            )],
            slow: true,
        },
    ],
};

/// Tasks that hung for minutes: on a Pi mostly for want of an SD card's answer.
pub const KERNEL_HUNG: Set = Set {
    name: "kernel_hung",
    what: "count of hung tasks",
    files: &[File {
        path: "sys/kernel/hung_task_detect_count",
        families: &[(
            0,
            Family::counter("node_kernel_hung_tasks_total", "Tasks found to hang since the start."),
        )],
        slow: true,
    }],
};

/// The numbers of a file at the places its families name; `None` when one is
/// missing.
pub fn parse<const N: usize>(input: &[u8], families: &[(usize, Family)]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for (number, (place, _)) in numbers.iter_mut().zip(families) {
        *number = scan::unsigned(scan::fields(input).nth(*place)?)?;
    }
    Some(numbers)
}

/// As many as a file has families.
const MOST: usize = 2;

/// The collector.
#[derive(Debug)]
pub struct Numbers {
    set: &'static Set,
    files: Vec<(&'static File, Source, Option<[u64; MOST]>)>,
    rescan: Rescan,
}

impl Numbers {
    /// The files of `set` below procfs.
    pub fn new(set: &'static Set, settings: &Settings) -> Self {
        let path = |file: &File| -> PathBuf { settings.procfs.join(file.path) };
        let files = set.files.iter().map(|file| (file, Source::new(path(file)), None));
        Self { set, files: files.collect(), rescan: Rescan::default() }
    }
}

impl Collector for Numbers {
    fn name(&self) -> &'static str {
        self.set.name
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let due = self.rescan.due();
        let mut result = Ok(());
        for (file, source, last) in &mut self.files {
            if due || !file.slow {
                let read = source.read(scratch).and_then(|input| {
                    parse(input, file.families)
                        .ok_or(Failure::Malformed { file: file.path, expected: "numbers" })
                });
                *last = read.as_ref().ok().copied();
                // Open, it would have a page of the kernel's for a minute.
                if file.slow {
                    source.close();
                }
                result = result.and(read.map(drop));
            }
            for ((_, family), number) in file.families.iter().zip(last.iter().flatten()) {
                out.single(family, *number);
            }
        }
        // None of them there is a host without the thing, not a fault.
        let mut all = self.files.iter();
        let malformed = matches!(result, Err(Failure::Malformed { .. }));
        if !malformed && all.all(|(_, source, last)| last.is_none() && !source.is_open()) {
            return Err(Failure::Absent { what: self.set.what });
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_by_their_place() {
        let families = FILEFD.files[0].families;
        assert_eq!(
            parse(b"1234\t0\t9223372036854775807\n", families),
            Some([1234, i64::MAX as u64])
        );
        assert_eq!(parse::<2>(b"1234\n", families), None);
        assert_eq!(parse::<2>(b"a b c\n", families), None);
        assert!(
            FILEFD
                .files
                .iter()
                .chain(ENTROPY.files)
                .chain(CONNTRACK.files)
                .chain(KERNEL_HUNG.files)
                .all(|file| file.families.len() <= MOST)
        );
    }
}
