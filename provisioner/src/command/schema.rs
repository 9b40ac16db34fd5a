//! `provision schema`

use crate::error::{Code, Failure};
use crate::report::terminal;

/// Prints the inventory's JSON Schema.
pub(super) fn run() -> Result<Code, Failure> {
    terminal::json(&terrarium_inventory::schema())?;
    Ok(Code::Done)
}
