//! `/proc/interrupts`: interrupts by source and processor.
//!
//! Off by default: some hundred series for each processor.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

const INTERRUPTS: Family = Family::counter("node_interrupts_total", "Interrupts served.");

/// Encodes a series for each source and processor.
///
/// # Errors
/// When a line is broken; the others are written all the same.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut lines = scan::lines(input);
    let processors = lines.next().map_or(0, |heading| scan::fields(heading).count());
    let mut whole = processors > 0;
    out.family(&INTERRUPTS);
    for line in lines {
        let mut fields = scan::fields(line);
        let Some(kind) = fields.next().and_then(|first| first.strip_suffix(b":")) else {
            whole = false;
            continue;
        };
        // ERR and MIS count for the host as a whole.
        if scan::fields(line).count() <= processors {
            continue;
        }
        // What follows the numbers: a source of its own has its chip first, and
        // then the devices; a summary has a description.
        let is_source = kind.iter().all(u8::is_ascii_digit);
        let words = || scan::fields(line).skip(1 + processors);
        let info = joined(words().take(if is_source { 1 } else { usize::MAX }));
        let devices = joined(words().skip(if is_source { 1 } else { usize::MAX }));
        for (processor, number) in fields.take(processors).enumerate() {
            let Some(number) = scan::unsigned(number) else {
                whole = false;
                break;
            };
            Value::from(processor as u64).with_text(|processor| {
                let labels = [
                    ("cpu", processor),
                    ("devices", &devices[..]),
                    ("info", &info),
                    ("type", kind),
                ];
                out.sample(&INTERRUPTS, &labels, number);
            });
        }
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed {
        file: "interrupts",
        expected: "a heading of processors, then a source and a number for each a line",
    })
}

/// Words with one blank between them.
fn joined<'l>(words: impl Iterator<Item = &'l [u8]>) -> Vec<u8> {
    words.collect::<Vec<_>>().join(&b' ')
}

/// The collector.
#[derive(Debug)]
pub struct Interrupts {
    file: Source,
}

impl Interrupts {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { file: Source::of_long_rows(procfs.join("interrupts")) }
    }
}

impl Collector for Interrupts {
    fn name(&self) -> &'static str {
        "interrupts"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, out)
    }
}
