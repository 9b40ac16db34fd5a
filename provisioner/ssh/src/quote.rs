//! Quoting for the node's shell.

/// One word that a POSIX shell reads back as exactly `text`.
///
/// Words of harmless characters stay as they are, so that command lines in
/// logs remain readable; everything else is put in single quotes, inside which
/// only the single quote itself is special. NUL cannot be part of a word.
pub fn quote(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    // A leading `=` is expanded by zsh, and words such as `if` are only
    // special where a command name is expected, which is never quoted here.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(harmless) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if c == '\'' {
            quoted.push_str("'\\''");
        } else {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What the machine's own `sh` makes of a quoted word.
    fn read_back(word: &str) -> String {
        let script = format!("printf '%s.' {word}");
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        assert!(output.status.success(), "{word:?}: {output:?}");
        let text = String::from_utf8(output.stdout).expect("UTF-8 in, UTF-8 out");
        // The dot keeps trailing line breaks visible and shows that there was one word only.
        text.strip_suffix('.').expect("the dot printed after the word").to_owned()
    }

    #[test]
    fn plain_words_stay_readable() {
        for word in ["true", "/etc/rancher/k3s/config.yaml", "a-b_c.d:e=f@g%h+i,j"] {
            assert_eq!(quote(word), word);
        }
    }

    #[test]
    fn special_words_come_back_whole() {
        for word in [
            "", " ", "'", "''", "a'b", "$HOME", "`id`", "\\", "\\'", "a\nb\n", "*", "~", "#x",
            "é ☃", "=ls", "!!", "\t",
        ] {
            assert_eq!(read_back(&quote(word)), word, "{word:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn sh_reads_back_what_was_quoted(text in "[^\0]{0,60}") {
            prop_assert_eq!(read_back(&quote(&text)), text);
        }

        #[test]
        fn quoting_twice_is_read_back_by_two_shells(text in "['\"\\\\$ a-z\n]{0,40}") {
            let nested = format!("sh -c {}", quote(&format!("printf '%s.' {}", quote(&text))));
            let output = Command::new("sh").arg("-c").arg(nested).output().expect("sh runs");
            prop_assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), format!("{text}."));
        }
    }
}
