//! Hides secrets in a text that is about to be quoted.
//!
//! A password has no business in an inventory, but when one is there the
//! message that says so must not print it. The text may not even parse, so this
//! looks at words, not at TOML. Every byte keeps its place: spans stay valid.

use terrarium_untrusted::is_hidden;

/// The last word of a key whose value is hidden.
const SECRET_ENDINGS: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey"];
/// Keys hidden only when they are the whole word.
const SECRET_WORDS: &[&str] = &["pass", "pw", "pwd"];

/// Bytes of a login name and password that are looked at before an `@`.
const LOGIN_MAX: usize = 256;

/// `text` with the values of secret keys, the user part of addresses and
/// control characters overwritten, byte for byte.
pub(crate) fn mask(text: &str) -> String {
    let mut hidden = vec![false; text.len()];
    let mut rest = 0;
    while let Some(word) = next_word(text, rest) {
        rest = word.end;
        if is_secret(&text[word.clone()]) {
            let value = value_after(text, word.end);
            hidden[value.clone()].fill(true);
            rest = value.end;
        }
    }
    for (at, _) in text.match_indices('@') {
        hidden[login_before(text, at)].fill(true);
    }
    overwrite(text, &hidden)
}

/// The secret part of a login name that ends at the `@` at `end`: of
/// `https://user:password@` all of it, of `user:password@` the password.
fn login_before(text: &str, end: usize) -> std::ops::Range<usize> {
    let ends = |c: char| c.is_whitespace() || "/\"'".contains(c);
    let from = text.floor_char_boundary(end.saturating_sub(LOGIN_MAX));
    let name = text[from..end].rsplit(ends).next().unwrap_or_default();
    let start = end - name.len();
    if text[..start].ends_with("://") {
        return start..end;
    }
    match text[start..end].find(':') {
        Some(colon) => start + colon + 1..end,
        None => end..end,
    }
}

fn overwrite(text: &str, hidden: &[bool]) -> String {
    let mut masked = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let stand_in = match c {
            '\n' | '\t' => None,
            // Of a line's end; alone it would write over the line.
            '\r' => Some(" "),
            _ if hidden[at] => Some("*"),
            _ if is_hidden(c) => Some("?"),
            _ => None,
        };
        match stand_in {
            Some(stand_in) => masked.push_str(&stand_in.repeat(c.len_utf8())),
            None => masked.push(c),
        }
    }
    masked
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn next_word(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let start = from + text[from..].find(is_word)?;
    let length = text[start..].find(|c| !is_word(c)).unwrap_or(text.len() - start);
    Some(start..start + length)
}

/// Whether the value of a key of that name is hidden. `password_file` is not:
/// it names a place.
pub(crate) fn is_secret(key: &str) -> bool {
    let plain = key.to_ascii_lowercase().replace(['_', '-'], "");
    SECRET_WORDS.contains(&plain.as_str()) || SECRET_ENDINGS.iter().any(|end| plain.ends_with(end))
}

/// The bytes of the value that follows a key ending at `from`, empty when none
/// does.
fn value_after(text: &str, from: usize) -> std::ops::Range<usize> {
    let skip = |at: usize, what: &[char]| text.len() - text[at..].trim_start_matches(what).len();
    let blank = &[' ', '\t'];
    let after_key = skip(skip(from, &['"', '\'']), blank);
    let after_sign = skip(after_key, &['=', ':']);
    let start = skip(after_sign, blank);
    let value = &text[start..];
    let quoted = value.starts_with(['"', '\'']);
    if after_sign == after_key && !quoted {
        return from..from;
    }
    start..start + length_of_value(value)
}

fn length_of_value(value: &str) -> usize {
    for fence in ["\"\"\"", "'''"] {
        if let Some(inside) = value.strip_prefix(fence) {
            return inside.find(fence).map_or(value.len(), |end| end + 2 * fence.len());
        }
    }
    let line = value.find('\n').unwrap_or(value.len());
    let line = &value[..line];
    match line.chars().next() {
        Some(quote @ ('"' | '\'')) => closing_quote(line, quote).unwrap_or(line.len()),
        Some('[' | '{') | None => line.len(),
        Some(_) => line.find([',', '}', '#']).unwrap_or(line.len()),
    }
}

/// Where the string that opens `line` ends, its closing quote included.
fn closing_quote(line: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in line.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::mask;

    #[test]
    fn secrets_are_hidden_and_the_rest_is_not() {
        for (text, expected) in [
            ("password = \"hunter2\"", "password = *********"),
            ("password=hunter2 # mine", "password=********# mine"),
            ("Sudo-Password = 'a\"b' # x", "Sudo-Password = ***** # x"),
            ("\"password\" = \"a\\\"b\"\nx = 1", "\"password\" = ******\nx = 1"),
            ("password \"x\"", "password ***"),
            ("password: x", "password: *"),
            ("password = \"open\nname = \"x\"", "password = *****\nname = \"x\""),
            ("{ password = \"x\", port = 1 }", "{ password = ***, port = 1 }"),
            ("{ password = x, port = 1 }", "{ password = *, port = 1 }"),
            ("password = \"\"\"a\nb\"\"\" c", "password = ****\n**** c"),
            ("token = \"ü\"", "token = ****"),
            ("agent-token = 'x'", "agent-token = ***"),
            ("password = [\"a\", \"b\"]", "password = **********"),
            ("password_file = \"pw.txt\"", "password_file = \"pw.txt\""),
            ("token-file = \"t\"", "token-file = \"t\""),
            ("# keep the password elsewhere", "# keep the password elsewhere"),
            ("mirror = \"https://me:pw@m.lan/x\"", "mirror = \"https://*****@m.lan/x\""),
            ("mirror = \"https://m.lan/x@y\"", "mirror = \"https://m.lan/x@y\""),
            ("host = \"pi:pw@10.0.0.1\"", "host = \"pi:**@10.0.0.1\""),
            ("host = \"pi@10.0.0.1\"", "host = \"pi@10.0.0.1\""),
            ("a\u{1b}[31m\tb\r\n\u{85}", "a?[31m\tb \n??"),
            ("a\u{202e}b\u{200b}", "a???b???"),
            ("password", "password"),
            ("password = ", "password = "),
        ] {
            assert_eq!(mask(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_keeps_its_place(text in "(?s)(password|token|://|@|=|\"|'|\\\\|\n|[ -~]|.){0,40}") {
            let masked = mask(&text);
            prop_assert_eq!(masked.len(), text.len());
            let newlines = |t: &str| t.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(newlines(&masked), newlines(&text));
        }
    }
}
