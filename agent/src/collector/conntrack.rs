//! Connections the firewall tracks: how many, how many there may be, and what
//! became of them.

use std::io;

use super::Collector;
use super::numbers::{CONNTRACK, Numbers};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;
use crate::source::Source;

/// The heading's name of a column and the family it goes to.
const COLUMNS: [(&[u8], Family); 8] = [
    (b"drop", Family::gauge("node_nf_conntrack_stat_drop", "Packets dropped: the table was full.")),
    (
        b"early_drop",
        Family::gauge("node_nf_conntrack_stat_early_drop", "Entries dropped to make room."),
    ),
    (b"found", Family::gauge("node_nf_conntrack_stat_found", "Entries found.")),
    (b"ignore", Family::gauge("node_nf_conntrack_stat_ignore", "Packets known already.")),
    (b"insert", Family::gauge("node_nf_conntrack_stat_insert", "Entries made.")),
    (
        b"insert_failed",
        Family::gauge("node_nf_conntrack_stat_insert_failed", "Entries that could not be made."),
    ),
    (b"invalid", Family::gauge("node_nf_conntrack_stat_invalid", "Packets that belong nowhere.")),
    (
        b"search_restart",
        Family::gauge("node_nf_conntrack_stat_search_restart", "Searches begun anew."),
    ),
];

/// Encodes the sums over all processors, a line each in hexadecimal.
///
/// # Errors
/// When a column is missing or a number broken; the others are written all the
/// same.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let heading = || scan::fields(scan::lines(input).next().unwrap_or_default());
    let mut whole = true;
    for (column, family) in &COLUMNS {
        let sum = heading().position(|name| name == *column).and_then(|at| {
            scan::lines(input).skip(1).try_fold(0_u64, |sum, line| {
                let field = str::from_utf8(scan::fields(line).nth(at)?).ok()?;
                sum.checked_add(u64::from_str_radix(field, 16).ok()?)
            })
        });
        match sum {
            Some(sum) => out.single(family, sum),
            None => whole = false,
        }
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed {
        file: "net/stat/nf_conntrack",
        expected: "a heading, then hexadecimal numbers a line",
    })
}

/// The collector.
#[derive(Debug)]
pub struct Conntrack {
    numbers: Numbers,
    statistics: Source,
}

impl Conntrack {
    /// Reads below procfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            numbers: Numbers::new(&CONNTRACK, settings),
            statistics: Source::new(settings.procfs.join("net/stat/nf_conntrack")),
        }
    }
}

impl Collector for Conntrack {
    fn name(&self) -> &'static str {
        "conntrack"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        self.numbers.collect(scratch, out)?;
        match self.statistics.read(scratch) {
            // A kernel may be built without.
            Err(Failure::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(Failure::Absent { what: "statistics of tracked connections" })
            }
            read => encode(read?, out),
        }
    }
}
