//! `/proc/pressure`: how long work waited for a resource.
//!
//! A Pi's kernel keeps it only when booted with `psi=1`.

use std::io;

use rustix::io::Errno;

use super::Collector;
use super::rescan::Rescan;
use crate::common::{Common, Files};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;
use crate::source::Source;
use crate::value::Value;

/// A resource: its file, and the families its lines go to.
#[derive(Debug)]
pub struct Resource {
    /// The file's name.
    pub file: &'static str,
    /// `some`: at least one task waited.
    pub waiting: Option<Family>,
    /// `full`: every task waited.
    pub stalled: Option<Family>,
    /// Whether every kernel that has the folder has the file.
    pub required: bool,
}

/// The resources in the order they are shown.
pub const RESOURCES: [Resource; 4] = [
    Resource {
        file: "cpu",
        waiting: Some(Family::counter(
            "node_pressure_cpu_waiting_seconds_total",
            "Seconds in which some task waited for a processor.",
        )),
        // The whole host cannot wait for its processors: the line is always 0.
        stalled: None,
        required: true,
    },
    Resource {
        file: "io",
        waiting: Some(Family::counter(
            "node_pressure_io_waiting_seconds_total",
            "Seconds in which some task waited for I/O.",
        )),
        stalled: Some(Family::counter(
            "node_pressure_io_stalled_seconds_total",
            "Seconds in which every task waited for I/O.",
        )),
        required: true,
    },
    Resource {
        file: "memory",
        waiting: Some(Family::counter(
            "node_pressure_memory_waiting_seconds_total",
            "Seconds in which some task waited for memory.",
        )),
        stalled: Some(Family::counter(
            "node_pressure_memory_stalled_seconds_total",
            "Seconds in which every task waited for memory.",
        )),
        required: true,
    },
    Resource {
        file: "irq",
        waiting: None,
        stalled: Some(Family::counter(
            "node_pressure_irq_stalled_seconds_total",
            "Seconds in which interrupts held up every task.",
        )),
        required: false,
    },
];

/// The `total=` of the line that starts with `key`, in microseconds.
fn total(input: &[u8], key: &[u8]) -> Option<u64> {
    scan::lines(input).find_map(|line| {
        let mut fields = scan::fields(line);
        (fields.next()? == key).then_some(())?;
        scan::unsigned(fields.find_map(|field| field.strip_prefix(b"total="))?)
    })
}

/// Encodes one resource's file.
///
/// # Errors
/// When a line the resource should have is missing or broken; the other is
/// written all the same.
pub fn encode(resource: &Resource, input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut result = Ok(());
    for (key, family) in [(&b"some"[..], &resource.waiting), (b"full", &resource.stalled)] {
        let Some(family) = family else { continue };
        match total(input, key) {
            Some(microseconds) => out.single(family, Value::scaled(microseconds, 6)),
            None => {
                result = Err(Failure::Malformed {
                    file: resource.file,
                    expected: "lines `some` and `full` with total=",
                });
            }
        }
    }
    result
}

/// Not there, or switched off.
fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error())
}

/// The collector.
#[derive(Debug)]
pub struct Pressure {
    files: [Common; RESOURCES.len()],
    /// Looked for again once in a while: those that need not be there.
    rescan: Rescan,
    absent: bool,
}

impl Pressure {
    /// Reads those files, and one that nobody else does.
    pub fn new(settings: &Settings, files: &Files) -> Self {
        let [cpu, memory, io] = files.pressure.each_ref().map(Common::clone);
        let irq = Source::new(settings.procfs.join("pressure/irq"));
        Self {
            files: [cpu, io, memory, Common::new(irq, &files.pages)],
            rescan: Rescan::default(),
            absent: false,
        }
    }
}

impl Collector for Pressure {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let mut result = Ok(());
        let mut found = false;
        let due = self.rescan.due();
        for (resource, file) in RESOURCES.iter().zip(&mut self.files) {
            if !resource.required && self.absent && !due {
                continue;
            }
            let read = file.read(scratch, |input| encode(resource, input, out));
            found |= !matches!(&read, Err(Failure::Read { source, .. }) if is_absence(source));
            let outcome = match read {
                Ok(encoded) => {
                    self.absent &= resource.required;
                    encoded
                }
                Err(_) if !resource.required => {
                    self.absent = true;
                    Ok(())
                }
                Err(failure) => Err(failure),
            };
            result = result.and(outcome);
        }
        // A stock Pi's kernel has it, and keeps it only when told so at boot.
        if found { result } else { Err(Failure::Absent { what: "pressure (psi=1)" }) }
    }
}
