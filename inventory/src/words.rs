//! Words for messages: quoting what a file says, and guessing what was meant.

/// Characters of a quoted value that are shown.
const SHOWN: usize = 60;
/// Longer words are not compared with anything.
const COMPARABLE: usize = 40;

/// `text` in backticks, short, and with nothing a terminal would act on.
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The candidate `word` was probably meant to be.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > COMPARABLE {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| {
            let other = plain(candidate);
            let slips = strsim::damerau_levenshtein(&word, &other);
            (slips, other.len().max(word.len()), candidate)
        })
        // One slip in three letters is still the same word; more is another.
        .filter(|(slips, length, _)| slips * 3 <= *length)
        .min_by_key(|(slips, _, _)| *slips)
        .map(|(_, _, candidate)| candidate)
}

/// Whether a key of that name needs no quotes.
pub(crate) fn is_key(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

/// `` `a`, `b` or `c` ``
pub(crate) fn either<'a>(choices: impl IntoIterator<Item = &'a str>) -> String {
    joined(choices, "or")
}

/// `` `a`, `b` and `c` ``
pub(crate) fn listed<'a>(choices: impl IntoIterator<Item = &'a str>) -> String {
    joined(choices, "and")
}

fn joined<'a>(choices: impl IntoIterator<Item = &'a str>, with: &str) -> String {
    let quoted: Vec<String> = choices.into_iter().map(|c| format!("`{c}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {with} {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{either, listed, nearest, quote};

    #[test]
    fn quoting_shortens_and_disarms() {
        assert_eq!(quote("pi-1"), "`pi-1`");
        assert_eq!(quote(""), "`\"\"`");
        assert_eq!(quote("a\u{1b}[31mb\nc"), "`a\\u{1b}[31mb\\nc`");
        assert_eq!(quote(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
        assert_eq!(quote(&"ü".repeat(60)), format!("`{}`", "ü".repeat(60)));
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["name", "host", "role", "board", "labels", "password_file"];
        for (word, meant) in [
            ("nmae", Some("name")),
            ("hots", Some("host")),
            ("label", Some("labels")),
            ("password-file", Some("password_file")),
            ("Name", Some("name")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), meant, "{word}");
        }
        assert_eq!(nearest(&"n".repeat(1 << 20), keys), None);
    }

    #[test]
    fn choices_read_as_a_sentence() {
        assert_eq!(either(["a"]), "`a`");
        assert_eq!(either(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(either([]), "");
        assert_eq!(listed(["a", "b"]), "`a` and `b`");
    }
}
