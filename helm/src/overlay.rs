//! Requests and limits measured in the cluster, laid over the charts' own: the
//! content of `pis.sizes.toml`.
//!
//! One table per place a card names, with what it stands on in a comment:
//!
//! ```toml
//! # 26 h, 1560 samples: ...
//! [redis.resources]
//! requests = { cpu = "10m", memory = "40Mi" }
//! limits = { memory = "192Mi" }
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::card::{Problem, Resources, ServiceId};
use crate::catalogue::Catalogue;
use crate::derive::merge;
use crate::quantity::{memory, millicores};
use crate::reader::{Fields, Reader};
use crate::words::advice;

pub use against::{Conflict, Cramped, Hidden, floor, place};

mod against;

/// What the file begins with.
const HEAD: &str = "\
# Requests and limits measured in the cluster, by `provision report --write`.
# Every later run lays them over the charts' own values; `[stack.values]` of the
# inventory wins. A table may be changed or deleted by hand.
";

/// The file's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// By service, then by where its chart keeps them.
    entries: BTreeMap<ServiceId, BTreeMap<String, Entry>>,
}

/// The requests and limits of one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Quantities by `cpu` and `memory`.
    pub requests: BTreeMap<&'static str, String>,
    /// Quantities by `cpu` and `memory`.
    pub limits: BTreeMap<&'static str, String>,
    /// What they stand on, line by line.
    #[serde(skip)]
    pub basis: Vec<String>,
    /// The file's line, from 1; 0 for one that was not read.
    #[serde(skip)]
    pub line: usize,
}

impl Overlay {
    /// Reads `text`; `file` is the name problems carry. A service the catalogue
    /// does not have, or a key its card does not name, is a problem. Every
    /// problem is reported, sorted by line.
    pub fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Problem>> {
        let (mut reader, fields) = Reader::open(file, text);
        let mut entries = BTreeMap::new();
        for (name, below) in fields.map(|f| f.sections(&mut reader)).unwrap_or_default() {
            let known = catalogue.iter().find(|(id, _)| id.as_str() == name.value);
            let Some((id, service)) = known else {
                let advice = advice(&name.value, catalogue.names());
                reader.wrong(name.at, format!("`{}` is no service: {advice}", name.value));
                continue;
            };
            let mut places = BTreeMap::new();
            read(&mut reader, below, "", id, &service.card.resources, &mut places);
            entries.insert(id.clone(), places);
        }
        reader.problems.sort();
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        let mut overlay = Self { entries };
        overlay.restore(text);
        Ok(overlay)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.values().all(BTreeMap::is_empty)
    }

    /// Whether it says something of this service.
    pub fn names(&self, service: &str) -> bool {
        self.entries.get(service).is_some_and(|places| !places.is_empty())
    }

    /// Adds an entry in place of a former one.
    pub fn put(&mut self, service: &ServiceId, key: &str, entry: Entry) {
        self.entries.entry(service.clone()).or_default().insert(key.to_owned(), entry);
    }

    /// Drops what is said of other services.
    pub fn keep(&mut self, services: &[ServiceId]) {
        self.entries.retain(|id, _| services.contains(id));
    }

    /// The values each chart gets.
    pub fn values(&self) -> BTreeMap<ServiceId, Value> {
        let values = |places: &BTreeMap<String, Entry>| {
            let mut values = Value::Object(Map::new());
            for (key, entry) in places {
                let own = json!(entry);
                merge(&mut values, key.rsplit('.').fold(own, |below, part| json!({part: below})));
            }
            values
        };
        self.entries.iter().map(|(id, places)| (id.clone(), values(places))).collect()
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (service, places) in &self.entries {
            for (key, entry) in places {
                text.push('\n');
                for line in &entry.basis {
                    let _ = writeln!(text, "{}", format!("# {line}").trim_end());
                }
                let _ = writeln!(text, "[{service}.{key}]");
                for (kind, quantities) in [("requests", &entry.requests), ("limits", &entry.limits)]
                {
                    let quantities: Vec<String> =
                        quantities.iter().map(|(what, q)| format!("{what} = \"{q}\"")).collect();
                    if !quantities.is_empty() {
                        let _ = writeln!(text, "{kind} = {{ {} }}", quantities.join(", "));
                    }
                }
            }
        }
        text
    }

    /// The comments right above the tables of a text we have written.
    fn restore(&mut self, text: &str) {
        let mut above = Vec::new();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix('#') {
                above.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
                continue;
            }
            let header = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            let place = header.and_then(|header| header.split_once('.'));
            let places = place.and_then(|(id, key)| self.entries.get_mut(id)?.get_mut(key));
            let above = std::mem::take(&mut above);
            if let Some(entry) = places {
                entry.basis = above;
            }
        }
    }
}

/// Reads the tables below `prefix`.
fn read(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    prefix: &str,
    id: &ServiceId,
    places: &[Resources],
    found: &mut BTreeMap<String, Entry>,
) {
    for (name, below) in fields.sections(reader) {
        let key =
            if prefix.is_empty() { name.value.clone() } else { format!("{prefix}.{}", name.value) };
        if places.iter().any(|place| place.values == key) {
            let entry = read_entry(reader, below);
            found.insert(key, entry);
        } else if places.iter().any(|place| place.values.starts_with(&format!("{key}."))) {
            read(reader, below, &key, id, places, found);
        } else {
            let advice = advice(&key, places.iter().map(|place| place.values.as_str()));
            reader
                .wrong(name.at, format!("`{id}` has no requests and limits in `{key}`: {advice}"));
        }
    }
}

fn read_entry(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Entry {
    let (at, line) = (fields.at, reader.line(fields.at));
    let requests = read_quantities(reader, &mut fields, "requests");
    let limits = read_quantities(reader, &mut fields, "limits");
    fields.finish(reader);
    for (what, amount) in [("cpu", millicores as fn(&str) -> Option<u64>), ("memory", memory)] {
        let (Some(request), Some(limit)) = (requests.get(what), limits.get(what)) else { continue };
        if amount(request) > amount(limit) {
            reader.wrong(
                at,
                format!("the request of {what}, {request}, is above the limit, {limit}"),
            );
        }
    }
    Entry { requests, limits, basis: Vec::new(), line }
}

fn read_quantities(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
) -> BTreeMap<&'static str, String> {
    let mut quantities = BTreeMap::new();
    let Some(mut below) = fields.table(reader, key) else { return quantities };
    for (what, amount, example) in
        [("cpu", millicores as fn(&str) -> Option<u64>, "250m"), ("memory", memory, "512Mi")]
    {
        let Some(text) = below.text(reader, what) else { continue };
        if amount(&text.value).is_none_or(|amount| amount == 0) {
            let message =
                format!("`{what}` cannot be `{}`: write it as in \"{example}\"", text.value);
            reader.wrong(text.at, message);
        }
        quantities.insert(what, text.value);
    }
    below.finish(reader);
    quantities
}

#[cfg(test)]
mod tests;
