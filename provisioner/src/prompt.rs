//! Questions to the operator, on the terminal the program was started from.
//!
//! The terminal gets its echo back on every way out: an answer, an error, a
//! panic, Ctrl-C, a signal, Ctrl-Z. A question ends within a moment of the
//! run's [`Cancel`].

mod tty;

use std::sync::{Mutex, PoisonError};

use terrarium_ssh::Secret;

use crate::cancel::{Cancel, interrupted};
use crate::error::{Code, Failure};
use crate::password;
use crate::report::terminal;

pub(crate) use tty::restore;

/// One question at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// What one gets to read from a terminal.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Ctrl-D, or the terminal's end.
    End,
    /// The run is to end.
    Cancelled,
}

/// Whether there is anybody to ask: standard input is a terminal, and it is ours.
pub(crate) fn is_possible() -> bool {
    tty::Tty::open().is_ok()
}

/// Asks for a password, which is not shown as it is typed. An empty line and the
/// end of input are no password.
pub(crate) fn password(question: &str, cancel: &Cancel) -> Result<Secret, Failure> {
    let none = || {
        Failure::plain(Code::Usage, "no password was given, and nothing was sent to any node").hint(
            Some(
                "type it at the question, or set TERRARIUM_PASSWORD, or `password_file` in [ssh]; \
                 where neither login nor sudo want one, leave --ask-password out"
                    .to_owned(),
            ),
        )
    };
    match ask(question, false, cancel)? {
        Answer::Line(line) if line.is_empty() => Err(none()),
        Answer::Line(line) => password::read(line, "the password that was typed"),
        Answer::End => Err(none()),
        Answer::Cancelled => Err(interrupted()),
    }
}

/// Asks for a key's passphrase, which is not shown; `None` for an empty line and the
/// end of input: the key is then left out.
pub(crate) fn passphrase(question: &str, cancel: &Cancel) -> Result<Option<Secret>, Failure> {
    match ask(question, false, cancel)? {
        Answer::Line(line) if line.is_empty() => Ok(None),
        Answer::Line(line) => password::read(line, "the passphrase that was typed").map(Some),
        Answer::End => Ok(None),
        Answer::Cancelled => Err(interrupted()),
    }
}

/// Asks for a line, shown as it is typed; `None` at the end of input.
pub(crate) fn line(question: &str, cancel: &Cancel) -> Result<Option<String>, Failure> {
    match ask(question, true, cancel)? {
        Answer::Line(line) => Ok(Some(String::from_utf8_lossy(&line).trim().to_owned())),
        Answer::End => Ok(None),
        Answer::Cancelled => Err(interrupted()),
    }
}

fn ask(question: &str, echo: bool, cancel: &Cancel) -> Result<Answer, Failure> {
    let _turn = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |error: std::io::Error| {
        Failure::new(Code::Usage, format!("cannot ask for {}", subject(question)), &error)
            .hint(Some("run it on a terminal; for a password, set TERRARIUM_PASSWORD, or `password_file` in [ssh]".to_owned()))
    };
    tty::Tty::open()
        .and_then(|tty| tty.ask(&terminal::shown(question), echo, cancel))
        .map_err(failed)
}

/// What is asked for, for an error: the question's first words.
fn subject(question: &str) -> &str {
    question.trim_end_matches([':', ' ', '?'])
}
