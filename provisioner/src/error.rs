//! How a run ends when it does not end well.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use terrarium_inventory::Problems;

/// Exit codes, stable and documented in `docs/reference/exit-codes.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Code {
    /// Done, or nothing to do.
    Done = 0,
    /// A fault of this program.
    Internal = 1,
    /// The command line or the inventory.
    Usage = 2,
    /// Connection, login or host key.
    Connection = 3,
    /// A change failed.
    Change = 4,
    /// The nodes differ from the inventory (`status`, `plan --exit-code`).
    Drift = 5,
    /// Refused before anything was touched.
    Refused = 6,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// One failure: where, what, why, and what to do next.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// What the process exits with.
    pub code: Code,
    /// The headline: names the node or file.
    pub what: String,
    /// The chain below it, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The places in the inventory it is about, shown before the rest.
    pub problems: Option<Problems>,
}

impl Failure {
    /// A failure with an error below it.
    pub(crate) fn new(code: Code, what: impl Into<String>, cause: &dyn Error) -> Self {
        let mut causes = vec![cause.to_string()];
        let mut source = cause.source();
        while let Some(error) = source {
            let text = error.to_string();
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            source = error.source();
        }
        Self { code, what: what.into(), causes, hint: None, problems: None }
    }

    /// An error that names its place itself.
    pub(crate) fn of(code: Code, error: &dyn Error) -> Self {
        let mut failure = Self::new(code, error.to_string(), error);
        failure.causes.remove(0);
        failure
    }

    /// A failure that is its own reason.
    pub(crate) fn plain(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), causes: Vec::new(), hint: None, problems: None }
    }

    /// Values of an inventory that cannot be used, each shown with its line.
    pub(crate) fn inventory(path: &Path, problems: Problems) -> Self {
        let mut failure =
            Self::plain(Code::Usage, format!("invalid inventory `{}`", path.display()));
        failure.problems = Some(problems);
        failure
    }

    /// A fault of this program or of the machine it runs on.
    pub(crate) fn internal(what: &str, cause: &dyn Error) -> Self {
        Self::new(Code::Internal, what, cause)
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// All of it, for programs.
    pub(crate) fn to_json(&self, log: Option<&Path>) -> Value {
        let problems = self.problems.iter().flat_map(Problems::iter).map(|problem| {
            let place = problem.position();
            json!({
                "id": problem.code(),
                "what": problem.to_string(),
                "hint": problem.hint(),
                "line": place.map(|(line, _)| line),
                "column": place.map(|(_, column)| column),
            })
        });
        json!({
            "error": {
                "version": 1,
                "code": self.code as u8,
                "what": self.what,
                "causes": self.causes,
                "hint": self.hint,
                "log": log,
                "problems": problems.collect::<Vec<_>>(),
            }
        })
    }

    /// All of it in one line, for events.
    pub(crate) fn line(&self) -> String {
        let mut line = self.what.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause.trim());
        }
        if let Some(hint) = &self.hint {
            line.push_str("; ");
            line.push_str(hint);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_told_once_and_the_hint_comes_last() {
        let cause = std::io::Error::other(std::io::Error::other("disk full"));
        let failure = Failure::new(Code::Change, "pi-1: cannot write", &cause)
            .hint(Some("free some space".to_owned()));
        assert_eq!(failure.line(), "pi-1: cannot write: disk full; free some space");
    }
}
