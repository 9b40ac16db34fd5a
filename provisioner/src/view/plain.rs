//! Plain lines on standard error, for logs and pipes: what began, what
//! changed, what failed.

use terrarium_plan::{Event, State};

use super::{View, columns, line};
use crate::report::terminal;

pub(super) struct Plain;

impl View for Plain {
    fn show(&mut self, event: &Event) {
        let text = match &event.state {
            State::Started(text) => Some(columns(&event.node, "...", &event.change, text)),
            State::Unchanged(text) => Some(columns(&event.node, "ok", &event.change, text)),
            State::Progress(_) => None,
            _ => line(event),
        };
        if let Some(text) = text {
            terminal::remark(&format!("{text}\n"));
        }
    }
}
