//! A strict reader of the text exposition format, version 0.0.4.

use std::collections::{BTreeMap, BTreeSet};

/// A family of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) kind: String,
    /// The names of its labels; the union over its samples.
    pub(crate) labels: BTreeSet<String>,
    pub(crate) samples: Vec<Sample>,
}

/// A line with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: String,
}

pub(crate) type Page = BTreeMap<String, Family>;

/// The page, or the first line that breaks the format's grammar.
pub(crate) fn read(page: &[u8]) -> Result<Page, String> {
    let page = str::from_utf8(page).map_err(|error| error.to_string())?;
    if !page.is_empty() && !page.ends_with('\n') {
        return Err("the last line is not ended".to_owned());
    }
    let mut families = Page::new();
    let mut current = String::new();
    for line in page.lines() {
        let fault = |what: &str| Err(format!("{what}: {line}"));
        if let Some(help) = line.strip_prefix("# HELP ") {
            help.split(' ').next().unwrap_or_default().clone_into(&mut current);
            if !is_name(&current) {
                return fault("not a metric name");
            }
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = kind.split_once(' ') else { return fault("no type") };
            if name != current || !["counter", "gauge", "untyped"].contains(&kind) {
                return fault("not the type of the family just helped");
            }
            let family = Family { kind: kind.into(), labels: BTreeSet::new(), samples: vec![] };
            if families.insert(name.to_owned(), family).is_some() {
                return fault("a family a second time");
            }
        } else {
            let Some((name, sample)) = sample(line) else { return fault("no sample") };
            let Some(family) = families.get_mut(name).filter(|_| name == current) else {
                return fault("a sample outside its family");
            };
            family.labels.extend(sample.labels.keys().cloned());
            family.samples.push(sample);
        }
    }
    Ok(families)
}

/// As [`read`], and no series twice.
pub(crate) fn read_unique(page: &[u8]) -> Result<Page, String> {
    let families = read(page)?;
    for (name, family) in &families {
        for (at, sample) in family.samples.iter().enumerate() {
            if family.samples[..at].iter().any(|earlier| earlier.labels == sample.labels) {
                return Err(format!("{name} twice with {:?}", sample.labels));
            }
        }
    }
    Ok(families)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn sample(line: &str) -> Option<(&str, Sample)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(mut inside) = rest.strip_prefix('{') {
        loop {
            let (label, after) = inside.split_once("=\"")?;
            let (value, after) = unescape(after)?;
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            inside = match after.strip_prefix(',') {
                Some(more) => more,
                None => break rest = after.strip_prefix('}')?,
            };
        }
    }
    let value = rest.strip_prefix(' ')?;
    value.parse::<f64>().ok()?;
    Some((name, Sample { labels, value: value.to_owned() }))
}

/// A quoted value up to its closing quote, and what follows.
fn unescape(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                plain @ ('\\' | '"') => plain,
                _ => return None,
            }),
            plain => value.push(plain),
        }
    }
    None
}

#[test]
fn the_reader_refuses_what_the_format_forbids() {
    for page in [
        "a 1",
        "a 1\n",
        "# HELP a x\na 1\n",
        "# HELP a x\n# TYPE a gauge\nb 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"\\c\"} 1\n",
        "# HELP a x\n# TYPE a gauge\n# HELP a x\n# TYPE a gauge\n",
        "# HELP a x\n# TYPE a gauge\n\n",
    ] {
        assert!(read(page.as_bytes()).is_err(), "{page}");
    }
    let twice = "# HELP a x\n# TYPE a gauge\na{b=\"c\"} 1\na{b=\"c\"} 2\n";
    assert!(read(twice.as_bytes()).is_ok());
    assert!(read_unique(twice.as_bytes()).is_err());
}
