//! A service's card, `service.toml`: what the chart cannot say about it.
//!
//! Version, image, requests and limits are the chart's and are not repeated.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::Serialize;

use crate::reader::{Fields, Placed, Reader};
use crate::words::advice;

pub use crate::reader::Problem;

/// The headings services are listed under, in the order they are shown.
pub const GROUPS: [&str; 7] = [
    "Cluster",
    "Data stores",
    "Streaming",
    "Orchestration",
    "Machine learning",
    "Analytics",
    "Monitoring",
];

/// Architecture levels a board can have, the lowest first.
const LEVELS: [&str; 2] = ["armv8.0-a", "armv8.2-a"];

/// A service's name: its folder, its chart, its release and its host name. A
/// DNS label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ServiceId(String);

impl ServiceId {
    /// `None` unless `name` is a DNS label (lower case, 63 characters at most).
    pub fn new(name: &str) -> Option<Self> {
        let letters =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = !name.starts_with('-') && !name.ends_with('-');
        (letters && ends && (1..=63).contains(&name.len())).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ServiceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Borrow<str> for ServiceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a card says, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The name people know it by.
    pub title: String,
    /// One line: what it is for here.
    pub summary: String,
    /// One of [`GROUPS`].
    pub group: String,
    /// Name of the icon on the home page.
    pub icon: String,
    /// The profiles it belongs to, sorted.
    pub profiles: Vec<String>,
    /// The services it cannot start without, sorted.
    pub needs: Vec<ServiceId>,
    /// The arrows it is the tail of. Their heads may be services still to come.
    pub edges: Vec<Edge>,
    /// Ports of its Service, by name.
    pub ports: BTreeMap<String, u16>,
    /// The user interface, when it has one.
    pub ui: Option<Ui>,
    /// How to ask whether it is well; `None` for one without a process.
    pub health: Option<Health>,
    /// Where it cannot run.
    pub cannot_run: Vec<CannotRun>,
}

/// One arrow of the stack's picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The head.
    pub to: ServiceId,
    /// The verb on the arrow.
    pub label: String,
}

/// A user interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ui {
    /// The port's name.
    pub port: String,
    /// First label of the host name under the cluster's domain.
    pub host: String,
    /// Where on that host it begins.
    pub path: String,
}

/// How a service is asked whether it is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The port's name.
    pub port: String,
    /// What is asked there.
    pub probe: Probe,
}

/// What a health probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// The port accepts a connection.
    Tcp,
    /// `GET` of this path answers with a status below 400.
    Http(String),
}

/// Boards a service cannot run on: those that meet every condition given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CannotRun {
    /// Board ids of the hardware catalogue; empty means any.
    pub boards: Vec<String>,
    /// Boards below this architecture level.
    pub arch_below: Option<String>,
    /// The reason, as the user reads it after "because".
    pub reason: String,
}

impl Card {
    /// Reads a card; `file` is the name problems carry. Every problem is
    /// reported, sorted by line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let (mut reader, fields) = Reader::open(file, text);
        let card = fields.map(|fields| read(&mut reader, fields));
        reader.problems.sort();
        match card {
            Some(card) if reader.problems.is_empty() => Ok(card),
            _ => Err(reader.problems),
        }
    }
}

