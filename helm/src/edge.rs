//! The arrows of the stack's diagram, and how each is proven: a marked record
//! goes in at the tail and is looked for at the head.

use std::collections::BTreeSet;

use include_dir::{Dir, include_dir};
use serde::Serialize;

use crate::card::{Problem, ServiceId, label};
use crate::reader::{Fields, Reader};

/// The edges as they were when the program was compiled.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/edges");

/// Stands for the mark in a check's commands.
pub(crate) const MARK: &str = "{mark}";

/// One arrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Its number in the diagram, from 1.
    pub number: u32,
    /// The tail. It may be a service still to come.
    pub from: ServiceId,
    /// The head.
    pub to: ServiceId,
    /// What the arrow says.
    pub title: String,
    /// How it is proven; `None` while a service of it is still to come.
    pub check: Option<Check>,
}

/// How an arrow is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Seconds the record may take.
    pub within: u32,
    /// The services that take part.
    pub needs: Vec<ServiceId>,
    /// Puts the marked record in.
    pub put: Exec,
    /// Shows the mark once the record has arrived; run again until it does.
    pub look: Exec,
    /// Takes the record away again.
    pub clean: Vec<Exec>,
}

/// A command in a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exec {
    /// The service whose pod it is.
    pub service: ServiceId,
    /// Program and arguments, `{mark}` where the mark goes.
    pub run: Vec<String>,
}

impl Exec {
    /// Program and arguments with this mark.
    pub fn marked(&self, mark: &str) -> Vec<String> {
        self.run.iter().map(|word| word.replace(MARK, mark)).collect()
    }
}

impl Edge {
    /// Reads one edge; `file` is the name problems carry.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let (mut reader, fields) = Reader::open(file, text);
        let edge = fields.and_then(|fields| read(&mut reader, fields));
        reader.problems.sort();
        match edge {
            Some(edge) if reader.problems.is_empty() => Ok(edge),
            _ => Err(reader.problems),
        }
    }

    /// What keeps the edge from being proven where these services are
    /// deployed: the services that are not there. Empty when nothing does.
    pub fn missing<'a>(&'a self, deployed: &BTreeSet<ServiceId>) -> Vec<&'a ServiceId> {
        let ends = [&self.from, &self.to];
        match &self.check {
            Some(check) => check.needs.iter().filter(|need| !deployed.contains(*need)).collect(),
            None => ends.into_iter().filter(|end| !deployed.contains(*end)).collect(),
        }
    }
}

/// Every edge of the diagram, by number.
pub fn edges() -> Result<Vec<Edge>, Vec<Problem>> {
    let mut edges = Vec::new();
    let mut problems = Vec::new();
    for file in EMBEDDED.files() {
        let name = format!("edges/{}", file.path().display());
        match Edge::parse(&name, file.contents_utf8().unwrap_or_default()) {
            Ok(edge) => edges.push(edge),
            Err(found) => problems.extend(found),
        }
    }
    edges.sort_by_key(|edge| edge.number);
    if problems.is_empty() { Ok(edges) } else { Err(problems) }
}

fn read(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Option<Edge> {
    let number = fields.count(reader, "number");
    let from = service(reader, &mut fields, "from");
    let to = service(reader, &mut fields, "to");
    let title = fields.required(reader, "title").value;
    let check = fields.has("put").then(|| read_check(reader, &mut fields)).flatten();
    fields.finish(reader);
    Some(Edge { number, from: from?, to: to?, title, check })
}

fn read_check(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Check> {
    let within = fields.count(reader, "within");
    let needs = fields.texts(reader, "needs");
    let needs = needs.into_iter().filter_map(|name| label(reader, &name)).collect();
    let at = fields.at;
    let put = fields.table(reader, "put").and_then(|put| read_exec(reader, put));
    if put.as_ref().is_some_and(|put| !put.run.iter().any(|word| word.contains(MARK))) {
        reader.wrong(at, format!("`put` does not say where the mark goes: {MARK}"));
    }
    let look = fields.table(reader, "look").and_then(|look| read_exec(reader, look));
    if look.is_none() {
        reader.wrong(fields.at, "a check that puts a record in has to `look` for it");
    }
    let clean = fields.tables(reader, "clean");
    let clean = clean.into_iter().filter_map(|step| read_exec(reader, step)).collect();
    Some(Check { within, needs, put: put?, look: look?, clean })
}

fn read_exec(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Option<Exec> {
    let at = fields.at;
    let service = service(reader, &mut fields, "in");
    let run: Vec<String> = fields.texts(reader, "run").into_iter().map(|word| word.value).collect();
    if run.is_empty() {
        reader.wrong(at, "`run` names no program");
    }
    fields.finish(reader);
    Some(Exec { service: service?, run })
}

fn service(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
) -> Option<ServiceId> {
    let name = fields.required(reader, key);
    label(reader, &name)
}

#[cfg(test)]
mod tests;
