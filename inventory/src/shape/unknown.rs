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
    ("ansible_host", "host"),
    ("hosts", "node"),
    ("servers", "node"),
    ("workers", "node"),
    ("machines", "node"),
    ("pis", "node"),
    ("ansible_user", "user"),
    ("ansible_port", "port"),
    ("ssh_user", "user"),
    ("ssh_port", "port"),
    ("password_path", "password_file"),
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
        .help(help(root, table, path, name, value.get_ref()))
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

fn help(
    root: &Value,
    table: Expected<'_>,
    path: &[&str],
    name: &str,
    value: &DeValue<'_>,
) -> String {
    if let Some(help) = inner(table, path, name, value) {
        return help;
    }
    if let Some(help) = a_node(path, name, value) {
        return help;
    }
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

/// What belongs one table deeper: a node's `user` is one of its `ssh`.
fn inner(table: Expected<'_>, path: &[&str], name: &str, value: &DeValue<'_>) -> Option<String> {
    if path != ["node"] || table.keys().any(|key| key == name) {
        return None;
    }
    let schema = table.key("ssh")?;
    let ours = also_called(name).unwrap_or(name);
    Expected::of(schema).keys().find(|key| *key == ours)?;
    let value = one_line(value)?;
    Some(format!("write `ssh = {{ {ours} = {value} }}`, or `{ours}` in `[ssh]` for all nodes"))
}

/// A table that is called like a node, as other files have it.
fn a_node(path: &[&str], name: &str, value: &DeValue<'_>) -> Option<String> {
    let address = |key: &str| key == "host" || also_called(key) == Some("host");
    let DeValue::Table(table) = value else { return None };
    let (_, host) = table.iter().find(|(key, _)| address(key.get_ref()))?;
    let host = one_line(host.get_ref())?;
    (path.is_empty() && also_called(name) != Some("node"))
        .then(|| format!("write `[[node]]`, `name = \"{name}\"`, `host = {host}`, a line each"))
}

/// A value as it stands on one line; of texts and whole numbers alone.
fn one_line(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(toml::Value::from(&**text).to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn also_called(name: &str) -> Option<&'static str> {
    ALSO_CALLED.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours)
}

/// The key of `table` that `name` was probably meant to be.
pub(super) fn meant<'s>(table: Expected<'s>, name: &str) -> Option<&'s str> {
    let known = also_called(name).and_then(|ours| table.keys().find(|key| *key == ours));
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
