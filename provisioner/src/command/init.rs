//! `provision init`

use std::io::Write as _;
use std::path::Path;

use fs_err::OpenOptions;

use crate::error::{Code, Failure};
use crate::report::terminal;

/// Writes a first inventory; never over one that is there.
pub(super) fn run(path: &Path, addresses: &[String]) -> Result<Code, Failure> {
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let text = terrarium_inventory::example(&addresses);
    let cannot = |error: &std::io::Error| {
        Failure::new(Code::Usage, "cannot write the inventory", error).hint(Some(
            "name another file with --inventory, or edit the one that is there".to_owned(),
        ))
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| cannot(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot(&error))?;
    terminal::line(&format!(
        "wrote {}; read it, then: provision --inventory {} plan",
        path.display(),
        path.display()
    ));
    Ok(Code::Done)
}
