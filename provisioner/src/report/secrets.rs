//! What must not be printed, and how it is found in a text.
//!
//! A node that was given a password can say it again, whole or in pieces, in an
//! encoding or with something between its letters. So texts and secrets are
//! compared by their letters alone: white space, quotes, backslashes, hidden
//! characters and escape sequences are left out of both. That makes the forms
//! of a shell's quoting and of JSON equal to the text itself. Base64, hex, percent
//! encoding and HTML are looked for besides. Half of a long secret is hidden even
//! when the rest is not there: it may have been cut. A short one, as people choose
//! them, is looked for whole: a part of `raspberry` is in every second line.
//!
//! One list for the process, since the process has one standard output.

mod forms;
mod letters;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use letters::{Letters, Sequences};

/// What is printed in a secret's place.
const STAND_IN: &str = "[secret]";
/// A secret of fewer letters is not looked for: every other word would have it,
/// and what is missing would tell it.
pub(crate) const LEAST: usize = 4;
/// Of a secret with so many letters a part is enough.
const LONG: usize = 16;
/// So many letters in a row give a long secret away.
const RUN_MAX: usize = 16;

static KNOWN: Mutex<Known> = Mutex::new(Known::new());

/// Secrets as they are looked for: runs of letters by their length.
#[derive(Default)]
struct Known {
    runs: BTreeMap<usize, HashSet<Vec<char>>>,
}

/// From now on this text is printed nowhere but by [`super::terminal::reveal`].
/// Says whether it is long enough for that.
pub(crate) fn hide(secret: &str) -> bool {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).add(secret)
}

/// The text without the secrets of this run.
pub(crate) fn masked(text: &str) -> String {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).mask(text)
}

impl Known {
    const fn new() -> Self {
        Self { runs: BTreeMap::new() }
    }

    fn add(&mut self, secret: &str) -> bool {
        if letters::of(secret).len() < LEAST {
            return false;
        }
        for form in forms::of(secret) {
            let form = letters::of(&form);
            if form.len() < LEAST {
                continue;
            }
            let run = if form.len() < LONG { form.len() } else { (form.len() / 2).min(RUN_MAX) };
            let runs = self.runs.entry(run).or_default();
            runs.extend(form.windows(run).map(<[char]>::to_vec));
        }
        true
    }

    fn mask(&self, text: &str) -> String {
        if self.runs.is_empty() {
            return text.to_owned();
        }
        let mut found = self.places(&Letters::of(text, Sequences::Skip));
        found.extend(self.places(&Letters::of(text, Sequences::Read)));
        found.sort_by_key(|place| (place.start, place.end));
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for Range { start, end } in found {
            if start >= copied {
                out.push_str(&text[copied..start]);
                out.push_str(STAND_IN);
            }
            copied = copied.max(end);
        }
        out.push_str(&text[copied..]);
        out
    }

    /// Where secrets are, from the first letter to the last.
    fn places(&self, Letters { letters, places }: &Letters) -> Vec<Range<usize>> {
        let mut hidden = vec![false; letters.len()];
        for (run, known) in &self.runs {
            for (at, window) in letters.windows(*run).enumerate() {
                if known.contains(window) {
                    hidden[at..at + run].fill(true);
                }
            }
        }
        let mut found = Vec::new();
        for chunk in places.iter().zip(&hidden).collect::<Vec<_>>().chunk_by(|a, b| a.1 == b.1) {
            if let [(first, true), ..] = chunk
                && let Some((last, _)) = chunk.last()
            {
                found.push(first.start..last.end);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
