//! A key nobody asked for: what was probably meant.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::expected::Expected;
use crate::mask::is_secret;
use crate::problem::Problem;
use crate::words::{listed, nearest, quote};

/// Names other tools give to keys of ours.
const ALSO_CALLED: &[(&str, &str)] = &[
    ("address", "host"),
    ("addr", "host"),
    ("ip", "host"),
    ("hostname", "host"),
    ("hosts", "node"),
    ("username", "user"),
    ("login", "user"),
    ("key", "identity"),
    ("key_file", "identity"),
    ("identity_file", "identity"),
    ("identities", "identity"),
    ("private_key", "identity"),
    ("ssh_key", "identity"),
    ("fingerprint", "host_key"),
    ("hostkey", "host_key"),
    ("host_keys", "host_key"),
    ("hardware", "board"),
    ("model", "board"),
    ("label", "labels"),
    ("tz", "timezone"),
];

/// The problem with the key `name` in the table at `path`.
pub(super) fn key(
    root: &Value,
    table: Expected<'_>,
    path: &[&str],
    name: &str,
    span: Range<usize>,
    value: &Spanned<DeValue<'_>>,
) -> Problem {
    if is_secret(name) && !matches!(value.get_ref(), DeValue::Table(_)) {
        return password(path, name, span);
    }
    let place = match path {
        [] => "at the top level".to_owned(),
        path => format!("in `{}`", header(path)),
    };
    Problem::new("inventory::unknown-key", format!("unknown key {} {place}", quote(name)))
        .at(span, "not a key of this table")
        .help(help(root, table, path, name))
}

/// A secret in the file: the one unknown key that is worse than a slip.
fn password(path: &[&str], name: &str, span: Range<usize>) -> Problem {
    let table = match path {
        [] => "ssh",
        [first, ..] => first,
    };
    let place = if table == "node" { "the node's `ssh`" } else { "`[ssh]`" };
    Problem::new("inventory::password", format!("{} does not belong in an inventory", quote(name)))
        .at(span, "a secret in a file that is shared")
        .help(format!(
            "remove it, change it where it is used, and put the new one in a file only you can \
             read; name that file as `password_file` in {place}, or let `provision` ask for it"
        ))
}

fn help(root: &Value, table: Expected<'_>, path: &[&str], name: &str) -> String {
    if let Some(meant) = meant(table, name) {
        return match (path, meant) {
            ([], "node") => "did you mean `[[node]]`?".to_owned(),
            _ => format!("did you mean `{meant}`?"),
        };
    }
    if let Some(section) = section_with(root, path, name) {
        return format!("`{name}` is a key of `{}`", header(&[section]));
    }
    format!("the keys here are {}", listed(table.keys()))
}

/// The key of `table` that `name` was probably meant to be.
pub(super) fn meant<'s>(table: Expected<'s>, name: &str) -> Option<&'s str> {
    let ours = ALSO_CALLED.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    let known = ours.and_then(|ours| table.keys().find(|key| *key == ours));
    known.or_else(|| nearest(name, table.keys()))
}

/// The top-level table that has a key of that name.
fn section_with<'s>(root: &'s Value, path: &[&str], name: &str) -> Option<&'s str> {
    let sections = root["properties"].as_object()?;
    sections.iter().find_map(|(section, schema)| {
        let schema = if section == "node" { &schema["items"] } else { schema };
        let has = Expected::of(schema).keys().any(|key| key == name);
        (has && path.first() != Some(&section.as_str())).then_some(section.as_str())
    })
}

/// How the table at `path` is written: `[k3s.sha256]`, `[[node]]`.
fn header(path: &[&str]) -> String {
    match path {
        ["node"] => "[[node]]".to_owned(),
        path => {
            let name = quote(&path.join("."));
            format!("[{}]", name.trim_matches('`'))
        }
    }
}