fn read(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Card {
    let title = fields.required(reader, "title").value;
    let summary = fields.required(reader, "summary").value;
    let group = fields.required(reader, "group");
    let group = choice(reader, "group", group, &GROUPS);
    let icon = fields.required(reader, "icon").value;
    let profiles = fields.texts(reader, "profiles");
    let needs = fields.texts(reader, "needs");
    let edges =
        fields.tables(reader, "edge").into_iter().filter_map(|edge| read_edge(reader, edge));
    let edges = edges.collect();
    let ports = read_ports(reader, &mut fields);
    let ui = fields.table(reader, "ui").map(|ui| read_ui(reader, ui, &ports));
    let health = fields.table(reader, "health").map(|health| read_health(reader, health, &ports));
    let cannot_run = fields.tables(reader, "cannot_run");
    let cannot_run = cannot_run.into_iter().map(|case| read_cannot_run(reader, case)).collect();
    fields.finish(reader);
    let mut profiles: Vec<String> =
        profiles.into_iter().filter_map(|name| label(reader, &name)).map(|id| id.0).collect();
    let mut needs: Vec<ServiceId> =
        needs.into_iter().filter_map(|name| label(reader, &name)).collect();
    profiles.sort();
    needs.sort();
    Card { title, summary, group, icon, profiles, needs, edges, ports, ui, health, cannot_run }
}

fn read_edge(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Option<Edge> {
    let to = fields.required(reader, "to");
    let label_text = fields.required(reader, "label").value;
    fields.finish(reader);
    label(reader, &to).map(|to| Edge { to, label: label_text })
}

fn read_ports(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> BTreeMap<String, u16> {
    let mut ports = BTreeMap::new();
    for (name, number) in fields.numbers(reader, "ports") {
        // Kubernetes' own rule for a port's name: 15 characters at most.
        if ServiceId::new(&name).is_none() || name.len() > 15 {
            reader.wrong(
                number.at,
                format!("port `{name}` is no name of up to 15 of a-z, 0-9 and -"),
            );
        }
        match u16::try_from(number.value) {
            Ok(port) if port > 0 => {
                ports.insert(name, port);
            }
            _ => reader.wrong(number.at, format!("port {} is not within 1 to 65535", number.value)),
        }
    }
    ports
}

fn read_ui(reader: &mut Reader<'_>, mut fields: Fields<'_>, ports: &BTreeMap<String, u16>) -> Ui {
    let port = port(reader, &mut fields, ports);
    let host = fields.required(reader, "host");
    let path =
        fields.text(reader, "path").map_or_else(|| "/".to_owned(), |path| absolute(reader, path));
    fields.finish(reader);
    Ui { port, host: label(reader, &host).map_or_else(String::new, |id| id.0), path }
}

fn read_health(
    reader: &mut Reader<'_>,
    mut fields: Fields<'_>,
    ports: &BTreeMap<String, u16>,
) -> Health {
    let at = fields.at;
    let port = port(reader, &mut fields, ports);
    let kind = fields.required(reader, "kind");
    let kind = choice(reader, "kind", kind, &["http", "tcp"]);
    let path = fields.text(reader, "path");
    let probe = match (kind.as_str(), path) {
        ("http", Some(path)) => Probe::Http(absolute(reader, path)),
        ("http", None) => {
            reader.wrong(at, "a health probe of kind `http` asks for a `path`");
            Probe::Tcp
        }
        (_, Some(path)) => {
            reader.wrong(path.at, "only a health probe of kind `http` has a `path`");
            Probe::Tcp
        }
        (_, None) => Probe::Tcp,
    };
    fields.finish(reader);
    Health { port, probe }
}

fn read_cannot_run(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> CannotRun {
    let boards = fields.texts(reader, "boards");
    let arch_below = fields.text(reader, "arch_below");
    if boards.is_empty() && arch_below.is_none() {
        reader.wrong(fields.at, "`cannot_run` names no condition: `boards` or `arch_below`");
    }
    let arch_below = arch_below.map(|level| choice(reader, "arch_below", level, &LEVELS));
    let reason = fields.required(reader, "reason").value;
    fields.finish(reader);
    let boards = boards.into_iter().filter_map(|id| label(reader, &id)).map(|id| id.0).collect();
    CannotRun { boards, arch_below, reason }
}

/// A DNS label, or a problem.
fn label(reader: &mut Reader<'_>, text: &Placed<String>) -> Option<ServiceId> {
    // An absent or empty text has been reported where it was asked for.
    let id = ServiceId::new(&text.value);
    if id.is_none() && !text.value.is_empty() {
        reader.wrong(text.at, format!("`{}` is no name of a-z, 0-9 and -", text.value));
    }
    id
}

fn choice(
    reader: &mut Reader<'_>,
    key: &str,
    text: Placed<String>,
    among: &[&'static str],
) -> String {
    if !text.value.is_empty() && !among.contains(&text.value.as_str()) {
        let advice = advice(&text.value, among.iter().copied());
        reader.wrong(text.at, format!("`{key}` cannot be `{}`: {advice}", text.value));
    }
    text.value
}

fn absolute(reader: &mut Reader<'_>, path: Placed<String>) -> String {
    if !path.value.starts_with('/') {
        reader.wrong(path.at, format!("the path `{}` does not begin with `/`", path.value));
    }
    path.value
}

fn port(reader: &mut Reader<'_>, fields: &mut Fields<'_>, ports: &BTreeMap<String, u16>) -> String {
    let port = fields.required(reader, "port");
    if !port.value.is_empty() && !ports.contains_key(&port.value) {
        let advice = advice(&port.value, ports.keys().map(String::as_str));
        reader.wrong(port.at, format!("`[ports]` has no `{}`: {advice}", port.value));
    }
    port.value
}

#[cfg(test)]
mod tests;
