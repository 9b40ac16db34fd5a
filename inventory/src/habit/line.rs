//! One line that is no TOML: what was probably meant.

use terrarium_untrusted::is_hidden;

use crate::words::is_key;

/// A line as TOML has it, and what was wrong with the one that was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repair {
    pub(super) why: &'static str,
    pub(super) better: String,
}

/// Signs that are no quotes in TOML and look like some.
const TYPOGRAPHIC: &[char] =
    &['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '″', '′', '`', '´', '＂'];

/// The line to write in place of this one; `None` where it is good TOML by itself,
/// or nobody can tell.
pub(super) fn repaired(line: &str) -> Option<Repair> {
    let strange = |c: char| c != '\t' && (is_hidden(c) || (c.is_whitespace() && c != ' '));
    let plain: String = line.chars().map(|c| if strange(c) { ' ' } else { c }).collect();
    let plain = plain.trim();
    if is_toml(plain) {
        let unseen = line.trim_end_matches(['\r', '\n']).chars().any(strange);
        let better = plain.to_owned();
        return unseen.then_some(Repair { why: "a character that cannot be seen", better });
    }
    let repair = comment(plain).or_else(|| header(plain)).or_else(|| assignment(plain))?;
    is_toml(&repair.better).then_some(repair)
}

fn is_toml(line: &str) -> bool {
    line.parse::<toml::Table>().is_ok()
}

fn comment(line: &str) -> Option<Repair> {
    let text = ["//", ";", "--"].into_iter().find_map(|mark| line.strip_prefix(mark))?;
    let better = format!("# {}", text.trim());
    Some(Repair { why: "a comment begins with `#`", better })
}

/// `[cluster`, `[[node]`, `[ssh]:`
fn header(line: &str) -> Option<Repair> {
    let name = line.strip_prefix('[')?.trim_matches(['[', ']', ' ', ':', ',']);
    let better = match name {
        "node" | "nodes" => "[[node]]".to_owned(),
        name if name.split('.').all(is_key) => format!("[{name}]"),
        _ => return None,
    };
    Some(Repair { why: "the brackets of a table do not match", better })
}

/// `host: x`, `host = x`, `host “x”`
fn assignment(line: &str) -> Option<Repair> {
    let line = line.strip_prefix("- ").unwrap_or(line).trim_start();
    let unquoted = line.trim_start_matches(['"', '\'']).trim_start_matches(TYPOGRAPHIC);
    let length = unquoted.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))?;
    let (key, rest) = unquoted.split_at(length);
    let rest =
        rest.trim_start_matches(['"', '\'', ' ']).trim_start_matches(TYPOGRAPHIC).trim_start();
    // A key and a value with nothing between them is told by the value's quotes.
    let (sign, value) = match rest.strip_prefix(['=', ':']) {
        Some(value) => (rest.chars().next(), value.trim_start_matches(['=', '>']).trim()),
        None => (None, unquoted[length..].trim()),
    };
    if !key.split('.').all(is_key) || (sign.is_none() && !value.starts_with(is_quote)) {
        return None;
    }
    let (value, remark) = without_remark(value);
    let ended = value.trim_end_matches([',', ';', ' ']);
    let better = format!("{key} = {}{remark}", written(ended)?);
    let why = if value.contains(TYPOGRAPHIC) || line.starts_with(TYPOGRAPHIC) {
        "these quotes are not the straight ones"
    } else if sign == Some(':') {
        "a key and its value have `=` between them, not `:`"
    } else if sign.is_none() {
        "a key and its value have `=` between them"
    } else if ended != value && is_toml(&format!("{key} = {ended}")) {
        "there is a sign too many at the end of the line"
    } else if ended.starts_with(['"', '\'']) {
        if is_closed(ended) {
            "the text has signs with a meaning of their own"
        } else {
            "the quotes do not match"
        }
    } else {
        "a text needs quotes"
    };
    Some(Repair { why, better })
}

fn is_quote(c: char) -> bool {
    c == '"' || c == '\'' || TYPOGRAPHIC.contains(&c)
}

fn is_closed(value: &str) -> bool {
    value.len() > 1
        && value.starts_with('"') == value.ends_with('"')
        && value.ends_with(['"', '\''])
}

/// The value, and the comment behind it with the space before.
fn without_remark(value: &str) -> (&str, String) {
    let at = value.find(" #").filter(|at| {
        let before = value[..*at].trim_end_matches([',', ';', ' ']);
        !before.starts_with(is_quote) || (before.len() > 1 && before.ends_with(is_quote))
    });
    match at {
        Some(at) => (value[..at].trim_end(), format!(" {}", value[at..].trim())),
        None => (value, String::new()),
    }
}

