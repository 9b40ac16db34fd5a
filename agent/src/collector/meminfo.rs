//! `/proc/meminfo`: a gauge per line.

use super::Collector;
use crate::common::Common;
use crate::encoder::{Encoder, Kind};
use crate::failure::Failure;
use crate::scan;

/// A line's key in the parts its metric's name is made of: `Active(anon)` is
/// `Active`, `anon`. `None` when that would make no metric name.
fn key(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let word = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let (main, detail) = match text.iter().position(|byte| *byte == b'(') {
        Some(at) => (&text[..at], Some(text[at + 1..].strip_suffix(b")")?)),
        None => (text, None),
    };
    (word(main) && detail.is_none_or(word)).then_some((main, detail))
}

/// A line as key and number; the number is in bytes if the flag is set.
type Line<'i> = ((&'i [u8], Option<&'i [u8]>), u64, bool);

fn parse(line: &[u8]) -> Option<Line<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let mut fields = scan::fields(&line[colon + 1..]);
    let number = scan::unsigned(fields.next()?)?;
    let (number, bytes) = match fields.next() {
        Some(b"kB") => (number.saturating_mul(1024), true),
        Some(_) => return None,
        None => (number, false),
    };
    Some((key(&line[..colon])?, number, bytes))
}

/// Encodes every line.
///
/// # Errors
/// When a line is no `Key: number [kB]` or there is none; the others are
/// written all the same.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut whole = !input.is_empty();
    for line in scan::lines(input) {
        let Some(((main, detail), number, bytes)) = parse(line) else {
            whole = false;
            continue;
        };
        let (joint, detail): (&[u8], _) = detail.map_or((b"", &b""[..]), |detail| (b"_", detail));
        let unit: &[u8] = if bytes { b"_bytes" } else { b"" };
        let name = [b"node_memory_", main, joint, detail, unit];
        out.open(&name, Kind::Gauge, &[b"/proc/meminfo: ", main, joint, detail, b"."]);
        out.bare(&name, number);
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed { file: "meminfo", expected: "lines of the form `Key: number kB`" })
}

/// The collector.
#[derive(Debug)]
pub struct Meminfo {
    file: Common,
}

impl Meminfo {
    /// Reads that file.
    pub fn new(file: &Common) -> Self {
        Self { file: file.clone() }
    }
}

impl Collector for Meminfo {
    fn name(&self) -> &'static str {
        "meminfo"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        self.file.read(scratch, |input| encode(input, out)).flatten()
    }
}
