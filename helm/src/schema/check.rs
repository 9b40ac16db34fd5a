//! A value against a JSON Schema, as far as the charts' schemas go: all of what is
//! wrong, with the words that help. A word of JSON Schema that is not known here
//! allows everything; helm has the last word.

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{Part, Refused};
use crate::words::advice;

/// A schema names itself in no place of our charts; this ends one that does.
const DEPTH: usize = 64;

/// A look at one document.
pub(super) struct Look<'s> {
    root: &'s Value,
    path: Vec<Part>,
    found: Vec<Refused>,
}

impl<'s> Look<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        Self { root, path: Vec::new(), found: Vec::new() }
    }

    /// Everything that is wrong with the value.
    pub(super) fn all(mut self, value: &Value) -> Vec<Refused> {
        self.value(value, self.root, 0);
        self.found
    }

    fn fits(&self, value: &Value, schema: &'s Value, depth: usize) -> bool {
        let mut look = Look::new(self.root);
        look.value(value, schema, depth);
        look.found.is_empty()
    }

    fn say(&mut self, what: String, hint: String) {
        self.found.push(Refused { path: self.path.clone(), key: false, what, hint });
    }

    fn within(&mut self, part: Part, value: &Value, schema: &'s Value, depth: usize) {
        self.path.push(part);
        self.value(value, schema, depth);
        self.path.pop();
    }

    fn value(&mut self, value: &Value, schema: &'s Value, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let depth = depth + 1;
        // Of a reference nothing beside it counts.
        if let Some(name) = schema["$ref"].as_str() {
            if let Some(schema) = self.root.pointer(name.trim_start_matches('#')) {
                self.value(value, schema, depth);
            }
            return;
        }
        if !self.kind(value, &schema["type"]) {
            return;
        }
        self.plain(value, schema);
        if let Some(choices) = schema["anyOf"].as_array()
            && !choices.iter().any(|choice| self.fits(value, choice, depth))
        {
            self.say("is in none of the forms it can have".to_owned(), SEE.to_owned());
        }
        let not = &schema["not"];
        if !not.is_null() && self.fits(value, not, depth) {
            let what = format!("must not be {}", not.get("const").unwrap_or(value));
            self.say(what, "write another value".to_owned());
        }
        if !schema["if"].is_null() {
            let branch = if self.fits(value, &schema["if"], depth) { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                self.value(value, branch, depth);
            }
        }
        match value {
            Value::Object(table) => self.table(table, schema, depth),
            Value::Array(items) => {
                if let Some(item) = schema.get("items") {
                    for (index, value) in items.iter().enumerate() {
                        self.within(Part::Item(index), value, item, depth);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the value is of the type, or of one of the types.
    fn kind(&mut self, value: &Value, wanted: &Value) -> bool {
        let wanted: Vec<&str> = match wanted {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        if wanted.is_empty() || wanted.iter().any(|kind| is_of(value, kind)) {
            return true;
        }
        let names: Vec<&str> = wanted.iter().map(|kind| named(kind)).collect();
        let names = names.join(" or ");
        let hint = match value {
            Value::Number(_) | Value::Bool(_) if wanted.contains(&"string") => {
                format!("put it in quotes: \"{value}\"")
            }
            Value::String(text)
                if text.parse::<i64>().is_ok() && wanted.contains(&"integer")
                    || text.parse::<bool>().is_ok() && wanted.contains(&"boolean") =>
            {
                format!("write it without quotes: {text}")
            }
            _ => format!("write {names}"),
        };
        self.say(format!("must be {names}, not {}", kind(value)), hint);
        false
    }

    /// What is asked of a value without looking into it.
    fn plain(&mut self, value: &Value, schema: &Value) {
        if let Some(options) = schema["enum"].as_array()
            && !options.contains(value)
        {
            let words = options.iter().filter_map(Value::as_str);
            let hint = advice(value.as_str().unwrap_or_default(), words);
            self.say("is not one of the words known here".to_owned(), hint);
        }
        if let Some(only) = schema.get("const")
            && only != value
        {
            self.say(format!("can only be {only}"), format!("write {only}"));
        }
        if let Some(number) = value.as_f64() {
            if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
                self.say("is too small".to_owned(), format!("it can be {least} or more"));
            }
            if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
                self.say("is too large".to_owned(), format!("it can be {most} or less"));
            }
        }
        if let Some(text) = value.as_str() {
            let pattern = schema["pattern"].as_str();
            let regex = pattern.and_then(|pattern| Some((pattern, Regex::new(pattern).ok()?)));
            if let Some((pattern, _)) = regex.filter(|(_, regex)| !regex.is_match(text)) {
                self.say(format!("is not of the form expected: {pattern}"), SEE.to_owned());
            }
            let letters = text.chars().count() as u64;
            if let Some(least) = schema["minLength"].as_u64().filter(|least| letters < *least) {
                self.say("is too short".to_owned(), format!("it has {least} letters at least"));
            }
        }
        let twice = |items: &Vec<Value>| {
            (1..items.len()).any(|index| items[..index].contains(&items[index]))
        };
        if schema["uniqueItems"] == true && value.as_array().is_some_and(twice) {
            self.say("has an item twice".to_owned(), "take one of them out".to_owned());
        }
    }

    fn table(&mut self, table: &Map<String, Value>, schema: &'s Value, depth: usize) {
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                self.say(format!("has no `{key}`"), format!("add `{key}` to it"));
            }
        }
        let known = schema["properties"].as_object();
        for (key, value) in table {
            if let Some(names) = schema.get("propertyNames") {
                let before = self.found.len();
                self.within(Part::Key(key.clone()), &Value::from(key.as_str()), names, depth);
                for refused in &mut self.found[before..] {
                    refused.key = true;
                    refused.what = format!("as a key {}", refused.what);
                }
            }
            let part = Part::Key(key.clone());
            match (known.and_then(|known| known.get(key)), schema.get("additionalProperties")) {
                (None, None) => {}
                (None, Some(Value::Bool(false))) => {
                    let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
                    let mut path = self.path.clone();
                    path.push(part);
                    let what = "is no value of this chart".to_owned();
                    self.found.push(Refused { path, key: true, what, hint: advice(key, names) });
                }
                (Some(schema), _) | (None, Some(schema)) => self.within(part, value, schema, depth),
            }
        }
    }
}

const SEE: &str = "see the service's page of the documentation for its values";

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        "number" => value.is_number(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => value.is_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn named(kind: &str) -> &'static str {
    match kind {
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "null" => "nothing",
        "number" => "a number",
        "object" => "a table",
        _ => "a text",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::catalogue::Catalogue;

    /// Every schema of a chart, with the values it is for.
    fn schemas() -> Vec<(String, Value, Value)> {
        let catalogue = Catalogue::embedded().unwrap();
        let all = catalogue.iter().map(|(id, service)| {
            let schema =
                serde_json::from_slice(&service.chart.files["values.schema.json"]).unwrap();
            (id.to_string(), schema, service.chart.values.clone())
        });
        all.collect()
    }

    /// A value of any kind, now and then one that the charts know.
    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2_i64..70_000).prop_map(Value::from),
            Just(json!(1.5)),
            "[a-z0-9:/.Mi-]{0,8}".prop_map(Value::from),
            Just(json!("latest")),
            Just(json!("5Gi")),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            let key = prop_oneof!["[a-z]{1,5}", Just("size".to_owned()), Just("memory".to_owned())];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Puts `value` at the place that the numbers lead to.
    fn put(into: &mut Value, way: &[prop::sample::Index], value: Value) {
        match (into, way) {
            (Value::Object(table), [first, rest @ ..]) if !table.is_empty() => {
                let key = table.keys().nth(first.index(table.len())).unwrap().clone();
                put(table.get_mut(&key).unwrap(), rest, value);
            }
            (Value::Array(items), [first, rest @ ..]) if !items.is_empty() => {
                let index = first.index(items.len());
                put(&mut items[index], rest, value);
            }
            (place, _) => *place = value,
        }
    }

    proptest! {
        #[test]
        fn what_is_refused_is_what_json_schema_refuses(
            which in any::<prop::sample::Index>(),
            way in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
            value in anything(),
        ) {
            let schemas = schemas();
            let (id, schema, mut values) = schemas[which.index(schemas.len())].clone();
            put(&mut values, &way, value);
            let referee = jsonschema::validator_for(&schema).unwrap();
            let ours = Look::new(&schema).all(&values);
            prop_assert_eq!(ours.is_empty(), referee.is_valid(&values), "{}: {}\n{:?}", id, values, ours);
        }
    }

    #[test]
    fn no_schema_has_a_word_that_is_not_known_here() {
        const KNOWN: &[&str] = &[
            "$ref",
            "$schema",
            "additionalProperties",
            "anyOf",
            "const",
            "definitions",
            "else",
            "enum",
            "if",
            "items",
            "maximum",
            "minLength",
            "minimum",
            "not",
            "pattern",
            "properties",
            "propertyNames",
            "required",
            "then",
            "title",
            "type",
            "uniqueItems",
            "description",
            "default",
        ];
        fn look(schema: &Value, id: &str) {
            let Some(table) = schema.as_object() else { return };
            for (word, value) in table {
                assert!(KNOWN.contains(&word.as_str()), "{id}: {word}");
                match (word.as_str(), value) {
                    ("properties" | "definitions", Value::Object(named)) => {
                        named.values().for_each(|schema| look(schema, id));
                    }
                    ("anyOf", Value::Array(all)) => all.iter().for_each(|schema| look(schema, id)),
                    ("const" | "default", _) => {}
                    (_, schema) => look(schema, id),
                }
            }
        }
        for (id, schema, _) in schemas() {
            look(&schema, &id);
        }
    }
}
