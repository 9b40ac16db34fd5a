//! Events of a run, as lines of its log.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use terrarium_plan::{Event, State};

use super::line;

/// How often progress of one thing is worth a line.
const PACE: Duration = Duration::from_secs(1);

/// Writes events down.
#[derive(Default)]
pub(crate) struct Events {
    /// When progress of a node's step was written down last.
    said: BTreeMap<(String, String), Instant>,
}

impl Events {
    /// One thing happened.
    pub(crate) fn tell(&mut self, event: &Event) {
        let Event { node, change, state, .. } = event;
        let (word, text) = match state {
            State::Started(text) => ("started", text),
            State::Progress(text) => {
                let key = (node.clone(), change.clone());
                if self.said.get(&key).is_some_and(|said| said.elapsed() < PACE) {
                    return;
                }
                self.said.insert(key, Instant::now());
                ("progress", text)
            }
            State::Changed(text) => ("changed", text),
            State::Unchanged(text) => ("unchanged", text),
            State::Skipped(text) => ("skipped", text),
            State::Note(text) => ("note", text),
            State::Failed(text) => ("FAILED", text),
        };
        line(node, &format!("{word} {change}: {text}"));
    }
}
