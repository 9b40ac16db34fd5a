//! Reading a TOML table key by key, every problem kept with its line.

use std::fmt::{self, Display};
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::words::advice;

/// One thing wrong with a file of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as it was named to the reader.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What was expected and what was seen.
    pub message: String,
}

impl Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A file being read, and what was found wrong so far.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Opens `text`; a syntax error is the first problem and leaves no table.
    pub(crate) fn open(file: &'a str, text: &'a str) -> (Self, Option<Fields<'a>>) {
        let mut reader = Self { file, text, problems: Vec::new() };
        match DeTable::parse(text) {
            Ok(root) => (reader, Some(Fields { at: 0, table: root.into_inner(), known: vec![] })),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                reader.wrong(at, error.message());
                (reader, None)
            }
        }
    }

    /// Records a problem at a byte of the text.
    pub(crate) fn wrong(&mut self, at: usize, message: impl Into<String>) {
        let line = self.line(at);
        self.problems.push(Problem { file: self.file.to_owned(), line, message: message.into() });
    }

    /// The line of a byte of the text, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1
    }
}

/// One table; taking a key removes it, so that what is left at the end is
/// unknown.
pub(crate) struct Fields<'a> {
    /// Byte where the table begins.
    pub(crate) at: usize,
    table: DeTable<'a>,
    known: Vec<&'static str>,
}

/// A value with the byte it begins at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) at: usize,
    pub(crate) value: T,
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &'static str) -> Option<(Range<usize>, DeValue<'a>)> {
        self.known.push(key);
        self.table.remove(key).map(|value| (value.span(), value.into_inner()))
    }

    /// Whether the key is there, not taken yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text that may be absent.
    pub(crate) fn text(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Placed<String>> {
        let (span, value) = self.take(key)?;
        match value.as_str() {
            Some(text) if !text.trim().is_empty() => {
                Some(Placed { at: span.start, value: text.to_owned() })
            }
            Some(_) => {
                reader.wrong(span.start, format!("`{key}` is empty"));
                None
            }
            None => {
                reader.wrong(span.start, format!("`{key}` is a text, not {}", a(&value)));
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn required(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Placed<String> {
        if !self.table.contains_key(key) {
            reader.wrong(self.at, format!("`{key}` is missing"));
        }
        let nothing = Placed { at: self.at, value: String::new() };
        self.text(reader, key).unwrap_or(nothing)
    }

    /// A list of texts; empty when absent.
    pub(crate) fn texts(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Vec<Placed<String>> {
        let Some((span, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            reader.wrong(span.start, format!("`{key}` is a list of texts, not {}", a(&value)));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            let at = item.span().start;
            match item.get_ref().as_str() {
                Some(text) => texts.push(Placed { at, value: text.to_owned() }),
                None => reader
                    .wrong(at, format!("`{key}` is a list of texts, not of {}", a(item.get_ref()))),
            }
        }
        texts
    }

    /// A switch, off when absent.
    pub(crate) fn flag(&mut self, reader: &mut Reader<'_>, key: &'static str) -> bool {
        let Some((span, value)) = self.take(key) else { return false };
        value.as_bool().unwrap_or_else(|| {
            reader.wrong(span.start, format!("`{key}` is true or false, not {}", a(&value)));
            false
        })
    }

    /// A whole number that must be there, 1 at least.
    pub(crate) fn count(&mut self, reader: &mut Reader<'_>, key: &'static str) -> u32 {
        let Some((span, value)) = self.take(key) else {
            reader.wrong(self.at, format!("`{key}` is missing"));
            return 0;
        };
        match integer(&value).and_then(|number| u32::try_from(number).ok()) {
            Some(number) if number > 0 => number,
            _ => {
                reader.wrong(span.start, format!("`{key}` is a whole number from 1 on"));
                0
            }
        }
    }

    /// A table of whatever values, which may be absent.
    pub(crate) fn values(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Map<String, Value>> {
        self.table(reader, key).map(|fields| object(&fields.table))
    }

    /// Tables of whatever values by name: `[key.name]`. None when absent.
    pub(crate) fn named(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Vec<(Placed<String>, Map<String, Value>)> {
        let Some(fields) = self.table(reader, key) else { return Vec::new() };
        let named = fields.sections(reader).into_iter();
        named.map(|(name, below)| (name, object(&below.table))).collect()
    }

    /// Every key with its table; a value that is none is a problem.
    pub(crate) fn sections(self, reader: &mut Reader<'_>) -> Vec<(Placed<String>, Self)> {
        let mut sections = Vec::new();
        for (name, value) in self.table {
            let name = Placed { at: name.span().start, value: name.into_inner().into_owned() };
            if let Some(below) = Self::from_value(reader, &name.value, value) {
                sections.push((name, below));
            }
        }
        sections
    }

    /// A table that may be absent.
    pub(crate) fn table(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Self> {
        let (span, value) = self.take(key)?;
        Self::from_value(reader, key, Spanned::new(span, value))
    }

    /// An array of tables; empty when absent.
    pub(crate) fn tables(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Vec<Self> {
        match self.take(key) {
            None => Vec::new(),
            Some((_, DeValue::Array(items))) => {
                items.into_iter().filter_map(|item| Self::from_value(reader, key, item)).collect()
            }
            Some((span, _)) => {
                reader.wrong(span.start, format!("`{key}` is written `[[{key}]]`"));
                Vec::new()
            }
        }
    }

    /// Whole numbers by name, from a table that may be absent.
    pub(crate) fn numbers(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Vec<(String, Placed<i64>)> {
        let Some(fields) = self.table(reader, key) else { return Vec::new() };
        let mut numbers = Vec::new();
        for (name, value) in fields.table {
            let at = value.span().start;
            match integer(value.get_ref()) {
                Some(number) => {
                    numbers.push((name.into_inner().into_owned(), Placed { at, value: number }));
                }
                None => reader.wrong(at, format!("`{key}` holds whole numbers")),
            }
        }
        numbers
    }

    /// Reports every key nobody took.
    pub(crate) fn finish(self, reader: &mut Reader<'_>) {
        for key in self.table.keys() {
            let name = key.get_ref();
            reader.wrong(
                key.span().start,
                format!("`{name}` is unknown here: {}", advice(name, self.known.iter().copied())),
            );
        }
    }

    fn from_value(reader: &mut Reader<'_>, key: &str, value: Spanned<DeValue<'a>>) -> Option<Self> {
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(Self { at, table, known: vec![] }),
            other => {
                reader.wrong(at, format!("`{key}` is a table, not {}", a(&other)));
                None
            }
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn object(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
}

/// TOML as JSON. JSON has no dates: they become their text.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(_) => integer(value).into(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok().into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(object(table)),
    }
}

fn a(value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}
