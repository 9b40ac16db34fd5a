//! Holds a file against the schema: which keys there are and of what types.
//!
//! What does not fit is reported and taken out, so that the rest can be read
//! and checked as well: one run shows all that is wrong.

mod expected;
mod missing;
mod unknown;
mod wrong;

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::problem::Problem;
use expected::Expected;

/// A look at one table of the file.
struct Look<'s> {
    /// The schema of the whole file, to say where a misplaced key belongs.
    root: &'s Value,
    problems: Vec<Problem>,
}

/// Reports what of `file` does not fit `schema` and removes it.
pub(crate) fn check(file: &mut Spanned<DeTable<'_>>, schema: &Value) -> Vec<Problem> {
    let mut look = Look { root: schema, problems: Vec::new() };
    let span = file.span();
    look.table(file.get_mut(), Expected::of(schema), &[], span);
    look.problems
}

impl Look<'_> {
    /// `path` is the table's own: the keys that lead to it.
    fn table(
        &mut self,
        table: &mut DeTable<'_>,
        expected: Expected<'_>,
        path: &[&str],
        span: Range<usize>,
    ) {
        let strangers: Vec<&str> = table
            .iter()
            .map(|(key, _)| -> &str { key.get_ref() })
            .filter(|name| expected.key(name).is_none())
            .collect();
        for key in expected.required() {
            // Under a slip of the pen it is there, and the slip gets reported.
            let misspelt = strangers.iter().any(|name| unknown::meant(expected, name) == Some(key));
            if !misspelt && !table.contains_key(key) {
                self.problems.push(missing::key(path, key, span.clone()));
            }
        }
        for (key, mut value) in std::mem::take(table) {
            let name: &str = key.get_ref();
            let fits = if let Some(schema) = expected.key(name) {
                let path: Vec<&str> = path.iter().copied().chain([name]).collect();
                self.value(&mut value, Expected::of(schema), &path)
            } else {
                let problem = unknown::key(self.root, expected, path, name, key.span(), &value);
                self.problems.push(problem);
                false
            };
            if fits {
                table.insert(key, value);
            }
        }
    }

    /// Whether `value` can stay.
    fn value(
        &mut self,
        value: &mut Spanned<DeValue<'_>>,
        expected: Expected<'_>,
        path: &[&str],
    ) -> bool {
        let span = value.span();
        if let Some(problem) = wrong::value(value.get_ref(), span.clone(), expected, path) {
            self.problems.push(problem);
            return false;
        }
        match value.get_mut() {
            DeValue::Table(table) if expected.is_table() => {
                self.table(table, expected, path, span);
                true
            }
            DeValue::Array(items) => {
                if expected.wants_items() && items.is_empty() {
                    self.problems.push(missing::items(span));
                    return false;
                }
                let Some(item) = expected.item() else {
                    return true;
                };
                let item = Expected::of(item);
                let in_list: Vec<&str> = path.iter().copied().chain([wrong::ITEM]).collect();
                // A table of an array of tables goes by the array's name.
                let path = if item.is_table() { path } else { &in_list };
                for mut value in std::mem::replace(items, DeArray::new()) {
                    if self.value(&mut value, item, path) {
                        items.push(value);
                    }
                }
                true
            }
            _ => true,
        }
    }
}
