//! A value of a type, or a word, that does not belong.

use std::ops::Range;

use toml::de::DeValue;

use super::expected::Expected;
use crate::problem::Problem;
use crate::words::{either, nearest, quote};

/// Stands in a path for the items of a list.
pub(super) const ITEM: &str = "[]";

/// What is wrong with the value of the key at `path`, not looking inside it.
pub(super) fn value(
    value: &DeValue<'_>,
    span: Range<usize>,
    expected: Expected<'_>,
    path: &[&str],
) -> Option<Problem> {
    if expected.is_anything() {
        return too_large(value, span).map(|span| out_of_range(span, &name(path), BOUNDS));
    }
    let name = name(path);
    let alternatives = expected.alternatives();
    let Some(place) = alternatives.into_iter().find(|place| place.allows(json_type(value))) else {
        let message = format!("{name} must be {}, not {}", expected.in_words(), in_words(value));
        let problem = Problem::new("inventory::wrong-type", message).at(span, in_words(value));
        return Some(match advice(value, expected, path) {
            Some(help) => problem.help(help),
            None => problem.help(format!("write {} here", expected.in_words())),
        });
    };
    match value {
        DeValue::String(text) => word(text, span, place, &name),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            integer(number, span, place, &name)
        }
        _ => None,
    }
}

/// The key at `path`, as messages call it.
fn name(path: &[&str]) -> String {
    match path {
        [list @ .., ITEM] => format!("an item of {}", name(list)),
        ["node", rest @ ..] if !rest.is_empty() => format!("a node's {}", quote(&rest.join("."))),
        path => quote(&path.join(".")),
    }
}

fn word(text: &str, span: Range<usize>, place: Expected<'_>, name: &str) -> Option<Problem> {
    let words = place.words();
    if words.is_empty() || words.contains(&text) {
        return None;
    }
    let choices = either(words.iter().copied());
    let help = match meant(text, &words) {
        Some(word) => format!("did you mean `{word}`? It can be {choices}"),
        None => format!("it can be {choices}"),
    };
    Some(
        Problem::new("inventory::unknown-word", format!("{name} cannot be {}", quote(text)))
            .at(span, "not one of the words known here")
            .help(help),
    )
}

/// The word meant, also when it is another project's.
fn meant<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    const ALSO_CALLED: &[(&str, &str)] = &[
        ("master", "server"),
        ("control-plane", "server"),
        ("controller", "server"),
        ("worker", "agent"),
        ("node", "agent"),
        ("none", "off"),
        ("disabled", "off"),
        ("on", "keep"),
    ];
    let ours = ALSO_CALLED.iter().find(|(other, _)| *other == text).map(|(_, ours)| *ours);
    match ours {
        Some(ours) => words.iter().copied().find(|word| *word == ours),
        None => nearest(text, words.iter().copied()),
    }
}

fn integer(
    number: Option<i64>,
    span: Range<usize>,
    place: Expected<'_>,
    name: &str,
) -> Option<Problem> {
    let (least, greatest) = place.range();
    if number.is_some_and(|number| (least..=greatest).contains(&number)) {
        return None;
    }
    Some(out_of_range(span, name, (least, greatest)))
}

/// What a whole number can be where the schema names no bounds.
const BOUNDS: (i64, i64) = (i64::MIN, i64::MAX);

fn out_of_range(span: Range<usize>, name: &str, (least, greatest): (i64, i64)) -> Problem {
    Problem::new("inventory::out-of-range", format!("{name} is out of range"))
        .at(span, "not possible here")
        .help(format!("it can be {least} to {greatest}"))
}

/// Where in a value of any shape there is a whole number nothing can hold.
fn too_large(value: &DeValue<'_>, span: Range<usize>) -> Option<Range<usize>> {
    match value {
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).is_err().then_some(span)
        }
        DeValue::Array(items) => {
            items.iter().find_map(|item| too_large(item.get_ref(), item.span()))
        }
        DeValue::Table(table) => {
            table.iter().find_map(|(_, item)| too_large(item.get_ref(), item.span()))
        }
        _ => None,
    }
}

/// What to write instead, where the value itself tells.
fn advice(value: &DeValue<'_>, expected: Expected<'_>, path: &[&str]) -> Option<String> {
    let alternatives = expected.alternatives();
    let wants = |kind: &str| alternatives.iter().any(|place| place.allows(kind));
    // How the line begins that holds the value: an item has no key of its own.
    let key = match *path.last()? {
        ITEM => String::new(),
        key => format!("{key} = "),
    };
    match value {
        DeValue::Table(_) if path == ["node"] && wants("array") => {
            Some("write `[[node]]` with two brackets: there is one such table per Pi".to_owned())
        }
        DeValue::String(text) if path.first() == Some(&"node") && wants("object") => {
            let host = toml::Value::from(&**text);
            Some(format!("write `[[node]]`, `name = \"pi-1\"`, `host = {host}`, a line each"))
        }
        DeValue::Array(items) if wants("string") && items.len() == 1 => match items[0].get_ref() {
            DeValue::String(text) => {
                Some(format!("write `{key}{}`, without brackets", toml::Value::from(&**text)))
            }
            _ => None,
        },
        DeValue::String(text) if wants("boolean") => {
            truth(text).map(|truth| format!("write it without quotes: `{key}{truth}`"))
        }
        DeValue::String(text) if wants("array") => {
            Some(format!("write `{key}[{}]`", toml::Value::from(&**text)))
        }
        DeValue::String(text) if wants("integer") && text.parse::<i64>().is_ok() => {
            Some(format!("write it without quotes: `{key}{}`", text.trim()))
        }
        DeValue::Integer(number) if wants("string") => {
            Some(format!("put it in quotes: `{key}\"{}\"`", number.as_str()))
        }
        DeValue::Boolean(truth) if wants("string") && expected.words().is_empty() => {
            Some(format!("put it in quotes: `{key}\"{truth}\"`"))
        }
        DeValue::Float(number) if wants("string") => {
            Some(format!("put it in quotes: `{key}\"{}\"`", number.as_str()))
        }
        _ if !expected.words().is_empty() => {
            Some(format!("it can be {}", either(expected.words())))
        }
        _ => None,
    }
}

/// The truth value that a word of other files stands for.
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn json_type(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "datetime",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
