//! The reference page of every key, from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use crate::example::placeholders;
use crate::schema::schema;

/// The sections in the order people meet them: how each is written, and where
/// it stands in the schema.
const SECTIONS: &[(&str, &[&str])] = &[
    ("`[[node]]`", &["node"]),
    ("`ssh` of a `[[node]]`", &["node", "ssh"]),
    ("`[ssh]`", &["ssh"]),
    ("`[cluster]`", &["cluster"]),
    ("`[os]`", &["os"]),
    ("`[k3s]`", &["k3s"]),
    ("`[k3s.sha256]`", &["k3s", "sha256"]),
    ("`[artifacts]`", &["artifacts"]),
    ("`[images]`", &["images"]),
    ("`[agent]`", &["agent"]),
    ("`[stack]`", &["stack"]),
];

/// The page `docs/reference/inventory.md`: every key of `pis.toml` with its
/// type, default and meaning.
pub fn reference() -> String {
    let schema = schema();
    let mut page = String::from(INTRODUCTION);
    let _ = write!(page, "\n```toml\n{}```\n", placeholders());
    for (title, path) in SECTIONS {
        let section = path.iter().fold(&schema, |place, key| inside(&place["properties"][*key]));
        page.push_str(&table(title, place(&schema, path), section));
    }
    page.push_str(RULES);
    page
}

const INTRODUCTION: &str = "\
<!-- Generated from inventory/src/raw.rs; UPDATE=1 cargo test -p terrarium-inventory rewrites it. -->
# The inventory, `pis.toml`

One TOML file says which Pis there are and what is to run on them. Only
`[[node]]` is needed; this is a whole inventory:
";

const RULES: &str = "
## Rules

- Paths are relative to the folder of the inventory; `~/` is the home directory
  of the person running `provision`.
- A key that is not listed here is an error, not ignored.
- Passwords and tokens are never written in the inventory. `password_file` names
  a file that holds one; the join token of k3s is made on the server.
- Two nodes may share neither a name nor an address, however it is written.
- There is one server. Two or another even number cannot keep a majority when
  one is lost; three or more are not supported by this version.
- `[k3s.server]` and `[k3s.agent]` take any option of k3s' `config.yaml` except
  those `provision` sets itself, such as `node-name` or `token`.
- `[stack.values.<service>]` takes whatever the chart of that service takes.
- What was fetched the first time is recorded in the file beside, `pis.lock.toml`
  for `pis.toml`: [What is trusted](../guide/cluster.md#what-is-downloaded-and-why-it-is-trusted).
- Measured requests and limits are not written here but in the file beside,
  `pis.sizes.toml` for `pis.toml`; `[stack.values]` wins over it:
  [Sizes that were measured](../guide/stack.md#sizes-that-were-measured).
- A `board` is checked against the [catalogue](boards.md): one with too little
  memory for its role is refused.

Editors that read JSON Schema complete and check the file with
`inventory/schema.json`.
";

/// The place of `path` itself, where its own description is.
fn place<'s>(schema: &'s Value, path: &[&str]) -> &'s Value {
    let (last, above) = path.split_last().unwrap_or((&"", &[]));
    let table = above.iter().fold(schema, |place, key| inside(&place["properties"][*key]));
    &table["properties"][*last]
}

/// The table a place stands for: of an array of tables, one of them.
fn inside(place: &Value) -> &Value {
    if place["type"] == "array" { &place["items"] } else { place }
}

fn table(title: &str, place: &Value, section: &Value) -> String {
    let mut text = format!(
        "\n## {title}\n\n{}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
        place["description"].as_str().unwrap_or_default()
    );
    let required: Vec<&str> =
        section["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut keys: Vec<(&String, &Value)> =
        section["properties"].as_object().into_iter().flatten().collect();
    // What must be written comes first, in its own order.
    keys.sort_by_key(|(key, _)| {
        (required.iter().position(|name| name == key).unwrap_or(usize::MAX), key.as_str())
    });
    for (key, schema) in keys {
        let default = match &schema["default"] {
            _ if required.contains(&key.as_str()) => "**required**".to_owned(),
            Value::Null => "–".to_owned(),
            default => format!("`{default}`"),
        };
        let _ = writeln!(text, "| `{key}` | {} | {default} | {} |", kind(schema), meaning(schema));
    }
    text
}

/// The type in words: `string`, `integer, 1 to 65535`, `"off"` or `"keep"`.
fn kind(schema: &Value) -> String {
    if let Value::Array(choices) = &schema["anyOf"] {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Value::Array(choices) = &schema["oneOf"] {
        let words: Vec<String> =
            choices.iter().map(|word| format!("`{}`", word["const"])).collect();
        return words.join(", ");
    }
    match (schema["type"].as_str(), schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some("array"), ..) => format!("list of {}", kind(&schema["items"])),
        (Some("object"), ..) => "table".to_owned(),
        (Some(name), Some(least), Some(greatest)) => format!("{name}, {least} to {greatest}"),
        (Some(name), ..) => name.to_owned(),
        (None, ..) => "any value".to_owned(),
    }
}

fn meaning(schema: &Value) -> String {
    let mut text = schema["description"].as_str().unwrap_or_default().to_owned();
    for word in schema["oneOf"].as_array().into_iter().flatten() {
        let meaning = word["description"].as_str().unwrap_or_default();
        let _ = write!(text, "<br>`{}`: {meaning}", word["const"]);
    }
    let examples = schema["examples"].as_array().into_iter().flatten();
    let examples: Vec<String> = examples
        .filter_map(|json| toml::Value::try_from(json).ok())
        .map(|value| format!("`{value}`"))
        .collect();
    if !examples.is_empty() {
        let _ = write!(text, "<br>For example {}.", examples.join(" or "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of fixed keys below `place`, as a path of keys.
    fn tables(place: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
        for (key, schema) in inside(place)["properties"].as_object().into_iter().flatten() {
            let mut path = path.to_vec();
            path.push(key.clone());
            if inside(schema)["properties"].is_object() {
                found.push(path.clone());
            }
            tables(schema, &path, found);
        }
    }

    #[test]
    fn every_table_of_the_schema_has_its_section() {
        let mut found = Vec::new();
        tables(&schema(), &[], &mut found);
        found.sort();
        let mut listed: Vec<Vec<String>> = SECTIONS
            .iter()
            .map(|(_, path)| path.iter().map(|key| (*key).to_owned()).collect())
            .collect();
        listed.sort();
        assert_eq!(found, listed);
    }

    #[test]
    fn every_key_says_what_it_means() {
        fn described(schema: &Value, path: &str) {
            for (key, schema) in inside(schema)["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{key}");
                let meaning = schema["description"].as_str().unwrap_or_default();
                assert!(meaning.ends_with('.'), "{path} is not described: {meaning:?}");
                described(schema, &path);
            }
        }
        described(&schema(), "");
    }
}
