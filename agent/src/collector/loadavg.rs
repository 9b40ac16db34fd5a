//! `/proc/loadavg`: the load averages.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

const FAMILIES: [Family; 3] = [
    Family::gauge("node_load1", "Load average over one minute."),
    Family::gauge("node_load5", "Load average over five minutes."),
    Family::gauge("node_load15", "Load average over fifteen minutes."),
];

/// Encodes the file's first three fields.
///
/// # Errors
/// When one of them is missing or no number; nothing is written then.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut fields = scan::fields(input);
    let [one, five, fifteen] = [(); 3].map(|()| fields.next().and_then(scan::decimal));
    let (Some(one), Some(five), Some(fifteen)) = (one, five, fifteen) else {
        return Err(Failure::Malformed {
            file: "loadavg",
            expected: "three decimal fractions at the start",
        });
    };
    for (family, load) in FAMILIES.iter().zip([one, five, fifteen]) {
        out.single(family, load);
    }
    Ok(())
}

/// The collector.
#[derive(Debug)]
pub struct Loadavg {
    file: Source,
}

impl Loadavg {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { file: Source::new(procfs.join("loadavg")) }
    }
}

impl Collector for Loadavg {
    fn name(&self) -> &'static str {
        "loadavg"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, out)
    }
}
