//! Patterns for folders: `*`, `?` and `[a-z]` within each part of a path.

use std::path::{Component, Path, PathBuf};

use regex_lite::Regex;

/// Folders that one pattern may name.
const MOST: usize = 1000;

/// The folders that a pattern names, sorted. One that matches nothing is taken
/// for the folder's name as it is.
pub(super) fn folders(named: &Path) -> Vec<PathBuf> {
    if !named.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[\\".contains(byte)) {
        return vec![named.to_owned()];
    }
    let mut found = vec![PathBuf::new()];
    for part in named.components() {
        found = match part {
            Component::Normal(part) => match part.to_str().and_then(pattern) {
                Some(pattern) => found.iter().flat_map(|at| matching(at, &pattern)).collect(),
                None => found.into_iter().map(|at| at.join(part)).collect(),
            },
            other => found.into_iter().map(|at| at.join(other)).collect(),
        };
        found.truncate(MOST);
    }
    found.retain(|folder| folder.exists());
    if found.is_empty() { vec![named.to_owned()] } else { found }
}

/// What is in a folder and matches, sorted.
fn matching(folder: &Path, pattern: &Regex) -> Vec<PathBuf> {
    let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = super::super::entries(at).unwrap_or_default().into_iter();
    names.filter(|name| pattern.is_match(name)).map(|name| folder.join(name)).collect()
}

/// The expression for one part of a path; none if there is nothing special in
/// it, or it is no pattern.
fn pattern(part: &str) -> Option<Regex> {
    if !part.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let mut expression = String::from("^(?s:");
    let mut letters = part.chars();
    let mut class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => quote(letters.next()?, &mut expression),
            ']' if class => {
                class = false;
                expression.push(']');
            }
            '^' | '-' if class => expression.push(letter),
            '[' if !class => {
                class = true;
                expression.push('[');
            }
            '*' if !class => expression.push_str(".*"),
            '?' if !class => expression.push('.'),
            plain => quote(plain, &mut expression),
        }
    }
    expression.push_str(")$");
    Regex::new(&expression).ok()
}

fn quote(letter: char, expression: &mut String) {
    if letter.is_ascii_punctuation() {
        expression.push('\\');
    }
    expression.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_the_folders_that_are_there() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a/one", "a/two", "b/one", "b/x[1]", "c.d"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
        }
        for (named, expected) in [
            ("a/*", &["a/one", "a/two"][..]),
            ("*/one", &["a/one", "b/one"]),
            ("?/t*", &["a/two"]),
            ("[b-z]/one", &["b/one"]),
            ("[^b]/one", &["a/one"]),
            ("b/x\\[1\\]", &["b/x[1]"]),
            ("b/x[1]", &["b/x[1]"]),
            ("c.*", &["c.d"]),
            ("c?e", &["c?e"]),
            ("nothing/*/here", &["nothing/*/here"]),
        ] {
            let expected: Vec<PathBuf> =
                expected.iter().map(|name| root.path().join(name)).collect();
            assert_eq!(folders(&root.path().join(named)), expected, "{named}");
        }
        assert_eq!(folders(Path::new("/pro?")), [Path::new("/proc")]);
    }
}
