//! Whether what a run needs is there: on this machine, on each node, in the
//! cluster. Nothing is changed, and nothing is fetched.

pub(crate) mod bundle;
pub(crate) mod local;
pub(crate) mod node;

use std::fmt::Write as _;

use serde::Serialize;

use crate::error::{Code, Failure};
use crate::report::terminal::{count, wrapped};

/// The part of what is on this machine.
pub(crate) const HERE: &str = "this machine";
/// The part of what Kubernetes says.
pub(crate) const CLUSTER: &str = "cluster";

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// This machine, a node, or the cluster.
    pub part: String,
    /// What was looked at.
    #[serde(rename = "check")]
    pub what: String,
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What the program ends with for it.
    #[serde(skip)]
    code: Code,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Ok,
    /// It is no reason to stop, and worth knowing.
    Note,
    Failed,
}

impl Check {
    pub(crate) fn ok(part: &str, what: &str, found: impl Into<String>) -> Self {
        let (part, what, found) = (part.to_owned(), what.to_owned(), found.into());
        Self { part, what, state: State::Ok, found, hint: None, code: Code::Done }
    }

    pub(crate) fn note(
        part: &str,
        what: &str,
        found: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self { state: State::Note, hint, ..Self::ok(part, what, found) }
    }

    /// Who fails says what to do next.
    pub(crate) fn failed(
        part: &str,
        what: &str,
        code: Code,
        found: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { state: State::Failed, code, ..Self::note(part, what, found, hint) }
    }

    /// What would end a run.
    pub(crate) fn of(part: &str, what: &str, failure: &Failure) -> Self {
        let places = failure.problems.iter().flat_map(|problems| problems.iter());
        let places = places.map(|problem| match problem.position() {
            Some((line, column)) => format!("{line}:{column} {problem}"),
            None => problem.to_string(),
        });
        let parts: Vec<String> = std::iter::once(failure.what.clone())
            .chain(failure.causes.iter().map(|cause| cause.trim().to_owned()))
            .chain(places)
            .collect();
        let hint = failure.hint.clone().or_else(|| {
            let mut problems = failure.problems.iter().flat_map(|problems| problems.iter());
            problems.find_map(|problem| problem.hint().map(str::to_owned))
        });
        let hint = hint.unwrap_or_else(|| "`provision plan` says more of it".to_owned());
        Self::failed(part, what, failure.code, parts.join(": "), hint)
    }
}

/// The exit code: that of the first thing that failed, as whatever comes after it may
/// follow from it.
pub(crate) fn code(checks: &[Check]) -> Code {
    let failed = checks.iter().find(|check| check.state == State::Failed);
    failed.map_or(Code::Done, |check| check.code)
}

/// For people.
pub(crate) fn table(checks: &[Check]) -> String {
    let mut text = String::new();
    for part in checks.chunk_by(|a, b| a.part == b.part) {
        let _ = writeln!(text, "{}", part.first().map_or("", |check| check.part.as_str()));
        for Check { what, state, found, hint, .. } in part {
            let word = match state {
                State::Ok => "ok",
                State::Note => "note",
                State::Failed => "FAILED",
            };
            let label = format!("  {word:<7} {what:<11} ");
            let _ = writeln!(text, "{}", wrapped(&label, found));
            if let Some(hint) = hint {
                let indent = " ".repeat(label.chars().count());
                let _ = writeln!(text, "{}", wrapped(&format!("{indent}→ "), hint));
            }
        }
    }
    let failed = checks.iter().filter(|check| check.state == State::Failed).count();
    let notes = checks.iter().filter(|check| check.state == State::Note).count();
    let notes = if notes == 0 {
        String::new()
    } else {
        format!(" {} worth reading.", count(notes, "note"))
    };
    let verdict = match failed {
        0 => "Everything a run needs is there.".to_owned(),
        failed => format!("{} to mend.", count(failed, "thing")),
    };
    let verdict = format!("{verdict}{notes} Nothing has been changed.");
    let _ = writeln!(text, "\n{}", wrapped("", &verdict));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_failed_decides_the_exit_code_and_each_says_what_to_do() {
        let ok = Check::ok(HERE, "inventory", "pis.toml, 2 nodes");
        let note = Check::note(HERE, "kubectl", "not found", "");
        let away =
            Check::failed("pi-1", "connection", Code::Connection, "no answer", "switch it on");
        let refused = Check::failed("pi-2", "memory", Code::Refused, "too little", "another board");
        assert_eq!(code(&[ok.clone(), note.clone()]), Code::Done);
        assert_eq!(code(&[ok.clone(), away.clone(), refused.clone()]), Code::Connection);
        assert_eq!(code(&[note.clone(), refused.clone()]), Code::Refused);
        let text = table(&[ok, note, away, refused]);
        assert_eq!(
            text,
            "\
this machine
  ok      inventory   pis.toml, 2 nodes
  note    kubectl     not found
pi-1
  FAILED  connection  no answer
                      → switch it on
pi-2
  FAILED  memory      too little
                      → another board

2 things to mend. 1 note worth reading. Nothing has been changed.
"
        );
    }
}
