//! The inventory from outside: whole files in, whole messages out.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

/// The files of `cases/` and what is made of each.
mod cases;
/// Committed files that are generated: schema and reference.
mod generated;
/// What holds for any text at all.
mod properties;

use std::path::Path;

/// Where generated and snapshot files of this crate stand.
fn beside(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares `actual` with the committed file at `path`; with `UPDATE=1` in the
/// environment, rewrites that file first.
fn committed(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, actual).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    Err(format!(
        "{} differs; UPDATE=1 cargo test -p terrarium-inventory rewrites it\n--- committed\n{expected}\n--- now\n{actual}",
        path.display()
    ))
}
