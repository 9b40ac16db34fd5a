//! The inventory's JSON Schema, for editors and for our own check of shape.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::raw::Raw;

/// The JSON Schema of `pis.toml`: every key with its meaning, default and
/// examples, and nothing else allowed.
///
/// No definitions are referred to; every table is spelt out where it stands.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let generated = settings.into_generator().into_root_schema_for::<Raw>();
    let mut schema = generated.to_value();
    for_toml(&mut schema);
    schema
}

/// The schema as the text of `schema.json`: keys sorted, two spaces, a newline
/// at the end. Equal schemas give equal bytes whatever map `serde_json` uses.
pub fn schema_text() -> String {
    let mut text = String::new();
    write(&mut text, &schema(), 0);
    text.push('\n');
    text
}

/// What serde's view of these types says that TOML does not have: `null`,
/// empty defaults, integer widths.
fn for_toml(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            unwrap_nullable(map);
            map.remove("format");
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            if map.get("default").is_some_and(is_empty) {
                map.remove("default");
            }
            map.values_mut().for_each(for_toml);
        }
        Value::Array(items) => items.iter_mut().for_each(for_toml),
        _ => {}
    }
}

/// `anyOf: [X, null]` is X, with the key's own description kept.
fn unwrap_nullable(map: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = map.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    let [Value::Object(only)] = choices.as_slice() else {
        return;
    };
    let only = only.clone();
    map.remove("anyOf");
    for (key, value) in only {
        map.entry(key).or_insert(value);
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        // The default of a table of ours is the table with nothing in it.
        Value::Null | Value::Object(_) => true,
        _ => false,
    }
}

fn write(text: &mut String, value: &Value, depth: usize) {
    let items: Vec<(String, &Value)> = match value {
        Value::Object(map) if !map.is_empty() => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            keys.into_iter()
                .map(|(key, value)| (format!("{}: ", Value::from(key.as_str())), value))
                .collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        other => {
            text.push_str(&other.to_string());
            return;
        }
    };
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    for (index, (key, item)) in items.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(key);
        write(text, item, depth + 1);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}
