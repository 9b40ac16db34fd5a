//! A card's text, key by key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    CannotRun, Card, GROUPS, Health, Heap, Login, Probe, Problem, Proof, Resources, ServiceId, Ui,
    User,
};
use crate::edge::MARK;
use crate::reader::{Fields, Placed, Reader};
use crate::words::advice;

/// Architecture levels a board can have, the lowest first.
const LEVELS: [&str; 2] = ["armv8.0-a", "armv8.2-a"];

pub(super) fn card(file: &str, text: &str) -> Result<Card, Vec<Problem>> {
    let (mut reader, fields) = Reader::open(file, text);
    let card = fields.map(|fields| read(&mut reader, fields));
    reader.problems.sort();
    match card {
        Some(card) if reader.problems.is_empty() => Ok(card),
        _ => Err(reader.problems),
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
    let uses = read_uses(reader, &mut fields);
    let internet = fields.flag(reader, "internet");
    let ports = read_ports(reader, &mut fields);
    let metrics = fields.text(reader, "metrics").map(|name| known_port(reader, name, &ports));
    let ui = fields.table(reader, "ui").map(|ui| read_ui(reader, ui, &ports));
    let logins = fields.tables(reader, "login");
    let logins = logins.into_iter().map(|login| read_login(reader, login)).collect();
    let health = fields.table(reader, "health").map(|health| read_health(reader, health, &ports));
    let crds = fields.texts(reader, "crds").into_iter().map(|name| name.value).collect();
    let proof = fields.table(reader, "proof").map(|proof| read_proof(reader, proof));
    let resources = fields.tables(reader, "resources");
    let resources = resources.into_iter().map(|place| read_resources(reader, place)).collect();
    let cannot_run = fields.tables(reader, "cannot_run");
    let cannot_run = cannot_run.into_iter().map(|case| read_cannot_run(reader, case)).collect();
    fields.finish(reader);
    let mut profiles: Vec<String> =
        profiles.into_iter().filter_map(|name| label(reader, &name)).map(|id| id.0).collect();
    let mut needs: Vec<ServiceId> =
        needs.into_iter().filter_map(|name| label(reader, &name)).collect();
    profiles.sort();
    needs.sort();
    Card {
        title,
        summary,
        group,
        icon,
        profiles,
        needs,
        uses,
        internet,
        ports,
        metrics,
        ui,
        logins,
        health,
        crds,
        proof,
        resources,
        cannot_run,
    }
}

fn read_uses(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
) -> BTreeMap<ServiceId, Map<String, Value>> {
    let uses = fields.named(reader, "uses");
    uses.into_iter()
        .filter_map(|(name, wants)| label(reader, &name).map(|id| (id, wants)))
        .collect()
}

fn read_proof(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Proof {
    let at = fields.at;
    let within = fields.count(reader, "within");
    let mut words = |reader: &mut Reader<'_>, key| -> Vec<String> {
        let words: Vec<String> =
            fields.texts(reader, key).into_iter().map(|word| word.value).collect();
        if !words.iter().any(|word| word.contains(MARK)) {
            reader
                .wrong(at, format!("`{key}` of a proof does not say where the mark goes: {MARK}"));
        }
        words
    };
    let (put, look) = (words(reader, "put"), words(reader, "look"));
    let clean = words(reader, "clean");
    fields.finish(reader);
    Proof { within, put, look, clean }
}

fn read_login(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Login {
    let at = fields.at;
    let title = fields.required(reader, "title").value;
    let secret = fields.required(reader, "secret").value;
    let fixed = fields.text(reader, "user").map(|user| user.value);
    let key = fields.text(reader, "user_key").map(|key| key.value);
    let user = match (fixed, key) {
        (Some(_), Some(_)) => {
            reader.wrong(at, "a login has a `user` or a `user_key`, not both");
            User::Fixed(String::new())
        }
        (fixed, None) => User::Fixed(fixed.unwrap_or_default()),
        (None, Some(key)) => User::Key(key),
    };
    let password_key = fields.text(reader, "password_key");
    let password_key = password_key.map_or_else(|| "password".to_owned(), |key| key.value);
    let address = fields.text(reader, "address").map(|address| address.value);
    fields.finish(reader);
    Login { title, secret, user, password_key, address }
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
    let login = fields.flag(reader, "login");
    fields.finish(reader);
    Ui { port, host: label(reader, &host).map_or_else(String::new, |id| id.0), path, login }
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

fn read_resources(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> Resources {
    let values = fields.required(reader, "values").value;
    let containers = fields.texts(reader, "containers");
    if containers.is_empty() {
        reader.wrong(fields.at, "`resources` names no container: `containers`");
    }
    let unit = fields.text(reader, "heap_unit");
    let heap = fields.text(reader, "heap").map(|heap| heap.value);
    if let (Some(unit), None) = (&unit, &heap) {
        reader.wrong(unit.at, "`heap_unit` is the unit of `heap`, which is missing");
    }
    // Where nobody says it, a number has its own unit, or counts MiB.
    let unit = unit.map(|unit| choice(reader, "heap_unit", unit, &["MiB", "GiB"]));
    let unit = if unit.as_deref() == Some("GiB") { 1 << 30 } else { 1 << 20 };
    fields.finish(reader);
    let containers =
        containers.into_iter().filter_map(|name| label(reader, &name)).map(|id| id.0).collect();
    Resources { values, containers, heap: heap.map(|value| Heap { value, unit }) }
}

fn read_cannot_run(reader: &mut Reader<'_>, mut fields: Fields<'_>) -> CannotRun {
    let boards = fields.texts(reader, "boards");
    let arch_below = fields.text(reader, "arch_below");
    if boards.is_empty() && arch_below.is_none() {
        reader.wrong(fields.at, "`cannot_run` names no condition: `boards` or `arch_below`");
    }
    let arch_below = arch_below.map(|level| choice(reader, "arch_below", level, &LEVELS));
    let reason = fields.required(reader, "reason").value;
    let instead = fields.values(reader, "instead");
    fields.finish(reader);
    let boards = boards.into_iter().filter_map(|id| label(reader, &id)).map(|id| id.0).collect();
    CannotRun { boards, arch_below, reason, instead }
}

/// A DNS label, or a problem.
pub(crate) fn label(reader: &mut Reader<'_>, text: &Placed<String>) -> Option<ServiceId> {
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
    known_port(reader, port, ports)
}

fn known_port(
    reader: &mut Reader<'_>,
    port: Placed<String>,
    ports: &BTreeMap<String, u16>,
) -> String {
    if !port.value.is_empty() && !ports.contains_key(&port.value) {
        let advice = advice(&port.value, ports.keys().map(String::as_str));
        reader.wrong(port.at, format!("`[ports]` has no `{}`: {advice}", port.value));
    }
    port.value
}
