//! A mapping of the file, from which keys are taken until none is left.

use std::path::{Path, PathBuf};

use super::WebError;
use super::yaml::{self, Entry, Fault, Node};

/// A mapping, and where it is.
#[derive(Debug)]
pub(super) struct Section<'p> {
    path: &'p Path,
    /// Where it begins; what is missing is missing there.
    pub(super) line: usize,
    /// The keys above it, each with its dot.
    above: String,
    entries: Vec<Entry>,
}

impl<'p> Section<'p> {
    /// The whole file.
    pub(super) fn read(path: &'p Path, text: &str) -> Result<Self, WebError> {
        let node = yaml::read(text).map_err(|Fault { line, said }| WebError::Malformed {
            path: path.to_owned(),
            line,
            said,
        })?;
        let top = Self { path, line: 1, above: String::new(), entries: Vec::new() };
        top.inner(Entry { line: 1, key: String::new(), value: node })
    }

    /// Takes a key.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.swap_remove(at)).filter(|entry| entry.value != Node::Nothing)
    }

    /// The mapping that an entry of this one is.
    pub(super) fn inner(&self, entry: Entry) -> Result<Section<'p>, WebError> {
        let entries = match entry.value {
            Node::Nothing => Vec::new(),
            Node::Mapping(entries) => entries,
            Node::Scalar(_) | Node::Sequence => {
                return Err(self.unknown(entry.line, &entry.key, "keys and values"));
            }
        };
        let dot = if entry.key.is_empty() { "" } else { "." };
        let above = format!("{}{}{dot}", self.above, entry.key);
        Ok(Section { path: self.path, line: entry.line, above, entries })
    }

    /// Takes a mapping, an empty one where there is none.
    pub(super) fn section(&mut self, key: &str) -> Result<Section<'p>, WebError> {
        let nothing = || Entry { line: 0, key: key.to_owned(), value: Node::Nothing };
        let entry = self.take(key).unwrap_or_else(nothing);
        self.inner(entry)
    }

    /// Takes a word, and the line it is in.
    pub(super) fn word(&mut self, key: &str) -> Result<Option<(usize, String)>, WebError> {
        let Some(Entry { line, value, .. }) = self.take(key) else { return Ok(None) };
        match value {
            Node::Scalar(word) => Ok(Some((line, word))),
            _ => Err(self.unknown(line, key, "a single value")),
        }
    }

    /// Takes a path, relative to the file's folder; an empty one is none.
    pub(super) fn file(&mut self, key: &str) -> Result<Option<PathBuf>, WebError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Ok(self.word(key)?.filter(|(_, file)| !file.is_empty()).map(|(_, file)| folder.join(file)))
    }

    /// Whether nothing was said, or nothing but empty words.
    pub(super) fn is_empty(&self) -> bool {
        let empty = |node: &Node| match node {
            Node::Nothing => true,
            Node::Scalar(word) => word.is_empty(),
            Node::Mapping(_) | Node::Sequence => false,
        };
        self.entries.iter().all(|entry| empty(&entry.value))
    }

    /// All of it, as lines, names and words.
    pub(super) fn words(&self) -> Result<Vec<(usize, String, String)>, WebError> {
        let word = |entry: &Entry| match &entry.value {
            Node::Scalar(word) => Ok((entry.line, entry.key.clone(), word.clone())),
            _ => Err(self.unknown(entry.line, &entry.key, "a single value")),
        };
        self.entries.iter().map(word).collect()
    }

    /// Refuses a key of the format that the agent has nothing for.
    pub(super) fn unsupported(&mut self, key: &str, why: &'static str) -> Result<(), WebError> {
        self.take(key).map_or(Ok(()), |_| Err(self.unsupports(key, why)))
    }

    pub(super) fn unsupports(&self, key: &str, why: &'static str) -> WebError {
        let key = format!("{}{key}", self.above);
        WebError::Unsupported { path: self.path.to_owned(), key, why }
    }

    /// Refuses what was not taken; `expected` are the keys there are.
    pub(super) fn end(&self, expected: &'static str) -> Result<(), WebError> {
        match self.entries.first() {
            None => Ok(()),
            Some(entry) => Err(self.unknown(entry.line, &entry.key, expected)),
        }
    }

    /// A key that does not belong there, or not with such a value.
    pub(super) fn unknown(&self, line: usize, key: &str, expected: &'static str) -> WebError {
        let (path, key) = (self.path.to_owned(), format!("{}{key}", self.above));
        WebError::Key { path, line, key, expected }
    }

    /// A value that its key cannot have.
    pub(super) fn value(
        &self,
        line: usize,
        key: &str,
        given: impl Into<String>,
        expected: &'static str,
    ) -> WebError {
        let (path, key) = (self.path.to_owned(), format!("{}{key}", self.above));
        WebError::Value { path, line, key, given: given.into(), expected }
    }
}
