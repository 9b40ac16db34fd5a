//! Text for a terminal, a log, a page: what is not a letter is written out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Characters without a glyph of their own that change how others are shown, in
/// which order or whether at all: Unicode's format characters (bidirectional
/// overrides and isolates, joiners, the byte order mark, tags), what a renderer
/// may ignore (fillers, variation selectors), and the separators of lines and
/// paragraphs.
const HIDDEN: [RangeInclusive<u32>; 26] = [
    0xad..=0xad,
    0x34f..=0x34f,
    0x600..=0x605,
    0x61c..=0x61c,
    0x6dd..=0x6dd,
    0x70f..=0x70f,
    0x890..=0x891,
    0x8e2..=0x8e2,
    0x115f..=0x1160,
    0x17b4..=0x17b5,
    0x180b..=0x180f,
    0x200b..=0x200f,
    0x2028..=0x202e,
    0x2060..=0x206f,
    0x3164..=0x3164,
    0xfe00..=0xfe0f,
    0xfeff..=0xfeff,
    0xffa0..=0xffa0,
    0xfff0..=0xfffb,
    0x1_10bd..=0x1_10bd,
    0x1_10cd..=0x1_10cd,
    0x1_3430..=0x1_345f,
    0x1_bca0..=0x1_bca3,
    0x1_d173..=0x1_d17a,
    0xe_0000..=0xe_0fff,
    // Not characters at all.
    0xffff..=0xffff,
];

/// Whether a character does something to a terminal, or to the characters
/// around it, instead of being seen. A line break and a tab are among them.
pub fn is_hidden(letter: char) -> bool {
    let code = u32::from(letter);
    letter.is_control() || (code > 0x7f && HIDDEN.iter().any(|range| range.contains(&code)))
}

/// The text with every hidden character but line breaks and tabs written out, as
/// `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    let written = |letter: char| is_hidden(letter) && !matches!(letter, '\n' | '\t');
    if !text.contains(written) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if written(letter) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_hidden, visible};

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        for (text, expected) in [
            ("\u{1b}]52;c;aGk=\u{7}", "\\u{1b}]52;c;aGk=\\u{7}"),
            ("\u{1b}[2J\u{1b}[1;1H", "\\u{1b}[2J\\u{1b}[1;1H"),
            ("\u{9b}31m\u{90}q\u{9c}", "\\u{9b}31m\\u{90}q\\u{9c}"),
            ("a\rb\u{8}\u{7f}\0\u{b}\u{c}", "a\\u{d}b\\u{8}\\u{7f}\\u{0}\\u{b}\\u{c}"),
            ("\u{202e}evil\u{202c}\u{2066}x\u{2069}", "\\u{202e}evil\\u{202c}\\u{2066}x\\u{2069}"),
            ("a\u{200b}b\u{feff}\u{ad}\u{2060}", "a\\u{200b}b\\u{feff}\\u{ad}\\u{2060}"),
            ("\u{2028}\u{2029}\u{85}", "\\u{2028}\\u{2029}\\u{85}"),
            ("\u{e0041}\u{e007f}\u{fe0f}", "\\u{e0041}\\u{e007f}\\u{fe0f}"),
            ("one\n\ttwo – äß 日本 🦀", "one\n\ttwo – äß 日本 🦀"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_twice_is_once(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert!(once.chars().all(|letter| matches!(letter, '\n' | '\t') || !is_hidden(letter)));
            prop_assert_eq!(visible(&once), once.as_str());
        }
    }
}
