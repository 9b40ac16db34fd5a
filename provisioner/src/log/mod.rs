//! The log of a run: what happened, each command on a node, how it ended and what
//! it complained of.
//!
//! Plain lines, each with its time and each written at once: a run that is killed
//! leaves what it has said so far. The file is made with the first line, so that
//! what never came to a node leaves none. It is no reason to fail: a folder that
//! cannot be written is told once, and the run goes on without.

mod events;
mod folder;
mod redact;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use terrarium_ssh::places::Me;
use terrarium_ssh::{Command, Output};
use terrarium_untrusted::visible;

use crate::clock;
use crate::report::secrets::masked;
use crate::report::terminal;

pub(crate) use events::Events;
pub(crate) use folder::all;
pub(crate) use redact::redact as redacted;

/// A log that is longer was filled by something that does not end.
const BYTES_MAX: usize = 32 << 20;
/// Of what a command complained of, its end.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: usize = 4096;

static LOG: OnceLock<Log> = OnceLock::new();

/// The log of this process.
struct Log {
    /// Where it goes; `None` where none is wanted.
    folder: Option<PathBuf>,
    me: Me,
    /// The command, for the file's name.
    command: String,
    /// The first line, with the time of the beginning.
    head: String,
    /// Whether each line is shown as well.
    verbose: bool,
    state: Mutex<State>,
}

enum State {
    /// Nothing was said yet.
    Waiting,
    Open {
        file: File,
        path: PathBuf,
        bytes: usize,
    },
    /// It cannot be written.
    Off,
}

/// From now on there is a log: of a command, called so.
pub(crate) fn begin(folder: Option<&Path>, me: &Me, command: &str, head: &str, verbose: bool) {
    let log = Log {
        folder: folder.map(Path::to_owned),
        me: me.clone(),
        command: command.to_owned(),
        head: laid_out(&clock::timestamp(), "run", head),
        verbose,
        state: Mutex::new(State::Waiting),
    };
    // There is one command line.
    let _ = LOG.set(log);
}

/// Whether what is logged is shown as well.
pub(crate) fn is_shown() -> bool {
    LOG.get().is_some_and(|log| log.verbose)
}

/// Where the log is, if there is one.
pub(crate) fn path() -> Option<PathBuf> {
    match &*LOG.get()?.state() {
        State::Open { path, .. } => Some(path.clone()),
        State::Waiting | State::Off => None,
    }
}

/// One thing happened to a node, or to another part of the run.
pub(crate) fn line(who: &str, what: &str) {
    let Some(log) = LOG.get() else { return };
    let text = laid_out(&clock::timestamp(), who, what);
    if log.verbose {
        terminal::remark(&text);
    }
    log.write(&text);
}

/// How the run ended; of one that never came to a node, nothing.
pub(crate) fn end(how: &str) {
    if path().is_some() {
        line("run", how);
    }
}

/// A line, with what belongs to it indented below it.
fn laid_out(time: &str, who: &str, what: &str) -> String {
    let what = redact::redact(&masked(what.trim_end()));
    format!("{time} {who:<8} {}\n", visible(&what).replace('\n', "\n    "))
}

impl Log {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, text: &str) {
        let mut state = self.state();
        if matches!(*state, State::Waiting) {
            *state = self.open();
        }
        let State::Open { file, path, bytes } = &mut *state else { return };
        *bytes += text.len();
        let full = *bytes > BYTES_MAX;
        let text = if full { "the log ends here: it has grown too long\n" } else { text };
        if let Err(error) = file.write_all(text.as_bytes()) {
            no_log(&format!("cannot write {}: {error}", path.display()));
            *state = State::Off;
        } else if full {
            *state = State::Off;
        }
    }

    fn open(&self) -> State {
        let Some(folder) = &self.folder else { return State::Off };
        let opened = folder::open(folder, &self.command, &self.me);
        let written = opened.and_then(|(mut file, path)| {
            file.write_all(self.head.as_bytes())
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            Ok((file, path))
        });
        match written {
            Ok((file, path)) => State::Open { file, path, bytes: 0 },
            Err(why) => {
                no_log(&why);
                State::Off
            }
        }
    }
}

fn no_log(why: &str) {
    terminal::remark(&format!(
        "note: there is no log of this run: {why}; TERRARIUM_LOG_DIR names another folder, or `none`\n"
    ));
}

/// A command on a node, from its beginning to its end.
pub(crate) struct Asked<'a> {
    node: &'a str,
    label: &'a str,
    begun: Instant,
}

impl<'a> Asked<'a> {
    /// It is sent now. What it reads is not logged, since secrets are in it.
    pub(crate) fn of(node: &'a str, command: &'a Command) -> Self {
        let user = if command.root { " (as root)" } else { "" };
        line(node, &format!("> {}{user}", command.label));
        Self { node, label: &command.label, begun: Instant::now() }
    }

    /// It has ended. What it printed is not logged, since secrets may be in it.
    pub(crate) fn ended<E: std::fmt::Display>(&self, result: &Result<Output, E>) {
        let Self { node, label, begun } = self;
        let took = begun.elapsed().as_secs_f64();
        let how = match result {
            Ok(output) => {
                let complaint = tail(&output.stderr.message());
                let below = if complaint.is_empty() { "" } else { "\n" };
                format!("status {}{below}{complaint}", output.status)
            }
            Err(error) => error.to_string(),
        };
        line(node, &format!("< {label}, {took:.1} s: {how}"));
    }
}

/// The end of a text: so many lines, so many bytes.
fn tail(text: &str) -> String {
    let from = text.ceil_char_boundary(text.len().saturating_sub(TAIL_BYTES));
    let lines: Vec<&str> = text[from..].lines().collect();
    let cut = lines.len().saturating_sub(TAIL_LINES);
    let mark = if from > 0 || cut > 0 { "…\n" } else { "" };
    format!("{mark}{}", lines[cut..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_what_belongs_to_it_is_indented() {
        let text = laid_out("T", "pi-1", "failed\nforged: line\u{1b}[2J\n");
        assert_eq!(text, "T pi-1     failed\n    forged: line\\u{1b}[2J\n");
    }

    #[test]
    fn of_a_long_complaint_the_end_is_kept() {
        assert_eq!(tail("one\ntwo"), "one\ntwo");
        let long: Vec<String> = (0..30).map(|line| line.to_string()).collect();
        assert_eq!(tail(&long.join("\n")), format!("…\n{}", long[10..].join("\n")));
        let wide = tail(&"ä".repeat(10_000));
        assert!(wide.len() < TAIL_BYTES + 8 && wide.starts_with('…'));
        assert_eq!(tail(""), "");
    }
}
