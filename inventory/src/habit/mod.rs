//! What people write who come from other files: where TOML's parser stops, the
//! line is looked at again for what was meant.

mod file;
mod line;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use toml::de::{DeTable, Error};

use crate::mask::mask;
use crate::problem::Problem;
use crate::words::quote;

/// So often a mended file is read again; one slip may hide the next.
const READINGS: usize = 50;

/// One problem for each line that is no TOML; one for all of it where the file is
/// of another kind.
pub(crate) fn syntax(text: &str, errors: &[Error]) -> Vec<Problem> {
    if let Some(problem) = file::whole(text) {
        return vec![problem];
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut problems: BTreeMap<usize, Problem> = BTreeMap::new();
    let mut mended = false;
    let mut working: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for error in errors {
        let (number, span) = place(text, error);
        let line = lines.get(number).copied().unwrap_or_default();
        // One slip makes the parser stumble more than once.
        if problems.contains_key(&number) {
            continue;
        }
        let repair = line::repaired(line);
        if let Some(repair) = &repair {
            mended = true;
            working[number].clone_from(&repair.better);
        }
        problems.insert(number, problem(span, repair, error));
    }
    // What the parser did not come to for what stands before it.
    for _ in 0..READINGS {
        let text = working.join("\n");
        let (_, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() || !mended {
            break;
        }
        mended = false;
        for error in &errors {
            let (number, _) = place(&text, error);
            let Some(repair) = lines.get(number).and_then(|line| line::repaired(line)) else {
                continue;
            };
            if let Entry::Vacant(place) = problems.entry(number) {
                mended = true;
                working[number].clone_from(&repair.better);
                place.insert(problem(whole_line(&lines, number), Some(repair), error));
            }
        }
    }
    problems.into_values().collect()
}

/// The line of an error, from 0, and its bytes.
fn place(text: &str, error: &Error) -> (usize, Range<usize>) {
    let span = error.span().unwrap_or(0..0);
    let start = text.floor_char_boundary(span.start.min(text.len()));
    (text[..start].matches('\n').count(), span)
}

/// The bytes of a line, without what is blank around it.
fn whole_line(lines: &[&str], number: usize) -> Range<usize> {
    let before: usize = lines[..number].iter().map(|line| line.len() + 1).sum();
    let line = lines[number];
    let start = before + line.len() - line.trim_start().len();
    start..start + line.trim().len()
}

fn problem(span: Range<usize>, repair: Option<line::Repair>, error: &Error) -> Problem {
    if let Some(line::Repair { why, better }) = repair {
        return Problem::new("inventory::syntax", format!("not valid TOML: {why}"))
            .at(span, "here")
            // The line may be the one with a password.
            .help(format!("write {}", whole(&mask(&better))));
    }
    let help = if error.message().contains("duplicate") {
        "a key stands once in its table, and a table once in the file: take one of the two out, \
         or, where it is another Pi, begin it with `[[node]]`"
    } else {
        "a line is `key = value` with texts in straight quotes, `[table]` or `[[node]]`, or a \
         comment after `#`; `provision init` writes a file to begin with"
    };
    Problem::new("inventory::syntax", format!("not valid TOML: {}", error.message()))
        .at(span, "here")
        .help(help)
}

/// A line to write in backticks: whole where it is not very long.
fn whole(line: &str) -> String {
    if line.chars().count() <= 160 { format!("`{line}`") } else { quote(line) }
}
