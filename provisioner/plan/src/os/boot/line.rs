//! The kernel's command line, as the kernel splits it, in the file the firmware
//! takes it from. Nothing is rewritten: words are put in, all other bytes stay.

use std::ops::Range;

use crate::bytes::lines;

/// What arm64 takes of a line, less what the firmware and we put to it.
const LONGEST: usize = 2047 - 512 - 64;

/// Why nothing may be put into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no line in it but comments.
    Empty,
    /// A line before the one with words is blank or a comment, and the running
    /// kernel does not show which of them the firmware read.
    NotFirst(usize),
    /// The line has no `root=`.
    NoRoot(usize),
    /// The line has a NUL, where it ends for the kernel.
    Nul(usize),
    /// A quote of the line has no end.
    Quote(usize),
    /// With more words the line would be too long.
    Long(usize),
}

/// The place of a line in a file, and its number from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) range: Range<usize>,
    pub(crate) number: usize,
}

impl Line {
    pub(crate) fn of<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        file.get(self.range.clone()).unwrap_or_default()
    }
}

/// The first line that is neither blank nor a comment.
pub(crate) fn first(file: &[u8]) -> Option<Line> {
    let mut at = 0;
    for (bytes, number) in lines(file).zip(1..) {
        let end = bytes.strip_suffix(b"\n").unwrap_or(bytes).len();
        if !blank(bytes) && !bytes.trim_ascii_start().starts_with(b"#") {
            return Some(Line { range: at..at + end, number });
        }
        at += bytes.len();
    }
    None
}

/// The line the firmware reads, if something may be put into it. The first line is
/// it, or is nobody's: there the running kernel's own line must show that another
/// was read.
pub(crate) fn fit(file: &[u8], running: &str) -> Result<Line, Unfit> {
    let line = first(file).ok_or(Unfit::Empty)?;
    let (bytes, number) = (line.of(file), line.number);
    if bytes.contains(&0) {
        return Err(Unfit::Nul(number));
    }
    if bytes.split(|byte| *byte == b'"').count() % 2 == 0 {
        return Err(Unfit::Quote(number));
    }
    if !words(bytes).iter().any(|word| rooted(word)) {
        return Err(Unfit::NoRoot(number));
    }
    if number > 1 && !was_read(bytes, running) {
        return Err(Unfit::NotFirst(number));
    }
    if bytes.len() > LONGEST {
        return Err(Unfit::Long(number));
    }
    Ok(line)
}

/// `root=` with something behind it.
pub(crate) fn rooted(word: &[u8]) -> bool {
    word.strip_prefix(b"root=").is_some_and(|root| !root.is_empty())
}

/// The running kernel was started with these words, in this order. The firmware
/// puts its own before them, and the name of a device for `serial0`.
fn was_read(line: &[u8], running: &str) -> bool {
    let mut rest = words(running.as_bytes()).into_iter();
    words(line)
        .iter()
        .filter(|word| !word.starts_with(b"console=serial"))
        .all(|word| rest.any(|other| other == *word))
}

/// The file with these words on that line. They go to its end, or before `--`:
/// what follows that is not for the kernel.
pub(crate) fn with(file: &[u8], line: &Line, wanted: &[&str]) -> Vec<u8> {
    let bytes = line.of(file);
    let ours = wanted.join(" ");
    let end = spans(bytes).find(|span| is_end(&plain(&bytes[span.clone()])));
    let (at, ours) = match end {
        Some(end) => (end.start, format!("{ours} ")),
        None => (bytes.trim_ascii_end().len(), format!(" {ours}")),
    };
    let (before, after) = file.split_at(line.range.start + at);
    [before, ours.as_bytes(), after].concat()
}

/// The words that the kernel takes for its own, without their quotes.
pub(crate) fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
    spans(line).map(|span| plain(&line[span])).take_while(|word| !is_end(word)).collect()
}

fn plain(word: &[u8]) -> Vec<u8> {
    word.iter().copied().filter(|byte| *byte != b'"').collect()
}

fn is_end(word: &[u8]) -> bool {
    word == b"--"
}

/// Where the words are: between spaces that are not in quotes.
fn spans(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].iter().position(|byte| !space(*byte))?;
        let mut quoted = false;
        let inside = |byte: &u8| {
            quoted ^= *byte == b'"';
            quoted || !space(*byte)
        };
        at = start + line[start..].iter().copied().take_while(inside).count();
        Some(start..at)
    })
}

/// As the kernel sees it: the last is a space that does not break in Latin-1.
fn space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d | 0xa0)
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(|byte| space(*byte))
}
