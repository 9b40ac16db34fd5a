//! YAML as a value: parsed by `serde-saphyr`, kept in order, written by us.
//!
//! Writing is ours for two reasons: the output must be byte-for-byte stable
//! across versions of a library (a changed byte restarts k3s), and strings must
//! come back as strings under YAML 1.1 too, which is what k3s reads with.

mod reader;

use std::fmt::{self, Write as _};

/// One node of a YAML document. Mappings keep the order they were written in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(String),
    /// A scalar without quotes, by its letters: what it means is not decided.
    Plain(String),
    /// A sequence.
    Seq(Vec<Value>),
    /// A mapping with text keys.
    Map(Vec<(String, Value)>),
}

/// So many values may stand for others by an alias.
const REPEATED_MAX: usize = 10_000;

/// Why a text was not taken as YAML. Carries a place and never the text: it may
/// hold keys and passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// 1-based line; 0 when unknown.
    pub(crate) line: u64,
    /// 1-based column; 0 when unknown.
    pub(crate) column: u64,
}

impl Value {
    /// Reads one document.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        // A file of some lines can stand for a million values.
        let options = serde_saphyr::options! {
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED_MAX },
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location();
            Malformed {
                line: place.map_or(0, |place| place.line()),
                column: place.map_or(0, |place| place.column()),
            }
        })
    }

    /// Text value.
    pub(crate) fn str(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// The text, when this is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Plain(text) if !is_null(text) => Some(text),
            _ => None,
        }
    }

    /// The value under `key`, when this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => {
                entries.iter().find_map(|(name, value)| (name == key).then_some(value))
            }
            _ => None,
        }
    }

    /// Nothing, by whatever word.
    pub(crate) fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Plain(text) => is_null(text),
            _ => false,
        }
    }

    /// A text in quotes, whether it needs them or not.
    pub(crate) fn quoted(&self) -> String {
        let mut out = String::new();
        write_quoted(&mut out, self.as_str().unwrap_or_default());
        out
    }

    /// As a block-style document ending in a newline.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Map(entries) if !entries.is_empty() => write_map(&mut out, entries, 0),
            Self::Seq(items) if !items.is_empty() => write_seq(&mut out, items, 0),
            scalar => {
                write_scalar(&mut out, scalar);
                out.push('\n');
            }
        }
        out
    }
}

fn write_map(out: &mut String, entries: &[(String, Value)], indent: usize) {
    for (index, (key, value)) in entries.iter().enumerate() {
        // The first key of a mapping inside a sequence follows its dash.
        if index > 0 || out.is_empty() || out.ends_with('\n') {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        // In quotes it would be a key like others, and not merge.
        if key == "<<" {
            out.push_str(key);
        } else {
            write_str(out, key);
        }
        out.push(':');
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                write_map(out, inner, indent + 2);
            }
            // A sequence sits at its key's own column, as kubectl writes it.
            Value::Seq(items) if !items.is_empty() => {
                out.push('\n');
                write_seq(out, items, indent);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar);
                out.push('\n');
            }
        }
    }
}

fn write_seq(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || out.is_empty() || out.ends_with('\n') {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str("- ");
        match item {
            Value::Map(inner) if !inner.is_empty() => write_map(out, inner, indent + 2),
            Value::Seq(inner) if !inner.is_empty() => write_seq(out, inner, indent + 2),
            scalar => {
                write_scalar(out, scalar);
                out.push('\n');
            }
        }
    }
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => push(out, format_args!("{number}")),
        Value::Float(number) => write_float(out, *number),
        Value::Str(text) => write_str(out, text),
        Value::Plain(text) => out.push_str(text),
        // Only the empty ones arrive here.
        Value::Seq(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

fn write_float(out: &mut String, number: f64) {
    if number.is_nan() {
        out.push_str(".nan");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { ".inf" } else { "-.inf" });
    } else {
        // `{:?}` keeps the point (`1.0`), so that it stays a float.
        push(out, format_args!("{number:?}"));
    }
}

/// Plain when no YAML version could read it as anything but this text,
/// double-quoted otherwise.
fn write_str(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        write_quoted(out, text);
    }
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Control characters, and those YAML takes for line breaks or a
            // byte-order mark.
            letter
                if letter.is_control()
                    || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}') =>
            {
                push(out, format_args!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

/// The words YAML has for nothing, and no word at all.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Writing to a `String` cannot fail; the result carries no news.
fn push(out: &mut String, text: fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Whether the text needs no quotes. Narrow on purpose: a letter or slash first,
/// harmless characters only, and none of the words some YAML reads as something
/// else (`yes`, `null`, `.inf`, …). Numbers, dates and times start with a digit
/// or a sign and so are always quoted.
fn is_plain(text: &str) -> bool {
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "nan", "inf", "y", "n"];
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/' | '=' | '+' | '@')
                // A colon is a key only before a space; ours is never last.
                || letter == ':'
        })
        && !text.ends_with(':')
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Value;

    #[test]
    fn strings_that_look_like_something_else_are_quoted() {
        for (text, written) in [
            ("plain", "plain"),
            ("/etc/rancher/k3s/cluster-token", "/etc/rancher/k3s/cluster-token"),
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            ("system-reserved=memory=250Mi", "system-reserved=memory=250Mi"),
            ("0600", "\"0600\""),
            ("10.0.0.1", "\"10.0.0.1\""),
            ("yes", "\"yes\""),
            ("No", "\"No\""),
            ("null", "\"null\""),
            ("~", "\"~\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a:", "\"a:\""),
            ("a #b", "\"a #b\""),
            ("a\nb\"c\\", "\"a\\nb\\\"c\\\\\""),
            ("1e3", "\"1e3\""),
            ("memory.available<250Mi", "\"memory.available<250Mi\""),
        ] {
            let rendered = Value::str(text).render();
            assert_eq!(rendered, format!("{written}\n"));
            assert_eq!(Value::parse(&rendered).ok(), Some(Value::str(text)), "{text:?}");
        }
    }

    #[test]
    fn nests_as_kubectl_writes_it() {
        let value = Value::Map(vec![(
            "clusters".into(),
            Value::Seq(vec![
                Value::Map(vec![
                    ("cluster".into(), Value::Map(vec![("a".into(), Value::Int(1))])),
                    ("name".into(), Value::str("x")),
                ]),
                Value::Seq(vec![Value::Bool(true), Value::Map(Vec::new())]),
            ]),
        )]);
        insta::assert_snapshot!(value.render(), @"
        clusters:
        - cluster:
            a: 1
          name: x
        - - true
          - {}
        ");
        assert_eq!(Value::parse(&value.render()), Ok(value));
    }

    #[test]
    fn a_fault_is_placed_and_not_quoted() {
        let Err(malformed) = Value::parse("a: 1\nb: [secret\n") else {
            panic!("an open bracket is no YAML");
        };
        assert!(malformed.line >= 2, "{malformed:?}");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![any::<String>(), "[a-z0-9:#. -]{0,8}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| Value::Int(number.into())),
            text.clone().prop_map(Value::Str),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Seq),
                prop::collection::btree_map(text.clone(), inner, 0..4)
                    .prop_map(|map| Value::Map(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let rendered = value.render();
            prop_assert_eq!(Value::parse(&rendered), Ok(value), "{}", rendered);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Value::parse(&text);
        }
    }
}
