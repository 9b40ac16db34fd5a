//! JSON whose texts have no secret and nothing that a terminal acts on.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};
use terrarium_untrusted::is_hidden;

use super::secrets::masked;

/// A document over several lines.
pub(super) fn pretty(document: &impl Serialize) -> serde_json::Result<String> {
    written(document, PrettyFormatter::new())
}

/// A document on one line.
pub(crate) fn compact(document: &impl Serialize) -> serde_json::Result<String> {
    written(document, CompactFormatter)
}

fn written(document: &impl Serialize, inner: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    let formatter = Guarded { inner, text: String::new() };
    document.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// JSON text with its hidden characters escaped; there are none outside of texts
/// but line breaks.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// Collects each text, to look at it whole, before it is written.
struct Guarded<F> {
    inner: F,
    text: String,
}

/// Hands a call on to the formatter within.
macro_rules! inner {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.inner.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Guarded<F> {
    inner! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.text.push_str(fragment);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.text.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let quoted = serde_json::to_string(&masked(&self.text))?;
        writer.write_all(escaped(&quoted).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_nothing_else_changes() {
        let value = json!({
            "a": ["\u{1b}]0;x\u{7}", "\u{9b}2J\u{7f}", "\u{202e}ab\u{2028}", "\u{e0041}"],
            "b\u{85}": { "text": "one\n\ttwo \"q\" \\ / ä", "n": -1.5, "no": null, "yes": true },
            "c": [], "d": {},
        });
        for text in [pretty(&value).unwrap(), compact(&value).unwrap()] {
            assert!(!text.chars().any(|letter| letter != '\n' && is_hidden(letter)), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert!(text.contains("\\udb40\\udc41") && text.contains("\\u202e"), "{text}");
        }
        let plain = json!({ "a": [1, "x"], "b": {} });
        assert_eq!(pretty(&plain).unwrap(), serde_json::to_string_pretty(&plain).unwrap());
        assert_eq!(compact(&plain).unwrap(), plain.to_string());
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>(), key in any::<String>()) {
            let value = json!({ key: text });
            let written = compact(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
    }
}
