//! Reading a TOML table key by key, every problem kept with its line.

use std::fmt;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::time;

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    file: String,
    /// From 1; `None` when the file itself cannot be read.
    line: Option<usize>,
    message: String,
}

impl Problem {
    pub(super) fn of_file(file: &str, message: &str) -> Self {
        Self { file: file.to_owned(), line: None, message: message.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file, self.message),
            None => out.write_str(&self.message),
        }
    }
}

/// The file being read, and what was found wrong so far.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Opens `text`; what is no TOML leaves no table.
    pub(super) fn open(file: &'a str, text: &'a str) -> (Self, Option<Fields<'a>>) {
        let mut reader = Self { file, text, problems: Vec::new() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.wrong(error.span().map_or(0, |span| span.start), error.message());
        }
        let fields = errors.is_empty().then(|| Fields::new(0, root.into_inner()));
        (reader, fields)
    }

    /// Records a problem at a byte of the text.
    pub(super) fn wrong(&mut self, at: usize, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: Some(before.matches('\n').count() + 1),
            message: message.into(),
        });
    }

    /// The problems in the order of the file.
    pub(super) fn sorted(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }
}

/// A value with the byte it begins at.
pub(super) struct Placed<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

/// One table. A key that is taken is removed: what is left is unknown.
pub(super) struct Fields<'a> {
    /// Byte where the table begins.
    pub(super) at: usize,
    table: DeTable<'a>,
    known: Vec<&'static str>,
    /// Whether the file has no such table, which is told once.
    absent: bool,
}

impl<'a> Fields<'a> {
    fn new(at: usize, table: DeTable<'a>) -> Self {
        Self { at, table, known: Vec::new(), absent: false }
    }

    fn take(&mut self, key: &'static str) -> Option<Placed<DeValue<'a>>> {
        self.known.push(key);
        let value: Spanned<DeValue<'a>> = self.table.remove(key)?;
        Some(Placed { at: value.span().start, value: value.into_inner() })
    }

    /// A table; empty when it is absent.
    pub(super) fn table(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        required: bool,
    ) -> Fields<'a> {
        match self.take(key) {
            Some(Placed { at, value: DeValue::Table(table) }) => Fields::new(at, table),
            Some(Placed { at, .. }) => {
                reader.wrong(at, format!("`{key}` is a table: [{key}]"));
                Fields::new(at, DeTable::new())
            }
            None => {
                if required {
                    reader.wrong(self.at, format!("[{key}] is missing"));
                }
                Fields { absent: true, ..Fields::new(self.at, DeTable::new()) }
            }
        }
    }

    /// A text that may be absent.
    pub(super) fn text(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Placed<String>> {
        let Placed { at, value } = self.take(key)?;
        match value.as_str() {
            Some(text) if !text.trim().is_empty() => Some(Placed { at, value: text.to_owned() }),
            _ => {
                reader.wrong(at, format!("`{key}` is a text, and not an empty one"));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Placed<String>> {
        if !self.table.contains_key(key) && !self.absent {
            reader.wrong(self.at, format!("`{key}` is missing"));
        }
        self.text(reader, key)
    }

    /// The address of an HTTP service, without a slash at its end.
    #[expect(clippy::unused_self, reason = "it reads as the others do")]
    pub(super) fn http(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        url: &Placed<String>,
    ) -> Option<String> {
        let rest = url.value.strip_prefix("https://").or(url.value.strip_prefix("http://"));
        let host = rest.unwrap_or_default().split('/').next().unwrap_or_default();
        // A name and password in it would end up in logs.
        if host.is_empty() || host.contains('@') || url.value.contains([' ', '?', '#']) {
            let message =
                format!("`{key}` is no address of a service: http(s)://host[:port][/path]");
            reader.wrong(url.at, message);
            return None;
        }
        Some(url.value.trim_end_matches('/').to_owned())
    }

    /// A list of texts; empty when absent.
    pub(super) fn texts(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Vec<Placed<String>> {
        let Some(Placed { at, value }) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            reader.wrong(at, format!("`{key}` is a list of texts"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            let at = item.span().start;
            match item.get_ref().as_str() {
                Some(text) => texts.push(Placed { at, value: text.to_owned() }),
                None => reader.wrong(at, format!("`{key}` is a list of texts")),
            }
        }
        texts
    }

    /// A whole number from 0 on that may be absent.
    pub(super) fn number(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<u64> {
        let Placed { at, value } = self.take(key)?;
        let number =
            value.as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        if number.is_none() {
            reader.wrong(at, format!("`{key}` is a whole number from 0 on"));
        }
        number
    }

    /// A duration, `default` when absent.
    pub(super) fn duration(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        default: Duration,
    ) -> Duration {
        let Some(text) = self.text(reader, key) else { return default };
        time::duration(&text.value).unwrap_or_else(|message| {
            reader.wrong(text.at, format!("`{key}`: {message}"));
            default
        })
    }

    /// Complains about keys that nobody took.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            let close = self
                .known
                .iter()
                .map(|known| (strsim::osa_distance(name, known), *known))
                .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
                .min();
            let advice = match close {
                Some((_, known)) => format!("did you mean `{known}`?"),
                None => format!("known are {}", self.known.join(", ")),
            };
            reader.wrong(key.span().start, format!("unknown key `{name}`; {advice}"));
        }
    }
}
