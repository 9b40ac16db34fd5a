//! A key that must be there and is not.

use std::ops::Range;

use crate::problem::Problem;

/// `key` is missing in the table at `path`, which stands at `span`.
pub(super) fn key(path: &[&str], key: &str, span: Range<usize>) -> Problem {
    let Some(table) = path.last() else {
        return no_nodes(span);
    };
    let example = match key {
        "name" => "name = \"pi-1\"",
        _ => "host = \"192.168.1.11\"",
    };
    Problem::new("inventory::missing-key", format!("a `[[{table}]]` has no `{key}`"))
        .at(span, format!("`{key}` is missing here"))
        .help(format!("add for example `{example}`"))
}

/// The only list that must not be empty is empty.
pub(super) fn items(span: Range<usize>) -> Problem {
    no_nodes(span)
}

fn no_nodes(span: Range<usize>) -> Problem {
    Problem::new("inventory::no-nodes", "the inventory lists no node")
        .at(span, "no `[[node]]` in here")
        .help(
            "add a `[[node]]` with `name` and `host` for each Pi; `provision init` writes a first \
             file",
        )
}
