//! One JSON object a line, on standard output.

use std::io::Write as _;

use terrarium_plan::Event;

use super::View;
use crate::report::json;

pub(super) struct Json;

impl View for Json {
    fn show(&mut self, event: &Event) {
        if let Ok(text) = json::compact(event) {
            // A reader that went away is no reason to stop working on nodes.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}
