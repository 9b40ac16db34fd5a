//! `/proc/vmstat`: paging, swapping, and processes killed for memory.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Kind};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

/// Of some two hundred counters those which `node_exporter` shows by default.
fn is_shown(key: &[u8]) -> bool {
    // Next to all of them begin otherwise.
    if !matches!(key.first(), Some(b'o' | b'p')) {
        return false;
    }
    [&b"oom_kill"[..], b"pgpg", b"pswp"].iter().any(|start| key.starts_with(start))
        || key.starts_with(b"pg") && key.windows(5).any(|part| part == b"fault")
}

/// Encodes the counters shown.
///
/// # Errors
/// When one of them has no number or there is none; the others are written all
/// the same.
pub fn encode(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut whole = true;
    let mut any = false;
    for line in scan::lines(input) {
        let mut fields = scan::fields(line);
        let Some(key) = fields.next().filter(|key| is_shown(key)) else { continue };
        let is_word = key.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let Some(number) = fields.next().and_then(scan::unsigned).filter(|_| is_word) else {
            whole = false;
            continue;
        };
        any = true;
        let name = [&b"node_vmstat_"[..], key];
        out.open(&name, Kind::Untyped, &[b"/proc/vmstat: ", key, b"."]);
        out.bare(&name, number);
    }
    if whole && any {
        return Ok(());
    }
    Err(Failure::Malformed { file: "vmstat", expected: "a name and a number a line" })
}

/// The collector.
#[derive(Debug)]
pub struct Vmstat {
    file: Source,
}

impl Vmstat {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { file: Source::new(procfs.join("vmstat")) }
    }
}

impl Collector for Vmstat {
    fn name(&self) -> &'static str {
        "vmstat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, out)
    }
}

#[cfg(test)]
mod tests {
    use super::is_shown;

    #[test]
    fn few_of_many_are_shown() {
        for key in ["oom_kill", "pgpgin", "pswpout", "pgfault", "pgmajfault", "pgdemote_fault"] {
            assert!(is_shown(key.as_bytes()), "{key}");
        }
        for key in ["nr_free_pages", "pgscan_kswapd", "thp_fault_alloc", "allocstall_dma", ""] {
            assert!(!is_shown(key.as_bytes()), "{key}");
        }
    }
}
