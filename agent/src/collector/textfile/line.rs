//! One line of the text exposition format, as others write it.
//!
//! What `node_exporter`'s parser takes is taken, and a little more: line ends of
//! Windows, blanks at the end, a backslash in a help text.

use std::borrow::Cow;

/// A line, read.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Empty, or for people only.
    Nothing,
    /// What a metric is.
    Help(&'a str, String),
    /// A metric's type.
    Type(&'a str, Kind),
    /// A sample.
    Sample(Sample<'a>),
}

/// The types the format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

/// By name, for the file and for the page.
const KINDS: [(&str, Kind); 5] = [
    ("counter", Kind::Counter),
    ("gauge", Kind::Gauge),
    ("histogram", Kind::Histogram),
    ("summary", Kind::Summary),
    ("untyped", Kind::Untyped),
];

impl Kind {
    /// Its name.
    pub(super) fn word(self) -> &'static str {
        KINDS.iter().find(|(_, known)| *known == self).map_or("untyped", |(word, _)| word)
    }
}

/// A sample: its labels are in the file's order, none twice.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Vec<(&'a str, Cow<'a, str>)>,
    /// A decimal number, `NaN`, `+Inf` or `-Inf`.
    pub(super) value: &'a str,
}

impl<'a> Sample<'a> {
    /// The value of a label; one that is not there is empty.
    pub(super) fn label(&self, wanted: &str) -> &str {
        self.labels.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value)
    }

    /// What tells its series from others of its name: the labels that are not
    /// empty, sorted.
    pub(super) fn identity(&self) -> Vec<(&'a str, &str)> {
        let mut labels: Vec<(&str, &str)> =
            self.labels.iter().map(|(name, value)| (*name, &**value)).collect();
        labels.retain(|(_, value)| !value.is_empty());
        labels.sort_unstable();
        labels
    }
}

/// Reads a line; the error is what should be there.
pub(super) fn read(line: &[u8]) -> Result<Line<'_>, &'static str> {
    let line = line.trim_ascii();
    match line.strip_prefix(b"#") {
        Some(remark) => self::remark(remark),
        None if line.is_empty() => Ok(Line::Nothing),
        None => sample(str::from_utf8(line).map_err(|_| "UTF-8")?).map(Line::Sample),
    }
}

/// The blanks of the format: no others separate.
const BLANKS: [char; 2] = [' ', '\t'];

fn skip(text: &str) -> &str {
    text.trim_start_matches(BLANKS)
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(BLANKS).unwrap_or(text.len()))
}

/// A line that begins with `#`: help, a type, or for people only.
fn remark(remark: &[u8]) -> Result<Line<'_>, &'static str> {
    let said = remark.trim_ascii_start();
    if !said.starts_with(b"HELP") && !said.starts_with(b"TYPE") {
        return Ok(Line::Nothing);
    }
    let (start, text) = match str::from_utf8(said) {
        Ok(text) => (text, None),
        // The help is for people: what is no UTF-8 in it costs that letter.
        Err(error) => {
            let (valid, rest) = said.split_at(error.valid_up_to());
            (str::from_utf8(valid).unwrap_or_default(), Some(String::from_utf8_lossy(rest)))
        }
    };
    let (keyword, rest) = word(start);
    if !["HELP", "TYPE"].contains(&keyword) {
        return Ok(Line::Nothing);
    }
    let rest = skip(rest);
    if rest.is_empty() && text.is_none() {
        return Ok(Line::Nothing);
    }
    let (name, rest) = name(rest, true).ok_or("a metric's name after HELP or TYPE")?;
    if !rest.is_empty() && !rest.starts_with(BLANKS) {
        return Err("a metric's name after HELP or TYPE");
    }
    let rest = skip(rest);
    if keyword == "HELP" {
        let mut help = unescape(rest, true).ok_or("a help text")?.into_owned();
        help.push_str(&text.unwrap_or_default());
        return Ok(Line::Help(name, help));
    }
    if rest.is_empty() {
        return Ok(Line::Nothing);
    }
    let kind = KINDS.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(rest));
    let (_, kind) = kind.ok_or("the type counter, gauge, histogram, summary or untyped")?;
    Ok(Line::Type(name, kind))
}

