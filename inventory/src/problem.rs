//! What is wrong with an inventory: all of it, each with its place.

use std::fmt::{self, Display, Write as _};
use std::ops::Range;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    ThemeStyles,
};

use textwrap::WordSplitter;

use terrarium_untrusted::visible;

use crate::mask::mask;

/// How problems are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns that our own words may take.
    pub width: usize,
    /// Whether in colours.
    pub color: bool,
    /// Whether with the letters of ASCII alone.
    pub ascii: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, color: false, ascii: false }
    }
}

/// Problems written out in full; of a file with more, the rest are counted.
const SHOWN: usize = 50;
/// Bytes after which no further problem is written out: lines may be very long.
const ENOUGH: usize = 64 * 1024;

/// One thing wrong with an inventory, with its place and what to do about it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    code: &'static str,
    message: String,
    help: Option<String>,
    marks: Vec<(Range<usize>, String)>,
    source_text: Option<Arc<NamedSource<String>>>,
}

impl Problem {
    /// `code` is stable and ends in the name of the check: `inventory::host`.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        // What is wrong may be quoted in it, as the file has it.
        let message = visible(&message.into()).into_owned();
        Self { code, message, help: None, marks: Vec::new(), source_text: None }
    }

    /// Underlines `span` and says why; the first one is the problem's place.
    pub(crate) fn at(mut self, span: Range<usize>, why: impl Into<String>) -> Self {
        self.marks.push((span, visible(&why.into()).into_owned()));
        self
    }

    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(visible(&help.into()).into_owned());
        self
    }

    /// A stable name of the kind of problem, for example `inventory::host`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it, when something can be said.
    pub fn hint(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The bytes of the file it is about; `None` when the file could not be read.
    pub fn span(&self) -> Option<Range<usize>> {
        self.marks.first().map(|(span, _)| span.clone())
    }

    /// All underlined places: the bytes and the words under them.
    pub fn marks(&self) -> impl Iterator<Item = (Range<usize>, &str)> {
        self.marks.iter().map(|(span, why)| (span.clone(), why.as_str()))
    }

    /// Line and column, both from 1, columns in characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        let text = self.source_text.as_ref()?.inner();
        let before = text.get(..self.span()?.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        Some((line, before[line_start..].chars().count() + 1))
    }
}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_text.as_deref().map(|source| source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.source_text.is_none() || self.marks.is_empty() {
            return None;
        }
        Some(Box::new(self.marks.iter().enumerate().map(|(index, (span, why))| {
            let why = Some(why.clone());
            if index == 0 {
                LabeledSpan::new_primary_with_span(why, span.clone())
            } else {
                LabeledSpan::new_with_span(why, span.clone())
            }
        })))
    }
}

/// Everything wrong with an inventory, in the order of the file; never empty.
#[derive(Clone, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A problem of the file itself, with no text to point into.
    pub(crate) fn of_file(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// Problems found in `text`, which people know as `name`. `first` makes the
    /// list one that cannot be empty.
    pub(crate) fn in_text(name: &str, text: &str, first: Problem, rest: Vec<Problem>) -> Self {
        let source = Arc::new(NamedSource::new(name, mask(text)).with_language("TOML"));
        let mut problems = rest;
        problems.push(first);
        for problem in &mut problems {
            for (span, _) in &mut problem.marks {
                *span = within(text, span);
            }
            problem.source_text = Some(Arc::clone(&source));
        }
        problems.sort_by_key(|problem| problem.span().map_or((0, 0), |s| (s.start, s.end)));
        Self(problems)
    }

    /// The problems, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are: at least one.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems as people read them: the line, the text underlined, what to do.
    /// Passwords and tokens in the quoted lines are masked.
    pub fn render(&self, style: Style) -> String {
        let theme = match style {
            Style { ascii: true, color: true, .. } => {
                GraphicalTheme { styles: ThemeStyles::ansi(), ..GraphicalTheme::ascii() }
            }
            Style { ascii: true, .. } => {
                GraphicalTheme { styles: ThemeStyles::none(), ..GraphicalTheme::ascii() }
            }
            Style { color: true, .. } => GraphicalTheme::unicode(),
            Style { .. } => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(style.width)
            // `pi5-8gb` is one word.
            .with_word_splitter(WordSplitter::NoHyphenation)
            .with_links(false);
        let mut text = String::new();
        let mut shown = 0;
        while let Some(problem) = self.0.get(shown)
            && shown < SHOWN
            && text.len() < ENOUGH
        {
            if shown > 0 {
                text.push('\n');
            }
            if handler.render_report(&mut text, problem).is_err() {
                text.push_str(&problem.message);
                text.push('\n');
            }
            shown += 1;
        }
        if shown < self.0.len() {
            // Writing to a string cannot fail.
            let more = if style.ascii { "..." } else { "…" };
            let _ = write!(text, "\n{more} and {} more\n", self.0.len() - shown);
        }
        text
    }
}

/// `span` cut to the text, with both ends between characters, and at least one
/// character wide where there is one to underline.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    if start < end || start == text.len() {
        return start..end;
    }
    start..text.ceil_char_boundary(start + 1)
}

impl Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::default()))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::default()))
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, Problems, SHOWN, Style, within};

    #[test]
    fn a_span_is_cut_to_the_text_and_its_characters() {
        for (text, span, expected) in [
            ("abc", 0..2, 0..2),
            ("abc", 1..1, 1..2),
            ("abc", 3..3, 3..3),
            ("abc", 2..90, 2..3),
            ("abc", 80..90, 3..3),
            ("", 0..0, 0..0),
            ("aüb", 2..2, 1..3),
            ("aüb", 1..2, 1..3),
        ] {
            assert_eq!(within(text, &span), expected, "{span:?} in {text:?}");
        }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a = 1\nü = 2\n";
        let problem = |span| Problem::new("inventory::test", "m").at(span, "");
        let problems = Problems::in_text("t", text, problem(9..10), vec![problem(0..1)]);
        let positions: Vec<_> = problems.iter().map(Problem::position).collect();
        assert_eq!(positions, [Some((1, 1)), Some((2, 3))]);
    }

    #[test]
    fn a_flood_of_problems_is_counted_not_printed() {
        let problem = || Problem::new("inventory::test", "wrong").at(0..1, "");
        let rest = (0..SHOWN + 6).map(|_| problem()).collect();
        let rendered = Problems::in_text("t", "a", problem(), rest).render(Style::default());
        assert_eq!(rendered.matches("wrong").count(), SHOWN);
        assert!(rendered.ends_with("… and 7 more\n"), "{rendered}");
    }
}
