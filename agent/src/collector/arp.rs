//! `/proc/net/arp`: neighbours known, by interface.

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::{Filter, Settings};
use crate::source::Source;

const ENTRIES: Family = Family::gauge("node_arp_entries", "Neighbours known on the interface.");

/// The interface of a line: its last field of six.
fn device(line: &[u8]) -> Option<&[u8]> {
    let mut fields = scan::fields(line).skip(5);
    let device = fields.next()?;
    fields.next().is_none().then_some(device)
}

/// Encodes a number for each interface, in the order of their first neighbours.
///
/// # Errors
/// When a line is broken; the others are counted all the same.
pub fn encode(input: &[u8], filter: &Filter, out: &mut Encoder) -> Result<(), Failure> {
    let mut lines = scan::lines(input);
    let heading = lines.next().is_some_and(|line| line.starts_with(b"IP address"));
    let rows = || scan::lines(input).skip(1).map(device);
    out.family(&ENTRIES);
    for (index, row) in rows().enumerate() {
        let Some(name) = row else { continue };
        let first = rows().take(index).all(|earlier| earlier != Some(name));
        if first && filter.keeps(name, || true) {
            let count = rows().filter(|other| *other == Some(name)).count();
            out.sample(&ENTRIES, &[("device", name)], count as u64);
        }
    }
    if heading && rows().all(|row| row.is_some()) {
        return Ok(());
    }
    Err(Failure::Malformed { file: "net/arp", expected: "a heading, then six fields a line" })
}

/// The collector.
#[derive(Debug)]
pub struct Arp {
    file: Source,
    filter: Filter,
}

impl Arp {
    /// Reads below procfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            file: Source::new(settings.procfs.join("net/arp")),
            filter: settings.interfaces.clone(),
        }
    }
}

impl Collector for Arp {
    fn name(&self) -> &'static str {
        "arp"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, &self.filter, out)
    }
}
