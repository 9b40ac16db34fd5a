//! The text of an inventory, for who finds a value wrong after it was read: what a
//! chart refuses is shown with its line, as all else.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, Problems};

/// The file as it was read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Written {
    name: Arc<str>,
    text: Arc<str>,
}

impl fmt::Debug for Written {
    /// Without the text: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Item(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// A value that was found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// A stable name of the kind of problem, as `inventory::host`.
    pub code: &'static str,
    /// The way to it, from the top of the file.
    pub path: Vec<Step>,
    /// Whether it is the key that is wrong, and not what it is set to.
    pub key: bool,
    /// The whole sentence.
    pub message: String,
    /// The words under the underlined place.
    pub why: String,
    /// What to write instead.
    pub help: String,
}

impl Written {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// These as problems of the file, in its order, each with its place.
    pub fn problems(&self, first: Wrong, rest: Vec<Wrong>) -> Problems {
        let (table, _) = DeTable::parse_recoverable(&self.text);
        let place = |wrong: Wrong| {
            let span = place(table.get_ref(), &wrong.path, wrong.key).unwrap_or(0..0);
            Problem::new(wrong.code, wrong.message).at(span, wrong.why).help(wrong.help)
        };
        let rest = rest.into_iter().map(&place).collect();
        Problems::in_text(&self.name, &self.text, place(first), rest)
    }
}

/// Where that is: the value or its key, or as much of the way as there is.
fn place(table: &DeTable<'_>, path: &[Step], key: bool) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let Step::Key(name) = first else { return None };
    let (found, value) = table.iter().find(|(found, _)| found.get_ref() == name)?;
    if rest.is_empty() && key {
        return Some(found.span());
    }
    // Of a table that was not written as one value, the header is its place.
    within(value.get_ref(), rest, key).or_else(|| match value.get_ref() {
        DeValue::Table(_) => Some(found.span()),
        _ => Some(value.span()),
    })
}

fn within(value: &DeValue<'_>, path: &[Step], key: bool) -> Option<Range<usize>> {
    match (value, path.first()?) {
        (DeValue::Table(table), Step::Key(_)) => place(table, path, key),
        (DeValue::Array(items), Step::Item(index)) => {
            let item = items.get(*index)?;
            within(item.get_ref(), &path[1..], key).or_else(|| Some(item.span()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_the_way_to_it() {
        let text = "[stack]\nservices = [\"a\", \"b\"]\n\n[stack.values.redis]\nimage.tag = 5\n\
                    resources = { limits = { cpu = \"x\" } }\n";
        let written = Written::new("pis.toml", text);
        let at = |path: &[Step], key| {
            let wrong = Wrong {
                code: "inventory::stack",
                path: path.to_vec(),
                key,
                message: "m".to_owned(),
                why: "w".to_owned(),
                help: "h".to_owned(),
            };
            let problems = written.problems(wrong, Vec::new());
            problems.iter().next().and_then(Problem::span).map(|span| text[span].to_owned())
        };
        let keys = |keys: &[&str]| keys.iter().map(|key| Step::from(*key)).collect::<Vec<_>>();
        let mut item = keys(&["stack", "services"]);
        item.push(Step::Item(1));
        for (path, key, expected) in [
            (item, false, "\"b\""),
            (keys(&["stack", "values", "redis", "image", "tag"]), false, "5"),
            (keys(&["stack", "values", "redis", "image", "tag"]), true, "tag"),
            (keys(&["stack", "values", "redis"]), true, "redis"),
            (keys(&["stack", "values", "redis", "resources", "limits", "cpu"]), false, "\"x\""),
            (keys(&["stack", "values", "redis", "resources", "gone"]), true, "resources"),
        ] {
            assert_eq!(at(&path, key).as_deref(), Some(expected), "{path:?}");
        }
    }
}
