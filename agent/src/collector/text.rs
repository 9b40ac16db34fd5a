//! The text exposition format as others write it: read so far that it can be
//! passed on without breaking the page it goes into.

/// A family as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<'a> {
    /// The metric's name.
    pub name: &'a str,
    /// Its help, when it has one.
    pub help: Option<&'a str>,
    /// Its type; `untyped` when nothing is said.
    pub kind: &'a str,
    /// Its samples, a line each.
    pub samples: Vec<&'a str>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What should be there.
    pub expected: &'static str,
}

const KINDS: [&str; 5] = ["counter", "gauge", "histogram", "summary", "untyped"];
/// What the samples of a histogram or a summary end with.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Metrics in one file: each is held against those before it.
const METRICS: usize = 2000;

/// The families of a file, in its order.
///
/// # Errors
/// At the first line that breaks the format, or has a time of its own: when a
/// page is scraped is the scraper's to say.
pub fn parse(input: &[u8]) -> Result<Vec<Written<'_>>, Fault> {
    let text = str::from_utf8(input).map_err(|error| {
        let before = &input[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        Fault { line, expected: "UTF-8" }
    })?;
    let mut families: Vec<Written<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t']);
        let fault = |expected| Fault { line: index + 1, expected };
        if let Some(comment) = line.strip_prefix('#') {
            remark(comment, &mut families).map_err(fault)?;
        } else if !line.is_empty() {
            let name = sample(line).map_err(fault)?;
            let family = match families.last() {
                Some(last) if is_part(name, last) => last.name,
                _ => name,
            };
            open(family, &mut families).map_err(fault)?.samples.push(line);
        }
    }
    // A family that is only announced says nothing.
    families.retain(|family| !family.samples.is_empty());
    Ok(families)
}

/// A line that begins with `#`: help, a type, or for people only.
fn remark<'a>(comment: &'a str, families: &mut Vec<Written<'a>>) -> Result<(), &'static str> {
    let mut words = comment.trim_start().splitn(3, [' ', '\t']);
    let (Some(word @ ("HELP" | "TYPE")), Some(name)) = (words.next(), words.next()) else {
        return Ok(());
    };
    let rest = words.next().unwrap_or_default();
    if take_name(name, true) != name.len() || name.is_empty() {
        return Err("a metric's name after HELP or TYPE");
    }
    let family = open(name, families)?;
    if !family.samples.is_empty() {
        return Err("HELP and TYPE before the samples");
    }
    if word == "HELP" {
        family.help = Some(rest);
    } else {
        let kind = KINDS.into_iter().find(|kind| *kind == rest.trim());
        family.kind = kind.ok_or("counter, gauge, histogram, summary or untyped")?;
    }
    Ok(())
}

/// The family of that name: the last one, or a new one.
fn open<'a, 'f>(
    name: &'a str,
    families: &'f mut Vec<Written<'a>>,
) -> Result<&'f mut Written<'a>, &'static str> {
    if families.last().is_none_or(|last| last.name != name) {
        if families.iter().any(|family| family.name == name) {
            return Err("all lines of a metric together");
        }
        if families.len() == METRICS {
            return Err("2,000 metrics at most in a file");
        }
        families.push(Written { name, help: None, kind: "untyped", samples: Vec::new() });
    }
    families.last_mut().ok_or("a metric")
}

fn is_part(name: &str, family: &Written<'_>) -> bool {
    matches!(family.kind, "histogram" | "summary")
        && name.strip_prefix(family.name).is_some_and(|end| PARTS.contains(&end))
}

/// The name of a sample's metric.
fn sample(line: &str) -> Result<&str, &'static str> {
    let (name, rest) = line.split_at(take_name(line, true));
    if name.is_empty() {
        return Err("a metric's name");
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('{') {
        Some(inside) => labels(inside).ok_or("labels as {name=\"value\",…}")?,
        None => rest,
    };
    let mut words = rest.split_whitespace();
    if words.next().and_then(|value| value.parse::<f64>().ok()).is_none() {
        return Err("a number as the value");
    }
    if words.next().is_some() { Err("no time after the value") } else { Ok(name) }
}

/// What follows the labels and their closing brace.
fn labels(mut inside: &str) -> Option<&str> {
    loop {
        inside = inside.trim_start();
        if let Some(after) = inside.strip_prefix('}') {
            return Some(after);
        }
        let name = take_name(inside, false);
        let after = inside[name..].trim_start().strip_prefix('=')?.trim_start();
        let mut escaped = false;
        let end = after.strip_prefix('"').filter(|_| name > 0)?.find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        })?;
        inside = after[end + 2..].trim_start();
        match inside.strip_prefix(',') {
            Some(more) => inside = more,
            None => return inside.strip_prefix('}'),
        }
    }
}

/// Length of the name at the start of a text; a metric's may have colons.
fn take_name(text: &str, colons: bool) -> usize {
    let part = |(at, letter): (usize, char)| {
        letter.is_ascii_alphabetic()
            || letter == '_'
            || colons && letter == ':'
            || at > 0 && letter.is_ascii_digit()
    };
    text.char_indices().find(|found| !part(*found)).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_read_as_they_are_written() {
        let text = "# HELP a_total What it is.\n# TYPE a_total counter\na_total{x=\"1,}\\\"\"} 2\n\
                    # for people\n\na_total {x = \"2\" , } 3e2\nb NaN\n\
                    # TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# TYPE n gauge\n";
        let families = parse(text.as_bytes()).unwrap();
        let seen: Vec<_> =
            families.iter().map(|f| (f.name, f.kind, f.help, f.samples.len())).collect();
        assert_eq!(
            seen,
            [
                ("a_total", "counter", Some("What it is."), 2),
                ("b", "untyped", None, 1),
                ("h", "histogram", None, 3),
            ]
        );
        assert_eq!(parse(b""), Ok(Vec::new()));
    }

    #[test]
    fn a_line_that_would_break_the_page_is_named() {
        for (text, line, expected) in [
            ("a 1\nb 1\na 2\n", 3, "all lines of a metric together"),
            ("a 1 1700000000000\n", 1, "no time after the value"),
            ("a one\n", 1, "a number as the value"),
            ("a\n", 1, "a number as the value"),
            ("1a 1\n", 1, "a metric's name"),
            ("\na{b=\"c} 1\n", 2, "labels as {name=\"value\",…}"),
            ("a{b:c=\"d\"} 1\n", 1, "labels as {name=\"value\",…}"),
            ("a{=\"d\"} 1\n", 1, "labels as {name=\"value\",…}"),
            ("a 1\n# TYPE a gauge\n", 2, "HELP and TYPE before the samples"),
            ("# TYPE a guage\n", 1, "counter, gauge, histogram, summary or untyped"),
            ("# HELP 7 x\n", 1, "a metric's name after HELP or TYPE"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Fault { line, expected }), "{text}");
        }
        assert_eq!(parse(b"a 1\nb\xff 1\n"), Err(Fault { line: 2, expected: "UTF-8" }));
    }
}
