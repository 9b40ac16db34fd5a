//! Files of manifests as texts of single documents, each with the line it begins at.

use std::sync::Arc;

use serde_json::Value;

use super::ManifestError;
use crate::limit;

/// So many values may stand for others by an alias: a file of some lines can
/// stand for a million.
const REPEATED_MAX: usize = 100_000;
/// What a document may have of each thing: more than a list of a large cluster's
/// pods, and an end.
const EVENTS_MAX: usize = 100_000_000;

/// A file of manifests: its name, for messages, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// As the user named it; empty where there is none.
    pub name: &'a str,
    /// YAML or JSON.
    pub text: &'a str,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name; empty where there is none.
    pub file: Arc<str>,
    /// The line the document begins at, from 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.file.is_empty() {
            write!(f, "the document at line {}", self.line)
        } else {
            write!(f, "{}, the document at line {}", self.file, self.line)
        }
    }
}

/// The documents of a file that are not empty.
pub(super) fn documents(file: &File<'_>) -> Result<Vec<(Place, Value)>, ManifestError> {
    let name: Arc<str> = file.name.into();
    let mut found = Vec::new();
    for (line, text) in parts(file.text.strip_prefix('\u{feff}').unwrap_or(file.text)) {
        limit::check();
        let place = Place { file: Arc::clone(&name), line };
        let value = parse(text).map_err(|(below, why)| ManifestError::Syntax {
            file: Arc::clone(&name),
            line: line + below,
            why,
        })?;
        if !value.is_null() {
            found.push((place, value));
        }
    }
    Ok(found)
}

/// A text cut before each line that begins a document, with the number of the line.
/// Nothing inside of a document begins so: YAML takes the marker even there.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut begun, mut from, mut at) = (1, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let marker = line.strip_prefix("---").is_some_and(|rest| {
            rest.trim_end_matches(['\r', '\n']).is_empty() || rest.starts_with([' ', '\t'])
        });
        if marker && at > from {
            parts.push((begun, &text[from..at]));
            (begun, from) = (number + 1, at);
        }
        at += line.len();
    }
    parts.push((begun, &text[from..]));
    parts
}

/// One document. On failure, the lines above the place and what is wrong there.
fn parse(text: &str) -> Result<Value, (usize, String)> {
    // `n` and `on` are names as good as any.
    let mut options = serde_saphyr::options! {
        strict_booleans: true,
        emit_comments: false,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED_MAX },
    };
    if let Some(budget) = &mut options.budget {
        budget.max_events = EVENTS_MAX;
        budget.max_nodes = EVENTS_MAX;
        budget.max_total_scalar_bytes = EVENTS_MAX;
    }
    let parsed = serde_saphyr::from_str_with_options(text, options);
    // JSON texts may follow each other without a word between them.
    if parsed.is_err() && text.trim_start().starts_with('{') {
        let each = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        if let Ok(all) = each.collect::<Result<Vec<_>, _>>() {
            return Ok(Value::Array(all));
        }
    }
    parsed.map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let below = usize::try_from(line).unwrap_or(1).saturating_sub(1);
        (below, plain(&error.without_snippet().to_string()))
    })
}

/// The parser's words without advice for programmers and without its own place.
fn plain(said: &str) -> String {
    let first = said.lines().next().unwrap_or_default();
    let first = first.split(", set ").next().unwrap_or(first);
    // The place is told in the lines of the file.
    let first = first.split(" at line ").next().unwrap_or(first);
    let known = [
        ("duplicate", "a key is there twice"),
        ("rejected by the configured policy", "a key is there twice"),
        ("budget", "it is larger, or repeats itself more often, than a cluster's manifests do"),
        ("alias", "it repeats itself by aliases more often than manifests do"),
    ];
    let lower = first.to_lowercase();
    let key = first.split('`').nth(1).filter(|_| lower.contains("duplicate"));
    match known.iter().find(|(word, _)| lower.contains(word)) {
        Some((_, plain)) => {
            key.map_or_else(|| (*plain).to_owned(), |key| format!("{plain}: `{key}`"))
        }
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_their_markers_and_know_their_lines() {
        let text = "a: 1\n---\nb: |\n  --- not one\n  text\n--- # c\nc: 3\n---\n---\nd: 4";
        let cut: Vec<usize> = parts(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(cut, [1, 2, 6, 8, 9]);
        let found = documents(&File { name: "f.yaml", text }).unwrap();
        let lines: Vec<usize> = found.iter().map(|(place, _)| place.line).collect();
        assert_eq!(lines, [1, 2, 6, 9]);
        assert_eq!(found[1].1["b"], "--- not one\ntext\n");
        assert_eq!(found[0].0.to_string(), "f.yaml, the document at line 1");
    }

    #[test]
    fn a_mark_of_byte_order_and_line_ends_of_windows_are_nothing() {
        let text = "\u{feff}a: 1\r\n---\r\nb: 2\r\n";
        let found = documents(&File { name: "", text }).unwrap();
        assert_eq!((found.len(), &found[1].1["b"]), (2, &Value::from(2)));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_line_of_the_file_and_in_plain_words() {
        for (text, line, says) in [
            ("a: 1\n---\nb: [1, 2\nc: 3\n", 4, ""),
            ("a: 1\n---\nb: 1\nb: 2\n", 4, "a key is there twice"),
        ] {
            let error = documents(&File { name: "f.yaml", text }).unwrap_err();
            let ManifestError::Syntax { line: at, why, .. } = &error else { panic!("{error}") };
            assert!(*at >= line - 1 && why.contains(says), "{error}");
            assert!(error.to_string().starts_with("f.yaml line "), "{error}");
            assert!(!error.to_string().contains("Options"), "{error}");
        }
    }

    #[test]
    fn many_lines_of_comments_and_many_documents_are_ordinary() {
        let comments = "# a comment\n".repeat(200);
        let text = format!("a:\n{comments}  b: 1\n");
        assert_eq!(documents(&File { name: "", text: &text }).unwrap()[0].1["a"]["b"], 1);
        let many = "a: 1\n---\n".repeat(5000);
        assert_eq!(documents(&File { name: "", text: &many }).unwrap().len(), 5000);
    }
}