/// A value as TOML writes it.
fn written(value: &str) -> Option<String> {
    if let Some(inside) = enclosed(value, '[', ']') {
        let items: Option<Vec<String>> = items(inside).map(written).collect();
        return Some(format!("[{}]", items?.join(", ")));
    }
    if let Some(inside) = enclosed(value, '{', '}') {
        let pairs: Option<Vec<String>> = items(inside).map(pair).collect();
        return Some(format!("{{ {} }}", pairs?.join(", ")));
    }
    let text = value.trim_matches(is_quote);
    let bare = text.len() == value.len();
    match text.to_ascii_lowercase().as_str() {
        "" if bare => return None,
        word @ ("true" | "false") if bare => return Some(word.to_owned()),
        "yes" if bare => return Some("true".to_owned()),
        "no" if bare => return Some("false".to_owned()),
        _ => {}
    }
    if bare && text.parse::<i64>().is_ok() {
        return Some(text.to_owned());
    }
    // What has brackets or signs in its middle is more than one text.
    let more = text.contains(['[', ']', '{', '}']) || text.chars().any(is_quote);
    (!more).then(|| toml::Value::from(text).to_string())
}

fn pair(text: &str) -> Option<String> {
    let (key, value) = text.split_once(['=', ':'])?;
    let key = key.trim().trim_matches(is_quote);
    is_key(key).then_some(())?;
    Some(format!("{key} = {}", written(value.trim())?))
}

fn enclosed(value: &str, open: char, close: char) -> Option<&str> {
    value.strip_prefix(open)?.strip_suffix(close)
}

fn items(inside: &str) -> impl Iterator<Item = &str> {
    inside.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_of_another_habit_is_answered_with_the_one_to_write() {
        for (line, better) in [
            ("host = 192.168.1.11", "host = \"192.168.1.11\""),
            ("host=192.168.1.11 # the blue one", "host = \"192.168.1.11\" # the blue one"),
            ("host: 192.168.1.11", "host = \"192.168.1.11\""),
            ("host: \"pi-1.lan\",", "host = \"pi-1.lan\""),
            ("  - name: pi-1", "name = \"pi-1\""),
            ("name = pi-1", "name = \"pi-1\""),
            ("host = “192.168.1.11”", "host = \"192.168.1.11\""),
            ("host = „192.168.1.11“", "host = \"192.168.1.11\""),
            ("host = ‘pi-1.lan’", "host = \"pi-1.lan\""),
            ("host = `pi-1.lan`", "host = \"pi-1.lan\""),
            ("“host” = “pi-1.lan”", "host = \"pi-1.lan\""),
            ("host = \"192.168.1.11", "host = \"192.168.1.11\""),
            ("host = \"192.168.1.11'", "host = \"192.168.1.11\""),
            ("host = 192.168.1.11\"", "host = \"192.168.1.11\""),
            ("host = \"192.168.1.11\",", "host = \"192.168.1.11\""),
            ("host = \"192.168.1.11\";", "host = \"192.168.1.11\""),
            ("host \"192.168.1.11\"", "host = \"192.168.1.11\""),
            ("host => 192.168.1.11", "host = \"192.168.1.11\""),
            ("host = fd00::11", "host = \"fd00::11\""),
            ("host = pi@192.168.1.11", "host = \"pi@192.168.1.11\""),
            ("port: 2222", "port = 2222"),
            ("adopt = True", "adopt = true"),
            ("adopt: yes", "adopt = true"),
            ("version = v1.36.3+k3s1", "version = \"v1.36.3+k3s1\""),
            ("packages = [jq, 'htop']", "packages = [\"jq\", \"htop\"]"),
            ("packages: [“jq”]", "packages = [\"jq\"]"),
            ("ssh = { user: pi, port: 2222 }", "ssh = { user = \"pi\", port = 2222 }"),
            ("identity = \"C:\\Users\\me\\id\"", "identity = 'C:\\Users\\me\\id'"),
            ("host\u{a0}=\u{a0}\"pi-1.lan\"", "host = \"pi-1.lan\""),
            ("\u{200b}host = \"pi-1.lan\"", "host = \"pi-1.lan\""),
            ("[cluster", "[cluster]"),
            ("[[node]", "[[node]]"),
            ("[node]]", "[[node]]"),
            ("[stack.values.redis", "[stack.values.redis]"),
            ("// a remark", "# a remark"),
            ("; a remark", "# a remark"),
        ] {
            let repair = repaired(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(repair.better, better, "{line}: {}", repair.why);
            assert!(is_toml(&repair.better));
        }
    }

    #[test]
    fn good_lines_and_riddles_are_left_alone() {
        for line in [
            "host = \"pi-1.lan\"",
            "host = \"pi-1.lan\"\r",
            "[[node]]",
            "# host = x",
            "",
            "host",
            "host =",
            "= x",
            "a = \"b\" \"c\"",
            "a = [\"x\", {",
            "whatever this is meant to be",
        ] {
            assert_eq!(repaired(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_toml(line in "[a-z\\[\\]{}“”'\"=:,;# .0-9-]{0,24}") {
            if let Some(repair) = repaired(&line) {
                prop_assert!(is_toml(&repair.better), "{}", repair.better);
            }
        }
    }
}
