//! The only place that prints outside the event stream, and the sink of both:
//! [`shown`] makes of any text one that can be printed. Documents go to
//! standard output, errors to standard error; both fit 80 columns where the
//! content allows it.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use terrarium_untrusted::visible;

use super::columns::{self, broken};
use super::json;
use super::look::Look;
use super::secrets::masked;
use crate::error::Failure;
use crate::log;

/// Whether errors are read by a person at a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Columns of the terminal that errors, else documents, are read at.
pub(crate) fn columns() -> Option<usize> {
    columns_of(&std::io::stderr()).or_else(|| columns_of(&std::io::stdout()))
}

fn columns_of(stream: &impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Whether documents are read by a person at a terminal.
pub(crate) fn output_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How text is shown: without the secrets of this run, and with everything
/// written out that a terminal would act on. All that is printed passes here.
pub(crate) fn shown(text: &str) -> String {
    Look::get().letters(visible(&masked(text)).into_owned())
}

/// Prints text.
pub(crate) fn text(text: &str) {
    out(&fitted(shown(text), &std::io::stdout()));
}

/// Prints what may be taken over into a file: its lines stay as they are.
pub(crate) fn verbatim(text: &str) {
    out(&shown(text));
}

/// On a terminal, lines that are wider than it are broken between words: it would
/// break them anywhere. What goes into a file or a pipe stays as it is.
fn fitted(text: String, stream: &(impl IsTerminal + AsFd)) -> String {
    if !stream.is_terminal() {
        return text;
    }
    let columns = columns_of(stream).map_or(Look::get().width, |seen| seen.max(Look::get().width));
    broken(&text, columns)
}

/// Prints text in colours of ours. Whatever of it is not ours was made visible
/// before it was coloured.
pub(crate) fn coloured(text: &str) {
    out(&painted(text));
}

/// Prints passwords that were asked for; the only way to.
pub(crate) fn reveal(text: &str) {
    out(&visible(text));
}

/// Prints what a shell is to read: all of it is ours, and no letter of it changes.
pub(crate) fn program(text: &str) {
    out(text);
}

/// Prints remarks for people.
pub(crate) fn remark(text: &str) {
    err(&fitted(shown(text), &std::io::stderr()));
}

/// Prints remarks in colours of ours; see [`coloured`].
pub(crate) fn coloured_remark(text: &str) {
    err(&painted(text));
}

fn out(text: &str) {
    // A reader that went away has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn err(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// As [`shown`], but with colours, bold and underlined text. What hides text,
/// lets it blink or turns its colours round stays written out.
fn painted(text: &str) -> String {
    let text = masked(text);
    let mut done = String::new();
    let mut rest = text.as_str();
    while let Some((before, tail)) = rest.split_once("\u{1b}[") {
        done.push_str(&visible(before));
        let codes = tail.split_once('m').map(|(codes, _)| codes).filter(|codes| is_colour(codes));
        if let Some(codes) = codes {
            done.push_str("\u{1b}[");
            done.push_str(codes);
            done.push('m');
        } else {
            done.push_str(&visible("\u{1b}["));
        }
        rest = &tail[codes.map_or(0, |codes| codes.len() + 1)..];
    }
    done.push_str(&visible(rest));
    Look::get().letters(done)
}

/// Whether the numbers of a sequence set a colour, bold, underlined, or take
/// such back.
fn is_colour(codes: &str) -> bool {
    let numbers: Vec<&str> = codes.split(';').collect();
    let harmless = |code: &str| !["5", "6", "7", "8"].contains(&code);
    codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')
        && (numbers[0] == "38" || numbers.iter().all(|code| harmless(code)))
}

/// Prints one line.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// Whether a document was printed, or the last line of a stream: who reads it gets
/// no other.
static TOLD: AtomicBool = AtomicBool::new(false);

fn document(text: &str) {
    TOLD.store(true, Ordering::Relaxed);
    out(&format!("{text}\n"));
}

/// Prints a document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    self::document(&json::pretty(document).map_err(no_json)?);
    Ok(())
}

/// A document as it is printed.
pub(crate) fn pretty(document: &impl Serialize) -> Result<String, Failure> {
    Ok(json::pretty(document).map_err(no_json)? + "\n")
}

/// Prints a failure for programs, on one line, where nothing else was printed for
/// them: the last line of a stream, or the one document.
pub(crate) fn failure_json(failure: &Failure) {
    if !TOLD.load(Ordering::Relaxed)
        && let Ok(text) = json::compact(&failure.to_json(log::path().as_deref()))
    {
        document(&text);
    }
}

/// Prints a document on one line, as the last of a stream.
pub(crate) fn json_line(document: &impl Serialize) -> Result<(), Failure> {
    self::document(&json::compact(document).map_err(no_json)?);
    Ok(())
}

/// Prints a document with passwords that were asked for.
pub(crate) fn reveal_json(document: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(document).map_err(no_json)?;
    self::document(&json::escaped(&json));
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn no_json(error: serde_json::Error) -> Failure {
    Failure::internal("cannot write JSON", &error)
}

/// Prints the one error a run may end with: headline, causes, hint.
pub(crate) fn failure(failure: &Failure) {
    if let Some(problems) = &failure.problems {
        coloured_remark(&problems.render(Look::get().style(is_terminal())));
    }
    let mut text = format!("{}\n", wrapped("error: ", &failure.what));
    for cause in &failure.causes {
        // What a node or helm said keeps its own lines.
        let _ = writeln!(text, "  caused by: {}", cause.replace('\n', "\n    "));
    }
    if let Some(hint) = &failure.hint {
        let _ = writeln!(text, "{}", wrapped("hint: ", hint));
    }
    remark(&text);
}

/// `1 change`, `2 changes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A text behind a label, its further lines indented by the label's width.
/// Broken at spaces only: paths, digests and addresses stay whole. Where a narrow
/// terminal leaves too little room behind the label, the text is below it.
pub(crate) fn wrapped(label: &str, text: &str) -> String {
    columns::wrapped(label, text, Look::get().width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_pass_and_what_hides_text_does_not() {
        for (text, expected) in [
            ("\u{1b}[1;31ma\u{1b}[0m", "\u{1b}[1;31ma\u{1b}[0m"),
            ("\u{1b}[38;2;8;5;7ma\u{1b}[m", "\u{1b}[38;2;8;5;7ma\u{1b}[m"),
            ("\u{1b}[8ma\u{1b}[1;5m", "\\u{1b}[8ma\\u{1b}[1;5m"),
            ("\u{1b}[2Jm\u{1b}]0;m\u{7}", "\\u{1b}[2Jm\\u{1b}]0;m\\u{7}"),
            ("\u{1b}[3", "\\u{1b}[3"),
        ] {
            assert_eq!(painted(text), expected);
        }
    }
}
