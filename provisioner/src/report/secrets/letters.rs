//! A text by its letters alone, each with its place.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use terrarium_untrusted::is_hidden;

const ESCAPE: char = '\u{1b}';

/// What is compared, and where in the text it is.
pub(super) struct Letters {
    pub(super) letters: Vec<char>,
    pub(super) places: Vec<Range<usize>>,
}

/// The letters of a secret.
pub(super) fn of(secret: &str) -> Vec<char> {
    Letters::of(secret, Sequences::Read).letters
}

/// What becomes of control sequences, `ESC [ … letter`. A node may put them
/// between the letters of a secret, or have a secret's letters end one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequences {
    Read,
    Skip,
}

impl Letters {
    pub(super) fn of(text: &str, sequences: Sequences) -> Self {
        let mut found = Self { letters: Vec::new(), places: Vec::new() };
        let mut rest = text.char_indices().peekable();
        while let Some((at, letter)) = rest.next() {
            if letter == ESCAPE && sequences == Sequences::Skip {
                skip_sequence(&mut rest);
            } else if !is_between(letter) {
                found.letters.push(letter);
                found.places.push(at..at + letter.len_utf8());
            }
        }
        found
    }
}

/// What may stand between the letters of a secret without changing how it reads.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || is_hidden(letter) || matches!(letter, '"' | '\'' | '\\')
}

/// Skips what follows an escape character: of a control sequence everything up
/// to its final letter. Other sequences have text in them and are read as such.
fn skip_sequence(rest: &mut Peekable<CharIndices<'_>>) {
    if rest.next_if(|(_, letter)| *letter == '[').is_some() {
        while rest.next_if(|(_, letter)| ('\u{20}'..='\u{3f}').contains(letter)).is_some() {}
        let _ = rest.next_if(|(_, letter)| ('\u{40}'..='\u{7e}').contains(letter));
    }
}
