//! A line's words, split as OpenSSH does.

/// A line with something on it: the keyword in lower case, and its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) keyword: String,
    pub(super) words: Vec<String>,
}

/// `None` for a blank line or a comment; an error for a quote that does not end.
pub(super) fn line(text: &str) -> Result<Option<Line>, &'static str> {
    let text = text.trim_matches([' ', '\t', '\r', '\u{c}']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let end = text.find([' ', '\t', '=']).unwrap_or(text.len());
    let (keyword, rest) = text.split_at(end);
    // One equals sign may stand between, with white space around it.
    let rest = rest.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let words = split(rest)?;
    Ok(Some(Line { keyword: keyword.trim_matches('"').to_ascii_lowercase(), words }))
}

fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match rest.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(&c) = rest.peek() {
            if quote.is_none() && matches!(c, ' ' | '\t') {
                break;
            }
            rest.next();
            match c {
                '\\' => {
                    let escaped = rest.next_if(|next| {
                        matches!(next, '\'' | '"' | '\\') || quote.is_none() && *next == ' '
                    });
                    word.push(escaped.unwrap_or('\\'));
                }
                '"' | '\'' if quote.is_none() => quote = Some(c),
                _ if quote == Some(c) => quote = None,
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return Err("a quotation mark that is not closed");
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (text, keyword, words) in [
            ("Host a b", "host", vec!["a", "b"]),
            ("\tHostName=pi.lan  ", "hostname", vec!["pi.lan"]),
            ("Port = 22", "port", vec!["22"]),
            ("IdentityFile \"~/my keys/id\" # mine", "identityfile", vec!["~/my keys/id"]),
            ("IdentityFile ~/my\\ keys/'i d'", "identityfile", vec!["~/my keys/i d"]),
            ("User a#b", "user", vec!["a#b"]),
            ("Host", "host", vec![]),
            ("Host \"\"", "host", vec![""]),
        ] {
            let found = line(text).unwrap().unwrap();
            assert_eq!(
                (found.keyword.as_str(), found.words),
                (keyword, words.iter().map(|word| (*word).to_owned()).collect()),
                "{text}"
            );
        }
        assert_eq!(line("  # Host x"), Ok(None));
        assert_eq!(line(" \r"), Ok(None));
        assert!(line("User \"pi").is_err());
    }
}
