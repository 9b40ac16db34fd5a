//! The directives of a unit, and the words of a value, as systemd splits them.

/// `key=value` of each section, lines that go on behind a backslash put together.
pub(super) fn directives(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut held = String::new();
    // A backslash at the end of the file goes on with nothing.
    for line in text.lines().chain([""]) {
        // A comment within a value is none of it.
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        if let Some(more) = line.trim_end().strip_suffix('\\') {
            held.push_str(more);
            held.push(' ');
            continue;
        }
        held.push_str(line);
        if let Some((key, value)) = held.split_once('=') {
            all.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        held.clear();
    }
    all
}

/// The words of a value; quotation marks, wherever they stand, are taken away.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
