//! Words that other programs of this kind know, and what stands for them here.

mod words;

use crate::error::{Code, Failure};
use words::{COMMANDS, OPTIONS, STACK, Word};

fn find<'a>(words: &'a [Word], said: &str) -> Option<&'a Word> {
    words.iter().find(|word| word.said.contains(&said))
}

fn answer(what: &str, word: &Word) -> Failure {
    Failure::plain(Code::Usage, format!("{what}: {}", word.says)).hint(Some(word.hint.to_owned()))
}

/// What is answered to a command that is none; `parent` is the one before it.
pub(super) fn command(parent: Option<&str>, said: &str) -> Option<Failure> {
    let said = said.to_lowercase();
    match parent {
        None => {
            find(COMMANDS, &said).map(|word| answer(&format!("there is no command `{said}`"), word))
        }
        Some("stack") => find(STACK, &said)
            .map(|word| answer(&format!("there is no command `stack {said}`"), word)),
        Some(_) => None,
    }
}

/// What is answered to an option that is none.
pub(super) fn option(said: &str) -> Option<Failure> {
    let name = said.split('=').next().unwrap_or(said);
    find(OPTIONS, name).map(|word| answer(&format!("there is no option `{name}`"), word))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::ffi::OsString;

    use super::*;
    use crate::cli::command::Unparsed;
    use crate::cli::{command, parse};

    fn told(line: &str) -> Failure {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        match parse(&words) {
            Err(Unparsed::Ours(failure)) => failure,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// Commands of ours that an answer names, between `provision ` and an option.
    fn named(word: &Word) -> Vec<String> {
        let text = format!("{} {}", word.says, word.hint);
        let rests = text.split("provision ").skip(1).map(str::to_owned);
        rests.filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).collect()
    }

    #[test]
    fn every_word_of_the_tables_is_answered_with_what_there_is() {
        let ours: HashSet<String> =
            command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        let mut seen = HashSet::new();
        for (table, before) in [(COMMANDS, ""), (STACK, "stack "), (OPTIONS, "")] {
            for word in table {
                for said in word.said {
                    assert!(seen.insert(format!("{before}{said}")), "{said} is there twice");
                    for line in [
                        format!("provision {before}{said}"),
                        format!("provision --json {before}{said}"),
                    ] {
                        let failure = told(&line);
                        assert_eq!(failure.code, Code::Usage, "{line}");
                        let name = format!("`{before}{said}`");
                        assert!(failure.what.contains(&name), "{line}: {}", failure.what);
                        assert_eq!(failure.hint.as_deref(), Some(word.hint));
                    }
                }
                for rest in named(word) {
                    let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
                    assert!(
                        ours.contains(&name),
                        "`provision {rest}` is named and is none of ours"
                    );
                }
                // A whole sentence would be one too many: it stands behind a colon.
                assert!(!word.says.ends_with('.') && !word.hint.ends_with('.'), "{}", word.says);
            }
        }
        assert!(seen.len() > 150, "{}", seen.len());
    }

    #[test]
    fn words_of_nobody_and_words_of_ours_are_left_to_the_usual_answer() {
        for line in ["provision plam", "provision xyzzy", "provision --xyzzy", "provision lock add"]
        {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert!(matches!(parse(&words), Err(Unparsed::Clap(_))), "{line}");
        }
        assert!(told("provision RESET --force").what.contains("`reset`"));
        assert!(told("provision --dry-run=true").what.contains("`--dry-run`"));
        assert!(told("provision apply --yes").what.contains("`--yes`"));
    }
}
