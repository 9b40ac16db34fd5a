//! A password that cannot be printed by accident.

use std::fmt;

use zeroize::Zeroizing;

/// The shortest secret that is looked for in what a node said.
const MASKED_BYTES_MIN: usize = 4;

/// A login and sudo password: wiped from memory when dropped, shown as
/// `[secret]` by `Debug` and `Display`, and not serialisable.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over the text. No line break is stripped: the caller decides
    /// what belongs to the password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one line that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every copy of the secret taken out, for what a node said.
    ///
    /// Nothing is masked for a secret so short that words contain it by chance.
    pub(crate) fn mask(&self, text: &str) -> String {
        if self.0.len() < MASKED_BYTES_MIN {
            return text.to_owned();
        }
        text.replace(self.0.as_str(), "[secret]")
    }

    /// Whether it fits on one line: PAM and `sudo -S` read a single line, so
    /// a line break or NUL inside could only ever be a mistake.
    pub(crate) fn is_one_line(&self) -> bool {
        !self.0.contains(['\n', '\r', '\0'])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {secret} {:?}", Some(&secret)),
            "[secret] [secret] Some([secret])"
        );
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn copies_in_what_a_node_says_are_masked() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            secret.mask("zsh: not found: hunter2;hunter2"),
            "zsh: not found: [secret];[secret]"
        );
        assert_eq!(Secret::new("a").mask("a plain text"), "a plain text");
    }

    #[test]
    fn a_line_break_is_noticed() {
        assert!(Secret::new("pass word ' \\ $x é").is_one_line());
        for text in ["a\nb", "a\n", "a\rb", "a\0b"] {
            assert!(!Secret::new(text).is_one_line(), "{text:?}");
        }
    }
}
