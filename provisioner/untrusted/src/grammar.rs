//! What names and lines may be made of.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};

use crate::is_hidden;

/// A line's length at most, in bytes: longer than any name Kubernetes or Linux
/// has, with room for a message.
pub const LINE_MAX: usize = 1024;

/// One line that can be seen whole: no line break, no tab, nothing hidden.
pub fn is_line(text: &str) -> bool {
    text.len() <= LINE_MAX && !text.contains(is_hidden)
}

/// A DNS subdomain, which is what names most of Kubernetes' objects.
pub fn is_subdomain(text: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Letters, digits and `-_.`, which do not begin with a dash; and what else is
/// allowed within.
pub fn is_word(text: &str, more: &str) -> bool {
    let inner = |letter: char| {
        letter.is_ascii_alphanumeric() || "-_.".contains(letter) || more.contains(letter)
    };
    text.len() <= LINE_MAX && !text.starts_with('-') && text.chars().all(inner)
}

/// Reads a text that has to be a line; for `#[serde(deserialize_with)]`.
pub fn line<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    checked(String::deserialize(input)?)
}

/// The same where there may be none.
pub fn maybe_line<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(input)?.map(checked).transpose()
}

/// The same for texts by name.
pub fn lines<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, String>, D::Error> {
    let all = Option::<BTreeMap<String, String>>::deserialize(input)?.unwrap_or_default();
    all.into_iter().map(|(key, text)| Ok((checked(key)?, checked(text)?))).collect()
}

fn checked<E: Error>(text: String) -> Result<String, E> {
    if is_line(&text) {
        return Ok(text);
    }
    Err(E::custom(format_args!("expected a line of visible characters, {LINE_MAX} bytes at most")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_other_texts() {
        for (text, subdomain, word, line) in [
            ("pi-1", true, true, true),
            ("redis-0.data", true, true, true),
            ("", false, true, true),
            ("-x", false, false, true),
            ("--kubeconfig=/x", false, false, true),
            ("a/b", false, false, true),
            ("A_b", false, true, true),
            ("a b", false, false, true),
            ("a\nb", false, false, false),
            ("a\tb", false, false, false),
            ("\u{1b}[2J", false, false, false),
            ("\u{202e}x", false, false, false),
        ] {
            assert_eq!(
                (is_subdomain(text), is_word(text, ""), is_line(text)),
                (subdomain, word, line),
                "{text:?}"
            );
        }
        assert!(!is_line(&"x".repeat(1025)) && !is_subdomain(&"x".repeat(254)));
    }
}
