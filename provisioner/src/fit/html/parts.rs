//! What pages are made of: the frame, prose, colours and bars. Pages of measured
//! figures use it as well.

use std::fmt::Write as _;

use terrarium_untrusted::visible;

use crate::fit::answer::Word;
use crate::fit::words::percent;

const STYLE: &str = include_str!("style.css");

/// A segment narrower than this share of its bar, in per cent, has no room for
/// a name.
const NAMED_FROM: u64 = 7;

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

/// A part of a bar, with its name where there is room.
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
    let name = if percent(part, whole) > NAMED_FROM { name } else { "" };
    let _ = write!(
        page,
        "<span class=\"{class}\" style=\"width:{}%\" title=\"{}\">{}</span>",
        wide(part, whole),
        escape(title),
        escape(name),
    );
}

/// A width in per cent with two decimals, of integers so that equal answers
/// make equal pages.
pub(crate) fn wide(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or_default();
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
