//! What pages are made of: the frame, prose, colours and bars. Pages of measured
//! figures use it as well.

use std::fmt::Write as _;

use terrarium_untrusted::visible;

use crate::fit::answer::Word;
use crate::fit::words::mib;

const STYLE: &str = include_str!("style.css");

/// When and by what a page was made: a page is kept, printed and passed on.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// The day and the minute, UTC.
    pub at: String,
    /// The command line.
    pub command: String,
}

/// The page's begin, up to what is its own.
pub(crate) fn begin(word: Word, title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{word}: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        word = capital(word.as_str()),
        title = escape(title),
    )
}

/// The class that colours a group. There are twelve colours.
pub(crate) fn colour(groups: &[String], group: &str) -> usize {
    groups.iter().position(|known| known == group).unwrap_or_default() % 12
}

pub(crate) const fn class(word: Word) -> &'static str {
    match word {
        Word::Fits => "fits",
        Word::Tight => "tight",
        Word::DoesNotFit => "no",
    }
}

/// The page's end.
pub(crate) fn end(made: &Made, legend: &str) -> String {
    format!(
        "<footer><p>{legend}</p>\n<p>Made on {at} by provision {version}: <code>{command}</code></p>\n\
         </footer>\n</main>\n</body>\n</html>\n",
        at = escape(&made.at),
        version = env!("CARGO_PKG_VERSION"),
        command = escape(&made.command),
    )
}

pub(crate) const fn mark(word: Word) -> &'static str {
    match word {
        Word::Fits => "✓",
        Word::Tight => "!",
        Word::DoesNotFit => "✕",
    }
}

pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// With a capital and a full stop, unless it begins with a name.
pub(crate) fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{end}", capital(text))
}

/// Prose as HTML: what stands between backticks is code, and a number keeps its
/// per cent sign.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in escape(text).replace(" %", "\u{a0}%").split('`').enumerate() {
        if index > 0 {
            out.push_str(if index % 2 == 1 { "<code>" } else { "</code>" });
        }
        out.push_str(part);
    }
    if text.matches('`').count() % 2 == 1 {
        out.push_str("</code>");
    }
    out
}

/// Text as HTML, in elements and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// What the colours of bars mean: the groups in use, the system's own, and one
/// more.
pub(crate) fn legend(
    page: &mut String,
    groups: &[String],
    used: impl Fn(&str) -> bool,
    (class, what): (&str, &str),
) {
    page.push_str("<ul class=\"legend\">\n");
    for group in groups.iter().filter(|group| used(group)) {
        let class = colour(groups, group);
        let _ = writeln!(page, "<li><i class=\"g{class}\"></i>{}</li>", escape(group));
    }
    let _ = write!(
        page,
        "<li><i class=\"own\"></i>System and k3s</li>\n<li><i class=\"{class}\"></i>{what}</li>\n\
         </ul>\n"
    );
}

/// A node's begin: its name under its word, and what it is.
pub(crate) fn heading(page: &mut String, word: Word, name: &str, about: &[&str]) {
    let _ = write!(
        page,
        "<article class=\"node {class}\">\n<h3><span class=\"mark\">{mark}</span>{name} \
         <small>{about}</small></h3>\n",
        class = class(word),
        mark = mark(word),
        name = escape(name),
        about = escape(&about.join(", ")),
    );
}

/// A bar's begin. What its parts are stands in the list below it.
pub(crate) fn bar(page: &mut String, label: &str, width: &str) {
    let _ = write!(
        page,
        "<div class=\"bar\" role=\"img\" aria-label=\"{}\" style=\"width:{width}%\">",
        escape(label),
    );
}

/// A part of a bar. The style sheet hides the name where there is no room for the
/// whole of it.
pub(crate) fn segment(
    page: &mut String,
    class: &str,
    part: u64,
    whole: u64,
    name: &str,
    title: &str,
) {
    if part == 0 {
        return;
    }
    let name = match name {
        "" => String::new(),
        name => format!("&#8203;<b>{}</b>", escape(name)),
    };
    let _ = write!(
        page,
        "<span class=\"{class}\" style=\"width:{}%\" title=\"{}\">{name}</span>",
        wide(part, whole),
        escape(title),
    );
}

/// Where the memory of the board ends, below its bars.
pub(crate) fn scale(page: &mut String, memory: u64, scale: u64) {
    let _ = writeln!(
        page,
        "<p class=\"scale\" style=\"width:{}%\"><span>0</span><span>{} in all</span></p>",
        wide(memory, scale),
        mib(memory),
    );
}

/// What a list calls a pod: its service, or its own name where the service has
/// more of them there.
pub(crate) fn called<'a>(key: &'a str, service: &'a str, alone: bool) -> &'a str {
    if alone { service } else { key.split_once('/').map_or(key, |(_, name)| name) }
}

/// What the bars are made of, by name: a phone has no pointer to hover with.
pub(crate) fn pods<'a>(
    page: &mut String,
    heading: &str,
    pods: impl Iterator<Item = (usize, &'a str, String)>,
) {
    let _ = writeln!(page, "<p class=\"podsof\">{heading}</p>\n<ul class=\"pods\">");
    for (colour, name, figures) in pods {
        let _ = writeln!(
            page,
            "<li><i class=\"g{colour}\"></i>{} <span>{figures}</span></li>",
            escape(name)
        );
    }
    page.push_str("</ul>\n");
}

/// A width in per cent with two decimals, of integers so that equal answers
/// make equal pages.
pub(crate) fn wide(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or_default();
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
