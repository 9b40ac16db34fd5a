//! What happens while a plan is carried out, and the sum of it.

use std::collections::BTreeMap;

use serde::Serialize;

/// One thing that happened. Bars, plain lines and JSON are views of a stream of these.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// RFC 3339, UTC.
    pub time: String,
    /// The node, or `stack`, or `cluster`.
    pub node: String,
    /// The change's id, or the name of the step.
    pub change: String,
    /// What became of it.
    #[serde(flatten)]
    pub state: State,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "detail")]
pub enum State {
    /// It begins; the text says what it is.
    Started(String),
    /// It goes on; the text says how far.
    Progress(String),
    /// It is done; the text says what is different now.
    Changed(String),
    /// There was nothing to do.
    Unchanged(String),
    /// It was not done because something before it failed.
    Skipped(String),
    /// The operator should know.
    Note(String),
    /// It failed; the text says why and what to do.
    Failed(String),
}

/// How a node, the stack or a whole run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing had to be done.
    Unchanged,
    /// Everything that had to be done was done.
    Changed,
    /// Something before it failed.
    Skipped,
    /// A change failed.
    Failed,
}

/// A stream of events, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Per node (and `stack`): how it ended and how many changes were made.
    pub parts: BTreeMap<String, Part>,
    /// Every failure, in the order it came.
    pub failures: Vec<String>,
}

/// One node's part of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// How it ended.
    pub outcome: Outcome,
    /// Changes made.
    pub changed: usize,
}

impl Report {
    /// Takes one event into account.
    pub fn fold(&mut self, event: &Event) {
        let part = self
            .parts
            .entry(event.node.clone())
            .or_insert(Part { outcome: Outcome::Unchanged, changed: 0 });
        let outcome = match &event.state {
            State::Changed(_) => {
                part.changed += 1;
                Outcome::Changed
            }
            State::Failed(why) => {
                self.failures.push(format!("{}: {}: {why}", event.node, event.change));
                Outcome::Failed
            }
            State::Skipped(_) => Outcome::Skipped,
            State::Started(_) | State::Progress(_) | State::Unchanged(_) | State::Note(_) => {
                Outcome::Unchanged
            }
        };
        part.outcome = part.outcome.max(outcome);
    }

    /// How the whole run ended: as its worst part.
    pub fn outcome(&self) -> Outcome {
        self.parts.values().map(|part| part.outcome).max().unwrap_or(Outcome::Unchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(node: &str, state: State) -> Event {
        Event { time: String::new(), node: node.to_owned(), change: "x.y".to_owned(), state }
    }

    #[test]
    fn the_worst_event_decides_a_part_and_the_worst_part_the_run() {
        let mut report = Report::default();
        for state in [State::Started(String::new()), State::Changed(String::new())] {
            report.fold(&event("pi-1", state));
        }
        assert_eq!(report.outcome(), Outcome::Changed);
        report.fold(&event("pi-2", State::Failed("no".to_owned())));
        report.fold(&event("pi-2", State::Changed(String::new())));
        assert_eq!(report.parts["pi-2"], Part { outcome: Outcome::Failed, changed: 1 });
        assert_eq!(report.outcome(), Outcome::Failed);
        assert_eq!(report.failures, ["pi-2: x.y: no"]);
    }

    #[test]
    fn an_event_is_one_flat_json_object() {
        let json = serde_json::to_string(&event("pi-1", State::Failed("no".to_owned()))).unwrap();
        assert_eq!(
            json,
            r#"{"time":"","node":"pi-1","change":"x.y","state":"failed","detail":"no"}"#
        );
    }
}
