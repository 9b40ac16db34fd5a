//! What an unquoted word is, where a kubeconfig wants a text. A kubectl that takes a
//! number there writes it anew, so that an entry called `0o17` is the one called 15;
//! others refuse the file, with our entries in it or not.

use crate::yaml::Value;

/// Whether a list's item has this name.
pub(super) fn is(item: &Value, name: &str) -> bool {
    item.get("name").and_then(text).as_deref() == Some(name)
}

/// Whether both are the same text.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || (text(one).is_some() && text(one) == text(other))
}

/// The text that kubectl makes of a scalar; `None` for nothing and for no scalar.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Plain(raw) if value.is_null() => (!raw.is_empty()).then(String::new),
        Value::Plain(raw) => Some(number(raw).unwrap_or_else(|| raw.clone())),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Seq(_) | Value::Map(_) => None,
    }
}

/// A number as it is written anew, and a truth value by its usual word.
fn number(raw: &str) -> Option<String> {
    let plain = raw.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return match raw {
            "true" | "True" | "TRUE" => Some("true".to_owned()),
            "false" | "False" | "FALSE" => Some("false".to_owned()),
            _ => None,
        };
    }
    let radix = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix).filter(|digits| !digits.is_empty())?;
        i128::from_str_radix(digits, radix).ok()
    };
    let whole = radix("0x", 16)
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0", 8))
        .or_else(|| digits.parse().ok());
    if let Some(whole) = whole {
        return Some(format!("{sign}{whole}"));
    }
    let float: f64 = plain.parse().ok()?;
    Some(float.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unquoted_words_are_the_texts_that_kubectl_makes_of_them() {
        for (raw, expected) in [
            ("office", "office"),
            ("1234", "1234"),
            ("0o17", "15"),
            ("017", "15"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("+7", "7"),
            ("089", "89"),
            ("1e3", "1000"),
            ("True", "true"),
            ("10.0.0.1", "10.0.0.1"),
            ("pi-1", "pi-1"),
            ("-", "-"),
        ] {
            assert_eq!(text(&Value::Plain(raw.to_owned())).as_deref(), Some(expected), "{raw}");
        }
        assert_eq!(text(&Value::Str("0o17".to_owned())).as_deref(), Some("0o17"));
        assert_eq!(text(&Value::Plain(String::new())), None);
    }
}