/// A sample from its whole line.
pub(super) fn sample(line: &str) -> Result<Sample<'_>, &'static str> {
    let (mut found, mut rest) = match name(line, true).filter(|_| !line.starts_with('"')) {
        Some((name, rest)) => (Some(name), skip(rest)),
        None => (None, line),
    };
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = braces(inside, &mut found, &mut labels)?;
    }
    let name = found.ok_or("a metric's name")?;
    let (value, after) = word(skip(rest));
    let value = number(value).ok_or("a number as the value")?;
    if !skip(after).is_empty() {
        return Err("no time after the value");
    }
    Ok(Sample { name, labels, value })
}

/// The labels up to the closing brace, or the metric's name in quotes among
/// them; what follows the brace.
fn braces<'a>(
    mut inside: &'a str,
    found: &mut Option<&'a str>,
    labels: &mut Vec<(&'a str, Cow<'a, str>)>,
) -> Result<&'a str, &'static str> {
    const LABELS: &str = "labels as {name=\"value\",…}";
    loop {
        inside = skip(inside);
        if let Some(after) = inside.strip_prefix('}') {
            return Ok(after);
        }
        let quoted = inside.starts_with('"');
        let (label, after) = name(inside, quoted).ok_or(LABELS)?;
        let after = skip(after);
        if let Some(value) = after.strip_prefix('=') {
            let value = skip(value).strip_prefix('"').ok_or(LABELS)?;
            let end = closing(value).ok_or(LABELS)?;
            let text = unescape(&value[..end], false);
            let text = text.ok_or("\\\\, \\\" or \\n after the first backslash of an escape")?;
            if label == "__name__" || label.contains(':') {
                return Err("another name for a label");
            }
            if labels.iter().any(|(known, _)| *known == label) {
                return Err("each label once");
            }
            labels.push((label, text));
            inside = skip(&value[end + 1..]);
        } else if quoted && found.is_none() && labels.is_empty() {
            *found = Some(label);
            inside = after;
        } else {
            return Err(LABELS);
        }
        match inside.strip_prefix(',') {
            Some(more) => inside = more,
            None => return inside.strip_prefix('}').ok_or(LABELS),
        }
    }
}

/// Where a quoted text ends.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })
}

/// A text as it was before it was written to the file. An escape that there is
/// not stays as it is where that is `allowed`.
fn unescape(text: &str, allowed: bool) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some(escaped @ ('\\' | '"')) => plain.push(escaped),
            other if allowed => {
                plain.push('\\');
                plain.extend(other);
            }
            _ => return None,
        }
    }
    Some(Cow::Owned(plain))
}

/// The name at the start of a text, in quotes or not, and what follows it; a
/// metric's may have colons.
fn name(text: &str, colons: bool) -> Option<(&str, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        let (name, after) = name(inside, colons)?;
        return Some((name, after.strip_prefix('"')?));
    }
    let part = |(at, letter): (usize, char)| {
        letter.is_ascii_alphabetic()
            || letter == '_'
            || colons && letter == ':'
            || at > 0 && letter.is_ascii_digit()
    };
    let end = text.char_indices().find(|found| !part(*found)).map_or(text.len(), |(at, _)| at);
    (end > 0).then(|| text.split_at(end))
}

