//! What the operator's terminal shows: how wide it is, and whether it knows colours
//! and more letters than ASCII has.

use std::sync::OnceLock;

use terrarium_inventory::Style;

/// Columns where nobody looks: files, pipes, tests.
pub(crate) const WIDTH: usize = 80;
/// Narrower than this nothing is laid out; lines are then broken by the terminal.
const NARROWEST: usize = 40;
/// Longer lines are hard to read.
const WIDEST: usize = 120;

/// Signs of ours, and what stands for them where only ASCII is shown.
const ASCII: &[(char, &str)] = &[
    ('…', "..."),
    ('→', "->"),
    ('←', "<-"),
    ('–', "-"),
    ('—', "-"),
    ('─', "-"),
    ('│', "|"),
    ('×', "x"),
    ('·', "."),
    ('•', "*"),
    ('“', "\""),
    ('”', "\""),
    ('’', "'"),
    ('≥', ">="),
    ('≤', "<="),
    ('€', "EUR"),
    ('✓', "+"),
    ('✔', "+"),
    ('✗', "x"),
    ('✘', "x"),
    ('█', "#"),
    ('▓', "#"),
    ('▒', "="),
    ('░', "."),
];

/// What is known of the terminal, and what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns of text.
    pub width: usize,
    /// Whether colours are wanted; where no terminal is, there are none either way.
    pub color: bool,
    /// Whether only ASCII is shown.
    pub ascii: bool,
    /// Whether the cursor can be moved, as progress bars do.
    pub moves: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: WIDTH, color: true, ascii: false, moves: true }
    }
}

static LOOK: OnceLock<Look> = OnceLock::new();

impl Look {
    /// From the environment's words and the terminal's own columns.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String>, columns: Option<usize>) -> Self {
        let dumb = variable("TERM").as_deref() == Some("dumb");
        let no_color = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        // The first that is set decides, as in every program of the system.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()));
        let ascii = locale.is_some_and(|locale| {
            let charset = locale.to_lowercase().replace('-', "");
            !charset.contains("utf8")
        });
        let said = || variable("COLUMNS")?.trim().parse::<usize>().ok().filter(|said| *said > 0);
        let width = columns.map_or(WIDTH, |seen| said().unwrap_or(seen).clamp(NARROWEST, WIDEST));
        Self { width, color: !dumb && !no_color, ascii, moves: !dumb }
    }

    /// Has all that is printed look so.
    pub(crate) fn set(self) {
        // It is set once, when the process starts.
        let _ = LOOK.set(self);
    }

    /// What is in force.
    pub(crate) fn get() -> Self {
        let look = LOOK.get().copied().unwrap_or_default();
        #[cfg(test)]
        let look = Self { width: HERE.get().unwrap_or(look.width), ..look };
        look
    }

    /// How an inventory's problems are drawn; `shown` tells whether on a terminal.
    pub(crate) fn style(self, shown: bool) -> Style {
        Style { width: self.width, color: self.color && shown, ascii: self.ascii }
    }

    /// The text with the letters there are.
    pub(crate) fn letters(self, text: String) -> String {
        if !self.ascii || text.is_ascii() {
            return text;
        }
        let mut plain = String::with_capacity(text.len());
        for letter in text.chars() {
            match ASCII.iter().find(|(sign, _)| *sign == letter) {
                Some((_, stand_in)) => plain.push_str(stand_in),
                None => plain.push(letter),
            }
        }
        plain
    }
}

#[cfg(test)]
thread_local! {
    static HERE: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

/// What is made on a terminal of so many columns.
#[cfg(test)]
pub(crate) fn at<T>(columns: usize, make: impl FnOnce() -> T) -> T {
    HERE.set(Some(columns));
    let made = make();
    HERE.set(None);
    made
}

/// Holds that on no narrow terminal a line is wider than it, but for a word that is.
#[cfg(test)]
pub(crate) fn readable(make: impl Fn() -> String) {
    let usual = at(WIDTH, &make);
    for columns in NARROWEST..WIDTH {
        let text = at(columns, &make);
        for line in text.lines() {
            let longest = line.split_whitespace().map(|word| word.chars().count()).max();
            let widest = columns.max(longest.unwrap_or(0) + 4);
            assert!(line.chars().count() <= widest, "{columns} columns: {line}\n{text}");
        }
        let last = |text: &str| text.split_whitespace().last().map(str::to_owned);
        assert_eq!(last(&text), last(&usual), "{columns} columns:\n{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(variables: &[(&str, &str)], columns: Option<usize>) -> Look {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Look::new(variable, columns)
    }

    #[test]
    fn the_environment_and_the_terminal_decide() {
        let usual = Look::default();
        assert_eq!(look(&[], None), usual);
        assert_eq!(look(&[("LANG", "en_GB.UTF-8")], None), usual);
        assert_eq!(look(&[("TERM", "dumb")], None), Look { color: false, moves: false, ..usual });
        assert_eq!(look(&[("NO_COLOR", "1")], None), Look { color: false, ..usual });
        assert_eq!(look(&[("NO_COLOR", "")], None), usual);
        for (locale, ascii) in
            [("C", true), ("POSIX", true), ("C.UTF-8", false), ("de_DE.ISO-8859-1", true)]
        {
            assert_eq!(look(&[("LC_ALL", locale), ("LANG", "C")], None).ascii, ascii, "{locale}");
        }
        assert!(!look(&[("LC_ALL", ""), ("LANG", "C.utf8")], None).ascii);
        for (columns, said, width) in [
            (None, "200", 80),
            (Some(60), "", 60),
            (Some(200), "", 120),
            (Some(10), "", 40),
            (Some(100), "72", 72),
            (Some(100), "wide", 100),
        ] {
            assert_eq!(look(&[("COLUMNS", said)], columns).width, width, "{columns:?} {said}");
        }
    }

    #[test]
    fn where_only_ascii_is_shown_our_signs_are_ascii_and_names_stay() {
        let plain = Look { ascii: true, ..Look::default() };
        assert_eq!(plain.letters("a → b … ä".to_owned()), "a -> b ... ä");
        assert_eq!(Look::default().letters("a → b".to_owned()), "a → b");
    }
}
