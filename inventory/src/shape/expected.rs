//! What one place of the schema allows, read from JSON Schema.

use serde_json::Value;

/// A place of the schema. Only what our own types generate is understood.
#[derive(Clone, Copy)]
pub(super) struct Expected<'s>(&'s Value);

impl<'s> Expected<'s> {
    pub(super) fn of(schema: &'s Value) -> Self {
        Self(schema)
    }

    fn types(self) -> impl Iterator<Item = &'s str> {
        let list = match &self.0["type"] {
            Value::Array(names) => names.as_slice(),
            name => std::slice::from_ref(name),
        };
        list.iter().filter_map(Value::as_str)
    }

    /// The alternatives, the place itself when there is only one.
    pub(super) fn alternatives(self) -> Vec<Self> {
        match &self.0["anyOf"] {
            Value::Array(choices) => choices.iter().map(Self::of).collect(),
            _ => vec![self],
        }
    }

    /// Whether anything may stand here.
    pub(super) fn is_anything(self) -> bool {
        self.types().next().is_none() && self.0["anyOf"].is_null() && self.words().is_empty()
    }

    /// Whether a value of that JSON type may stand here.
    pub(super) fn allows(self, name: &str) -> bool {
        self.types().any(|own| own == name) || (name == "string" && !self.words().is_empty())
    }

    pub(super) fn is_table(self) -> bool {
        self.allows("object")
    }

    /// The words one of which must stand here; empty when any text may.
    pub(super) fn words(self) -> Vec<&'s str> {
        let listed = self.0["enum"].as_array().into_iter().flatten();
        let described = self.0["oneOf"].as_array().into_iter().flatten();
        listed.chain(described.map(|choice| &choice["const"])).filter_map(Value::as_str).collect()
    }

    /// The least and the greatest integer allowed.
    pub(super) fn range(self) -> (i64, i64) {
        let bound = |key: &str| self.0[key].as_i64();
        (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX))
    }

    /// What an array's items must be.
    pub(super) fn item(self) -> Option<&'s Value> {
        self.alternatives().into_iter().find_map(|place| place.0.get("items"))
    }

    /// Whether an array needs an item.
    pub(super) fn wants_items(self) -> bool {
        self.0["minItems"].as_u64().is_some_and(|least| least > 0)
    }

    /// The keys a table must have.
    pub(super) fn required(self) -> impl Iterator<Item = &'s str> {
        self.0["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// The keys a table has by name.
    pub(super) fn keys(self) -> impl Iterator<Item = &'s str> {
        self.0["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str())
    }

    /// What must stand under `key`; `None` when there is no such key.
    pub(super) fn key(self, key: &str) -> Option<&'s Value> {
        match self.0["properties"].get(key) {
            Some(schema) => Some(schema),
            None => match &self.0["additionalProperties"] {
                Value::Bool(false) => None,
                Value::Null => Some(&Value::Null),
                schema => Some(schema),
            },
        }
    }

    /// What belongs here, in words: `a string`.
    pub(super) fn in_words(self) -> String {
        let one = |place: Self| match place.types().next() {
            Some("object") => "a table",
            Some("array") => match place.item().map(|item| Self::of(item).is_table()) {
                Some(true) => "an array of tables",
                _ => "an array of strings",
            },
            Some("integer") => "an integer",
            Some("boolean") => "`true` or `false`",
            _ => "a string",
        };
        let words: Vec<&str> = self.alternatives().into_iter().map(one).collect();
        words.join(" or ")
    }
}