/// A value that Go and `OpenMetrics` read as well, as it is written there: of
/// Rust's forms not a sign before NaN, nor what is too large for a number.
fn number(text: &str) -> Option<&str> {
    let value: f64 = text.parse().ok()?;
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    if digits {
        return value.is_finite().then_some(text);
    }
    match (value.is_nan(), value > 0.0) {
        (true, _) => (text.len() == 3).then_some("NaN"),
        (false, true) => Some("+Inf"),
        (false, false) => Some("-Inf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match read(line.as_bytes()).unwrap() {
            Line::Sample(sample) => {
                let labels: Vec<String> =
                    sample.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{}[{}]{}", sample.name, labels.join(";"), sample.value)
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_node_exporter_takes_is_taken() {
        for (line, expected) in [
            ("check{socket=\"redis.sock\", reason=\"\"} 1", "check[socket=redis.sock;reason=]1"),
            ("x{d=\"a\"}  31", "x[d=a]31"),
            ("x\t1", "x[]1"),
            ("x {a=\"b\"} 1", "x[a=b]1"),
            ("x{ a = \"b\" , } 1\r", "x[a=b]1"),
            ("x{a=\"b\"}1  ", "x[a=b]1"),
            ("x{a=\"b\\\\c\\\"d\\ne,}\"} 1", "x[a=b\\c\"d\ne,}]1"),
            ("{\"x\",\"a\"=\"b\"} 1", "x[a=b]1"),
            ("x{} 1E+3", "x[]1E+3"),
            ("job:x:sum .5", "job:x:sum[].5"),
            ("x infinity", "x[]+Inf"),
            ("x -iNf", "x[]-Inf"),
            ("x nan", "x[]NaN"),
            ("x 1e-999", "x[]1e-999"),
            ("#comment", "Nothing"),
            ("# EOF", "Nothing"),
            ("# HELPER x", "Nothing"),
            ("# TYPE x", "Nothing"),
            ("#  TYPE\tx   GAUGE ", "Type(\"x\", Gauge)"),
            ("# HELP x a\\nb C:\\dir \\", "Help(\"x\", \"a\\nb C:\\\\dir \\\\\")"),
            ("# HELP x", "Help(\"x\", \"\")"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
        assert_eq!(read(b"# HELP x a\xffb").unwrap(), Line::Help("x", "a\u{fffd}b".to_owned()));
    }

    #[test]
    fn what_it_refuses_is_refused() {
        for (line, expected) in [
            ("x 1 1700000000000", "no time after the value"),
            ("x 1 # {a=\"b\"} 1", "no time after the value"),
            ("x one", "a number as the value"),
            ("x", "a number as the value"),
            ("x 1e999", "a number as the value"),
            ("x -nan", "a number as the value"),
            ("x 0x1p4", "a number as the value"),
            ("x 1_0", "a number as the value"),
            ("x 1,5", "a number as the value"),
            ("x\u{a0}1", "a number as the value"),
            ("x \u{2003}1", "a number as the value"),
            ("x \u{b}1", "a number as the value"),
            ("1a 1", "a metric's name"),
            ("{a=\"b\"} 1", "a metric's name"),
            ("x{a=\"b} 1", "labels as {name=\"value\",…}"),
            ("x{a:b=\"d\"} 1", "labels as {name=\"value\",…}"),
            ("x{=\"d\"} 1", "labels as {name=\"value\",…}"),
            ("x{a='b'} 1", "labels as {name=\"value\",…}"),
            ("{\"my.metric\"} 1", "labels as {name=\"value\",…}"),
            ("x{t=\"a\",t=\"b\"} 1", "each label once"),
            ("x{__name__=\"y\"} 1", "another name for a label"),
            ("x{a=\"C:\\dir\"} 1", "\\\\, \\\" or \\n after the first backslash of an escape"),
            ("# TYPE x guage", "the type counter, gauge, histogram, summary or untyped"),
            ("# HELP 7 x", "a metric's name after HELP or TYPE"),
        ] {
            assert_eq!(read(line.as_bytes()), Err(expected), "{line}");
        }
        assert_eq!(read(b"x{a=\"\xff\"} 1"), Err("UTF-8"));
    }
}
