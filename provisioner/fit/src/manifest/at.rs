//! A value and the way to it, for errors that say where.

use std::collections::BTreeMap;

use serde_json::Value;
use terrarium_untrusted::{LINE_MAX, is_line};

use super::{ManifestError, Place};
use crate::quantity;

/// Stands for fields that are missing.
static NULL: Value = Value::Null;

/// A number that is written with a point or an exponent, as helm prints large ones,
/// and is whole all the same.
fn whole(value: &Value) -> Option<i64> {
    /// The largest that no rounding touches.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A place in an object.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub value: &'a Value,
    place: Place,
    object: String,
    path: String,
}

impl<'a> At<'a> {
    pub(crate) fn new(value: &'a Value, place: Place, object: String) -> Self {
        Self { value, place, object, path: String::new() }
    }

    /// The field of that name; nothing when it is missing.
    pub(crate) fn get(&self, key: &str) -> At<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        At {
            value: self.value.get(key).unwrap_or(&NULL),
            path: format!("{}{dot}{key}", self.path),
            ..self.clone()
        }
    }

    /// `Deployment/web`, or what is known of it.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    pub(crate) fn wrong(&self, problem: impl Into<String>) -> ManifestError {
        ManifestError::Field {
            place: self.place.clone(),
            object: self.object.clone(),
            field: if self.path.is_empty() { ".".to_owned() } else { self.path.clone() },
            problem: problem.into(),
        }
    }

    fn expected(&self, what: &str) -> ManifestError {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
            other => {
                let mut text = other.to_string();
                if text.len() > 60 {
                    text = text.chars().take(60).chain("…".chars()).collect();
                }
                text
            }
        };
        self.wrong(format!("expected {what}, found {found}"))
    }

    /// A text. All that are read are names, labels and words, and a cluster's
    /// come from whoever may write to it: what would not be seen is refused.
    pub(crate) fn text(&self) -> Result<&'a str, ManifestError> {
        let text = self.value.as_str().ok_or_else(|| self.expected("a text"))?;
        self.line(text)
    }

    fn line(&self, text: &'a str) -> Result<&'a str, ManifestError> {
        if is_line(text) {
            return Ok(text);
        }
        Err(self.wrong(format!("expected a line of visible characters, {LINE_MAX} bytes at most")))
    }

    pub(crate) fn text_or(&self, default: &'a str) -> Result<&'a str, ManifestError> {
        if self.is_null() { Ok(default) } else { self.text() }
    }

    pub(crate) fn flag(&self) -> Result<bool, ManifestError> {
        match self.value {
            Value::Null => Ok(false),
            // Kubernetes reads YAML of version 1.1, in which these are no texts.
            Value::String(text)
                if matches!(text.as_str(), "yes" | "Yes" | "YES" | "on" | "On" | "ON") =>
            {
                Ok(true)
            }
            Value::String(text)
                if matches!(text.as_str(), "no" | "No" | "NO" | "off" | "Off" | "OFF") =>
            {
                Ok(false)
            }
            value => value.as_bool().ok_or_else(|| self.expected("true or false")),
        }
    }

    pub(crate) fn number_or(&self, default: u64) -> Result<u64, ManifestError> {
        match self.value {
            Value::Null => Ok(default),
            value => value
                .as_u64()
                .or_else(|| whole(value).and_then(|number| u64::try_from(number).ok()))
                .ok_or_else(|| self.expected("a whole number")),
        }
    }

    pub(crate) fn integer_or(&self, default: i64) -> Result<i64, ManifestError> {
        match self.value {
            Value::Null => Ok(default),
            value => value
                .as_i64()
                .or_else(|| whole(value))
                .ok_or_else(|| self.expected("a whole number")),
        }
    }

    /// The items of a list; none when it is missing.
    pub(crate) fn items(&self) -> Result<Vec<At<'a>>, ManifestError> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, value)| At {
                    value,
                    path: format!("{}[{index}]", self.path),
                    ..self.clone()
                })
                .collect()),
            _ => Err(self.expected("a list")),
        }
    }

    /// The entries of a mapping; none when it is missing.
    pub(crate) fn entries(&self) -> Result<Vec<(&'a str, At<'a>)>, ManifestError> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Object(map) => {
                map.keys().map(|key| Ok((self.line(key)?, self.get(key)))).collect()
            }
            _ => Err(self.expected("a mapping")),
        }
    }

    /// A mapping of texts.
    pub(crate) fn texts(&self) -> Result<BTreeMap<String, String>, ManifestError> {
        let entries = self.entries()?.into_iter();
        entries.map(|(key, value)| Ok((key.to_owned(), value.text()?.to_owned()))).collect()
    }

    /// A list of texts.
    pub(crate) fn list(&self) -> Result<Vec<String>, ManifestError> {
        self.items()?.into_iter().map(|item| Ok(item.text()?.to_owned())).collect()
    }

    /// A quantity in whole units, or thousandths.
    pub(crate) fn quantity(&self, milli: bool) -> Result<u64, ManifestError> {
        let text = match self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.expected("a quantity")),
        };
        let read = if milli { quantity::milli(&text) } else { quantity::units(&text) };
        read.map_err(|error| self.wrong(error.to_string()))
    }

    /// Amounts of resources by name.
    pub(crate) fn resources(&self) -> Result<crate::model::Resources, ManifestError> {
        let mut all = crate::model::Resources::default();
        // An empty value is none to Kubernetes.
        for (name, at) in self.entries()?.into_iter().filter(|(_, at)| !at.is_null()) {
            match name {
                "cpu" => all.cpu_milli = at.quantity(true)?,
                "memory" => all.memory_bytes = at.quantity(false)?,
                "ephemeral-storage" => all.ephemeral_bytes = at.quantity(false)?,
                "pods" => all.pods = at.quantity(false)?,
                other => {
                    all.extended.insert(other.to_owned(), at.quantity(false)?);
                }
            }
        }
        Ok(all)
    }
}
