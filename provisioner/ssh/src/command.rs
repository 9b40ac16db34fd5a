//! What is asked of a node, and what comes back.

use std::time::Duration;

use terrarium_untrusted::FromNode;

/// A script to run on the node.
#[derive(Debug, Clone)]
pub struct Command {
    /// POSIX sh. It is visible in the node's process list: no secrets in it.
    /// At most some 100 KiB; more goes to `stdin`.
    pub script: String,
    /// Whether it runs as root or as the login user.
    pub root: bool,
    /// What the script reads from its standard input; may carry secrets.
    pub stdin: Vec<u8>,
    /// How long it may run, enforced on the node as well where `timeout`
    /// exists; rounded up to whole seconds there.
    pub deadline: Duration,
    /// What this is, for messages: "install packages".
    pub label: String,
}

impl Command {
    /// A script for the login user, without input and with a minute's time.
    pub fn new(label: impl Into<String>, script: impl Into<String>) -> Self {
        Self {
            script: script.into(),
            root: false,
            stdin: Vec::new(),
            deadline: Duration::from_mins(1),
            label: label.into(),
        }
    }

    /// The same as root.
    #[must_use]
    pub fn as_root(self) -> Self {
        Self { root: true, ..self }
    }

    /// The same with other input.
    #[must_use]
    pub fn stdin(self, stdin: impl Into<Vec<u8>>) -> Self {
        Self { stdin: stdin.into(), ..self }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whole seconds for the node, never less than asked for and never zero.
    pub(crate) fn deadline_s(&self) -> u64 {
        let rounded_up = self.deadline.as_secs() + u64::from(self.deadline.subsec_nanos() > 0);
        rounded_up.max(1)
    }
}

/// What a command that ran to its end left behind. A status other than 0 is
/// the caller's to judge; it is no [`ExecError`](crate::ExecError).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Exit status.
    pub status: i32,
    /// Standard output; beginning and end when it was too much.
    pub stdout: FromNode<Vec<u8>>,
    /// Standard error; beginning and end when it was too much.
    pub stderr: FromNode<Vec<u8>>,
    /// Whether part of `stdout` was left out.
    pub stdout_cut: bool,
    /// Whether part of `stderr` was left out.
    pub stderr_cut: bool,
}

impl Output {
    /// Whether the status is 0.
    pub fn success(&self) -> bool {
        self.status == 0
    }

    /// Standard output as text; what is not UTF-8 is replaced.
    pub fn stdout_text(&self) -> FromNode<String> {
        self.stdout.text()
    }

    /// Standard error as text; what is not UTF-8 is replaced.
    pub fn stderr_text(&self) -> FromNode<String> {
        self.stderr.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up_to_seconds() {
        for (ms, expected) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            assert_eq!(
                Command::new("x", "true").deadline(Duration::from_millis(ms)).deadline_s(),
                expected
            );
        }
    }
}
