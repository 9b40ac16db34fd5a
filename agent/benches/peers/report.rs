//! The figures as a page of the documentation has them, against their bounds.

use std::fmt;
use std::path::Path;

use crate::cost::Cost;

/// What a figure has to be, and what it should.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    must: Option<f64>,
    wish: Option<f64>,
    /// The larger the better.
    at_least: bool,
}

impl Bound {
    pub(crate) const fn most(must: f64, wish: f64) -> Self {
        Self { must: Some(must), wish: Some(wish), at_least: false }
    }

    pub(crate) const fn at_least(must: f64, wish: f64) -> Self {
        Self { must: Some(must), wish: Some(wish), at_least: true }
    }

    pub(crate) const fn least(must: f64) -> Self {
        Self { must: Some(must), wish: None, at_least: true }
    }

    pub(crate) const fn wish(most: f64) -> Self {
        Self { must: None, wish: Some(most), at_least: false }
    }

    /// Only shown.
    pub(crate) const fn none() -> Self {
        Self { must: None, wish: None, at_least: false }
    }

    fn holds(&self, bound: Option<f64>, value: f64) -> bool {
        bound.is_some_and(|bound| if self.at_least { value >= bound } else { value <= bound })
    }

    fn verdict(&self, value: f64) -> &'static str {
        if self.must.or(self.wish).is_none() {
            return "";
        }
        match (self.holds(self.wish, value), self.holds(self.must, value), self.must) {
            (true, ..) => "as wished",
            (_, true, _) => "ok",
            (_, _, None) => "above the wish",
            _ => "MISSED",
        }
    }
}

/// A figure and its bound.
#[derive(Debug)]
pub(crate) struct Line {
    what: &'static str,
    value: f64,
    bound: Bound,
}

impl Line {
    pub(crate) const fn new(what: &'static str, value: f64, bound: Bound) -> Self {
        Self { what, value, bound }
    }
}

/// Everything measured.
#[derive(Debug)]
pub(crate) struct Report {
    /// Who, all of its cost, and its processor time a scrape in microseconds.
    pub(crate) table: Vec<(String, Option<Cost>, f64)>,
    pub(crate) lines: Vec<Line>,
}

const BEGIN: &str = "<!-- bench-agent:begin -->\n";
const END: &str = "<!-- bench-agent:end -->";

impl Report {
    /// Puts the figures between the marks of a page.
    pub(crate) fn write_into(&self, page: &Path) {
        let text = std::fs::read_to_string(page).unwrap();
        let (before, rest) = text.split_once(BEGIN).expect("the page has the opening mark");
        let (_, after) = rest.split_once(END).expect("the page has the closing mark");
        std::fs::write(page, format!("{before}{BEGIN}{self}{END}{after}")).unwrap();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| a scrape | back to back | 200 ms apart | resident MiB | threads | system calls | series | page |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for (who, cost, processor) in &self.table {
            let rest = cost.as_ref().map_or("| | | | | ".to_owned(), ToString::to_string);
            writeln!(f, "| {who} | {:.2} ms | {rest} |", processor / 1e3)?;
        }
        writeln!(f, "\n| figure | value | at worst | wished | |\n|---|---|---|---|---|")?;
        for Line { what, value, bound } in &self.lines {
            let show = |bound: Option<f64>| bound.map_or(String::new(), |bound| bound.to_string());
            let (must, wish) = (show(bound.must), show(bound.wish));
            let verdict = bound.verdict(*value);
            writeln!(f, "| {what} | {value:.2} | {must} | {wish} | {verdict} |")?;
        }
        Ok(())
    }
}
