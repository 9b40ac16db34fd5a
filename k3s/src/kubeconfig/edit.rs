//! Our entries written into the operator's text, and not a byte of it changed
//! besides: comments, quotes and the form of numbers are theirs.

use std::ops::Range;

use super::tree::{Kind, Node};
use crate::yaml::Value;

/// What a list holds of ours, by the list's key.
pub(super) struct Entry<'a> {
    pub(super) list: &'a str,
    /// Its place in the list as it is now.
    pub(super) place: Option<usize>,
    /// As it should be; `None` where it is so already.
    pub(super) wished: Option<&'a Value>,
}

/// The text with these entries, and with this current context where it is to be
/// set; `None` where the text has a form that is not edited.
pub(super) fn edited(
    text: &str,
    top: &Node,
    entries: &[Entry<'_>],
    current: Option<&str>,
) -> Option<String> {
    let Kind::Map { flow, .. } = top.kind else { return None };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut missing: Vec<(String, Value)> = Vec::new();
    for entry in entries {
        let Some(wished) = entry.wished else { continue };
        match top.entry(entry.list) {
            Some((key, list)) => edits.push(list_edit(text, key, list, entry.place, wished, flow)?),
            None => missing.push((entry.list.to_owned(), Value::Seq(vec![wished.clone()]))),
        }
    }
    if let Some(current) = current {
        let value = Value::str(current);
        let new = if flow { inline(&value) } else { block(&value, 0) };
        match top.entry("current-context") {
            Some((key, old)) if old.shared || key.shared => return None,
            Some((key, old)) if old.span.is_empty() => {
                let at = colon(text, key)?;
                let blank = text[at..].len() - text[at..].trim_start_matches(' ').len();
                let before_comment = if text[at + blank..].starts_with('#') { " " } else { "" };
                edits.push((at..at + blank, format!(" {new}{before_comment}")));
            }
            Some((_, old)) => edits.push((old.span.clone(), new)),
            None => missing.push(("current-context".to_owned(), value)),
        }
    }
    if !missing.is_empty() {
        edits.push(added(text, top, flow, missing)?);
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut done = String::with_capacity(text.len() + 8192);
    let mut at = 0;
    for (range, new) in edits {
        done.push_str(text.get(at..range.start)?);
        done.push_str(&new);
        at = range.end;
    }
    done.push_str(text.get(at..)?);
    Some(done)
}

/// One entry put in its place, or at the list's end.
fn list_edit(
    text: &str,
    key: &Node,
    list: &Node,
    place: Option<usize>,
    wished: &Value,
    within_flow: bool,
) -> Option<(Range<usize>, String)> {
    match (&list.kind, place) {
        (Kind::Seq { items, .. }, Some(place)) => {
            let old = items.get(place)?;
            if old.is_shared() {
                return None;
            }
            let new = match old.kind {
                Kind::Map { flow: false, .. } => block(wished, column(text, old.span.start)),
                _ => inline(wished),
            };
            Some((old.span.clone(), new))
        }
        (Kind::Seq { flow: true, items }, None) if !items.is_empty() => {
            let end = items.last()?.span.end;
            Some((end..end, format!(", {}", inline(wished))))
        }
        (Kind::Seq { flow: false, items }, None) if !items.is_empty() => {
            // A list stands where its first dash does.
            let first = items.first()?.span.start;
            let line = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
            let dash = line + text[line..first].rfind('-')?;
            text[line..dash].bytes().all(|byte| byte == b' ').then_some(())?;
            let (end, before) = end_of_line(text, items.last()?.span.end)?;
            Some((end..end, format!("{before}{}\n", item(wished, dash - line))))
        }
        // An empty list, or the nothing that kubectl writes for one.
        _ if within_flow => {
            let end = list.span.clone();
            (!end.is_empty()).then(|| (end, format!("[{}]", inline(wished))))
        }
        _ => {
            let at = colon(text, key)?;
            let value = if list.span.is_empty() { at..at } else { list.span.clone() };
            // A comment behind it stays on its line.
            let (end, before) = end_of_line(text, value.end)?;
            let rest = text.get(value.end..end)?;
            if text.get(at..value.start)?.contains('\n') {
                return None;
            }
            let indent = column(text, key.span.start);
            let blank = text.get(at..value.start)?.trim_end_matches(' ');
            Some((at..end, format!("{blank}{rest}{before}{}\n", item(wished, indent))))
        }
    }
}

/// What is not there yet, at the end of the document.
fn added(
    text: &str,
    top: &Node,
    flow: bool,
    missing: Vec<(String, Value)>,
) -> Option<(Range<usize>, String)> {
    let Kind::Map { entries, .. } = &top.kind else { return None };
    if flow {
        let end = entries.last()?.1.span.end;
        let pairs: Vec<String> = missing
            .iter()
            .map(|(key, value)| format!(", {}: {}", inline(&Value::str(key)), inline(value)))
            .collect();
        return Some((end..end, pairs.concat()));
    }
    let indent = column(text, entries.first()?.0.span.start);
    let (end, before) = end_of_line(text, top.span.end)?;
    let new = block(&Value::Map(missing), indent);
    Some((end..end, format!("{before}{}{new}\n", " ".repeat(indent))))
}

/// Behind the colon of a key.
fn colon(text: &str, key: &Node) -> Option<usize> {
    let rest = text.get(key.span.end..)?;
    let at = rest.find(':')?;
    rest[..at].trim().is_empty().then_some(key.span.end + at + 1)
}

fn column(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..at].chars().count()
}

/// Behind the line that holds this byte, and the line break that is missing there.
fn end_of_line(text: &str, at: usize) -> Option<(usize, &'static str)> {
    let rest = text.get(at..)?;
    // The end of a block of text is behind its last line already.
    if text[..at].ends_with('\n') {
        return Some((at, ""));
    }
    Some(match rest.find('\n') {
        Some(newline) => (at + newline + 1, ""),
        None => (text.len(), "\n"),
    })
}

/// `- ` and the entry.
fn item(value: &Value, indent: usize) -> String {
    format!("{}- {}", " ".repeat(indent), block(value, indent + 2))
}

/// Over lines of its own, the first without its indent, the last without an end.
fn block(value: &Value, indent: usize) -> String {
    let rendered = value.render();
    let lines: Vec<&str> = rendered.trim_end_matches('\n').lines().collect();
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// On one line, as JSON has it.
fn inline(value: &Value) -> String {
    match value {
        Value::Map(entries) => {
            let pairs: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", inline(&Value::str(key)), inline(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Seq(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Str(_) => value.quoted(),
        scalar => scalar.render().trim_end().to_owned(),
    }
}
