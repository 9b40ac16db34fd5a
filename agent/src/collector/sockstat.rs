//! `/proc/net/sockstat{,6}`: sockets in use.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Kind};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

/// Encodes a file of lines `TCP: inuse 5 mem 3`. Memory is counted in pages of
/// `page_bytes`; it is shown in bytes besides.
///
/// # Errors
/// When a line is no such list; the others are written all the same.
pub fn encode(input: &[u8], page_bytes: u64, out: &mut Encoder) -> Result<(), Failure> {
    let mut whole = !input.is_empty();
    for line in scan::lines(input) {
        let mut fields = scan::fields(line);
        let protocol = fields.next().and_then(|first| first.strip_suffix(b":"));
        let Some(protocol) = protocol.filter(|protocol| is_word(protocol)) else {
            whole = false;
            continue;
        };
        while let Some(key) = fields.next() {
            let number = fields.next().and_then(scan::unsigned);
            let Some(number) = number.filter(|_| is_word(key)) else {
                whole = false;
                break;
            };
            show(protocol, key, b"", number, out);
            if key == b"mem" {
                show(protocol, key, b"_bytes", number.saturating_mul(page_bytes), out);
            }
        }
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed { file: "net/sockstat", expected: "lines `PROTOCOL: name number …`" })
}

fn is_word(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn show(protocol: &[u8], key: &[u8], unit: &[u8], number: u64, out: &mut Encoder) {
    let name = [b"node_sockstat_", protocol, b"_", key, unit];
    out.open(&name, Kind::Gauge, &[b"Sockets of ", protocol, b": ", key, b"."]);
    out.bare(&name, number);
}

/// The collector.
#[derive(Debug)]
pub struct Sockstat {
    files: [Source; 2],
    page_bytes: u64,
}

impl Sockstat {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self {
            files: ["sockstat", "sockstat6"].map(|name| Source::new(procfs.join("net").join(name))),
            page_bytes: rustix::param::page_size() as u64,
        }
    }
}

impl Collector for Sockstat {
    fn name(&self) -> &'static str {
        "sockstat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let [four, six] = &mut self.files;
        let four = four.read(scratch).and_then(|input| encode(input, self.page_bytes, out));
        // A host may have been told to do without IPv6.
        match six.read(scratch) {
            Ok(input) => four.and(encode(input, self.page_bytes, out)),
            Err(_) => four,
        }
    }
}
