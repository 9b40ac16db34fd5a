//! What to attach to a report of a fault, in one file.

use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::report::secrets::masked;
use crate::{file, log};

/// Logs of so many runs.
const LOGS: usize = 3;
/// Of a log, its end.
const LOG_BYTES: usize = 4 << 20;
/// In the archive, all lies in this folder.
const FOLDER: &str = "terrarium-doctor";

/// Writes the texts, by their names, and the last logs. Secrets of this run, and what
/// looks like one, are left out of all of them.
pub(crate) fn write(
    path: &Path,
    texts: &[(String, String)],
    logs: Option<&Path>,
) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |name: &str, text: &str| {
        let text = log::redacted(&masked(text));
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, format!("{FOLDER}/{name}"), text.as_bytes())
    };
    for (name, text) in texts {
        add(name, text)?;
    }
    for log in logs.map(log::all).unwrap_or_default().iter().rev().take(LOGS) {
        let Ok(bytes) = std::fs::read(log) else { continue };
        let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LOG_BYTES)..]);
        let name = log.file_name().unwrap_or_default().to_string_lossy();
        add(&format!("logs/{name}"), &text)?;
    }
    file::replace_bytes(path, &archive.into_inner()?.finish()?, 0o600)
}
