//! `provision version`

use serde_json::json;

use crate::cli::Common;
use crate::error::{Code, Failure};
use crate::report::terminal;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints the version.
pub(super) fn run(common: &Common) -> Result<Code, Failure> {
    if common.json {
        terminal::json(&json!({ "version": 1, "provision": VERSION }))?;
    } else {
        terminal::line(&format!("provision {VERSION}"));
    }
    Ok(Code::Done)
}
