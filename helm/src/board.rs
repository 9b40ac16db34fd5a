//! Where a service can run, decided from the cluster's boards.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::card::CannotRun;
use crate::derive::merge;

/// One node, as far as services choose by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    /// The node's name.
    pub node: String,
    /// Its board's id, when it is known.
    pub id: Option<String>,
    /// Its architecture level, when it is known. A processor that is not Arm's
    /// has none, and is below none.
    pub level: Option<String>,
    /// Its labels in Kubernetes.
    pub labels: BTreeMap<String, String>,
}

/// What a service gets for the boards there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placement {
    /// Values of its chart.
    pub values: Value,
    /// What the user should know of it.
    pub note: Option<String>,
}

/// No board runs the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The boards, and why they cannot.
    pub what: String,
    /// What can be done.
    pub hint: String,
}

/// Labels a service is bound by, the widest first. Every node has the last.
const LABELS: [&str; 3] = ["terrarium/cpu", "terrarium/board", "kubernetes.io/hostname"];

/// Where `service` runs, of which its card says where it cannot: anywhere, on
/// some nodes, or with other values. `chart` are the chart's own values,
/// `written` those of the inventory, which win.
pub fn place(
    service: &str,
    cannot_run: &[CannotRun],
    chart: &Value,
    written: &Value,
    nodes: &[Board],
) -> Result<Placement, Refused> {
    let mut effective = chart.clone();
    merge(&mut effective, written.clone());
    let open = |case: &&CannotRun| !case.instead.as_ref().is_some_and(|i| has(&effective, i));
    let cases: Vec<&CannotRun> = cannot_run.iter().filter(open).collect();
    let against = |node: &Board| cases.iter().copied().filter(|case| bars(case, node)).collect();
    let found: Vec<(&Board, Vec<&CannotRun>)> =
        nodes.iter().map(|node| (node, against(node))).collect();
    let (barred, able): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, against)| !against.is_empty());
    let (able, mut placement) = if able.is_empty() && !barred.is_empty() {
        instead(service, written, &barred)?
    } else {
        (able.iter().map(|(node, _)| node.node.as_str()).collect(), Placement::default())
    };
    // Who chooses nodes by hand knows why.
    if able.len() < nodes.len() && written.get("nodeSelector").is_none() {
        let (key, value) = selector(nodes, &able);
        merge(&mut placement.values, json!({"nodeSelector": {key: value}}));
    }
    Ok(placement)
}

/// Whether a case is about this board. Names of levels sort as the levels do.
fn bars(case: &CannotRun, node: &Board) -> bool {
    let among = case.boards.is_empty() || node.id.as_ref().is_some_and(|b| case.boards.contains(b));
    let below = |limit: &String| node.level.as_ref().is_some_and(|level| level < limit);
    among && case.arch_below.as_ref().is_none_or(below)
}

/// The nodes on which it runs with other values, and those values.
fn instead<'a>(
    service: &str,
    written: &Value,
    barred: &[(&'a Board, Vec<&CannotRun>)],
) -> Result<(BTreeSet<&'a str>, Placement), Refused> {
    let named = |nodes: &[&(&Board, Vec<&CannotRun>)]| {
        let boards: BTreeSet<&str> =
            nodes.iter().map(|(node, _)| node.id.as_deref().unwrap_or(&node.node)).collect();
        boards.into_iter().collect::<Vec<_>>().join(", ")
    };
    let all: Vec<_> = barred.iter().collect();
    let can = |entry: &&&(&Board, Vec<&CannotRun>)| entry.1.iter().all(|c| c.instead.is_some());
    let able: Vec<_> = all.iter().filter(can).copied().collect();
    let cases = if able.is_empty() { &all } else { &able };
    let cases = cases.iter().flat_map(|(_, against)| against).copied();
    let mut values = Value::Object(Map::new());
    let mut why = "";
    for case in cases {
        let refuse = |hint| Refused {
            what: format!("no node can run `{service}` ({}), because {}", named(&all), case.reason),
            hint,
        };
        let Some(other) = &case.instead else { return Err(refuse(hint(service, case))) };
        let other = Value::Object(other.clone());
        if let Some((path, value)) = differing(written, &other, "") {
            return Err(refuse(format!(
                "take `{path}` out of [stack.values.{service}], or set it to {value}"
            )));
        }
        merge(&mut values, other);
        why = &case.reason;
    }
    let note = format!(
        "`{service}` runs with {} on {}, because {why}",
        flat(&values, "").join(", "),
        named(&able)
    );
    let able = able.iter().map(|(node, _)| node.node.as_str()).collect();
    Ok((able, Placement { values, note: Some(note) }))
}

fn hint(service: &str, case: &CannotRun) -> String {
    let other = case.arch_below.as_ref().map_or_else(
        || "add a node with another board".to_owned(),
        |level| format!("add a node of {level} or newer (a Pi 5)"),
    );
    format!("{other}, or leave it out: `without = [\"{service}\"]` in [stack]")
}

/// The one label that holds for most of the nodes that can, and for no other.
fn selector(nodes: &[Board], able: &BTreeSet<&str>) -> (&'static str, String) {
    let mut best: (usize, &'static str, String) = (0, LABELS[2], String::new());
    for key in LABELS {
        let mut held: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for node in nodes {
            let name = (key == LABELS[2]).then_some(&node.node);
            let Some(value) = name.or_else(|| node.labels.get(key)) else { continue };
            let held = held.entry(value).or_default();
            held.0 += 1;
            held.1 |= !able.contains(node.node.as_str());
        }
        for (value, (count, wrong)) in held {
            if !wrong && count > best.0 {
                best = (count, key, value.to_owned());
            }
        }
    }
    (best.1, best.2)
}

/// Whether `values` say all that `wanted` says.
fn has(values: &Value, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| match (values.get(key), wanted) {
        (Some(found), Value::Object(wanted)) => has(found, wanted),
        (found, wanted) => found == Some(wanted),
    })
}

/// The first value of `wanted` that is written otherwise, by its path.
fn differing(written: &Value, wanted: &Value, at: &str) -> Option<(String, Value)> {
    match (written, wanted) {
        (Value::Object(written), Value::Object(wanted)) => wanted
            .iter()
            .find_map(|(key, wanted)| differing(written.get(key)?, wanted, &below(at, key))),
        (written, wanted) => (written != wanted).then(|| (at.to_owned(), wanted.clone())),
    }
}

/// Values as `path = value`.
fn flat(values: &Value, at: &str) -> Vec<String> {
    match values {
        Value::Object(table) => {
            table.iter().flat_map(|(key, value)| flat(value, &below(at, key))).collect()
        }
        value => vec![format!("{at} = {value}")],
    }
}

fn below(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

#[cfg(test)]
mod tests;
