//! Whom a `Host` or `Match` line speaks of.

use crate::hostkey::wildcard;

/// What the criteria are held against.
pub(super) struct Subject<'a> {
    /// The host as given.
    pub(super) original: &'a str,
    /// The host as far as `HostName` has been read.
    pub(super) host: &'a str,
    pub(super) user: &'a str,
    pub(super) local_user: &'a str,
}

/// `Host`: any of the patterns, and none of those with an exclamation mark.
pub(super) fn host(patterns: &[String], original: &str) -> bool {
    let mut matched = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if wildcard(pattern, original) => return false,
            Some(_) => {}
            None => matched |= wildcard(pattern, original),
        }
    }
    matched
}

/// What a `Match` line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matched {
    Yes,
    No,
    /// It depends on a criterion that is not understood here.
    Depends(String),
}

/// `Match`: all of the criteria.
pub(super) fn matched(words: &[String], subject: &Subject<'_>) -> Result<Matched, String> {
    let mut words = words.iter().map(String::as_str);
    let (mut all, mut depends) = (true, None);
    let mut any = false;
    while let Some(word) = words.next() {
        any = true;
        let (negated, word) = match word.strip_prefix('!') {
            Some(word) => (true, word),
            None => (false, word),
        };
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let name = name.to_ascii_lowercase();
        // Names are never made canonical here, so that criterion is never met.
        let fits = match name.as_str() {
            "all" => true,
            "canonical" => false,
            "final" => {
                depends.get_or_insert_with(|| name.clone());
                continue;
            }
            _ => {
                let Some(value) = inline.or_else(|| words.next()) else {
                    return Err(format!("`Match {name}` needs a value"));
                };
                match name.as_str() {
                    "host" => list(value, subject.host),
                    "originalhost" => list(value, subject.original),
                    "user" => list(value, subject.user),
                    "localuser" => list(value, subject.local_user),
                    _ => {
                        depends.get_or_insert(name);
                        continue;
                    }
                }
            }
        };
        all &= fits != negated;
    }
    if !any {
        return Err("`Match` needs a criterion".to_owned());
    }
    Ok(match depends {
        _ if !all => Matched::No,
        Some(name) => Matched::Depends(name),
        None => Matched::Yes,
    })
}

/// Patterns with commas between, some of which may be negated.
fn list(patterns: &str, text: &str) -> bool {
    let patterns: Vec<String> = patterns.split(',').map(str::to_owned).collect();
    host(&patterns, text)
}
