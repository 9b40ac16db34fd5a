//! A status, for people.

use super::columns::{Head, Laid, laid, words_under};
use super::look::Look;
use super::plan::plan;
use super::terminal::wrapped;
use crate::command::status::{NodeStatus, Status, Unwell};

/// Stands for what could not be asked.
const UNKNOWN: &str = "?";

/// Headings, and how wide their columns usually are.
const HEADS: [Head; 7] = [
    words_under("NODE", 9),
    words_under("HOST", 16),
    words_under("ROLE", 6),
    words_under("K3S", 13),
    words_under("READY", 5),
    words_under("AGENT", 5),
    words_under("CHANGES", 7),
];

/// A status, one row a node.
pub(crate) fn status(status: &Status) -> String {
    let rows: Vec<Vec<String>> = status.nodes.iter().map(|node| row(status, node)).collect();
    let Laid { head: mut text, rows } = laid(&HEADS, &rows, Look::get().width);
    for (node, row) in status.nodes.iter().zip(rows) {
        text.push_str(&row);
        text.push_str(&below(node));
    }
    if !status.plan.is_empty() || !status.plan.notes.is_empty() || !status.unseen.is_empty() {
        text.push('\n');
        text.push_str(&plan(&status.plan, &status.unseen, status.nodes.len()));
    }
    text
}

fn row(status: &Status, node: &NodeStatus) -> Vec<String> {
    let kube = status.nodes.iter().find_map(|node| node.facts.as_ref()?.cluster.as_ref());
    let ready = kube.and_then(|cluster| cluster.nodes.iter().find(|found| found.name == node.name));
    // What was not asked is not known: never a no, and never a nought.
    let version = match ready {
        Some(found) => found.version.as_str(),
        None if kube.is_some() => "-",
        None => UNKNOWN,
    };
    let word = |yes: bool| if yes { "yes" } else { "no" };
    let told = match ready {
        Some(found) => word(found.ready),
        None if kube.is_some() || (status.stack_seen && node.seen) => "no",
        None => UNKNOWN,
    };
    let role = match node.role {
        terrarium_inventory::Role::Server => "server",
        terrarium_inventory::Role::Agent => "agent",
    };
    let answers = node.agent_answers.map_or(UNKNOWN, word);
    let changes = node.changes.map_or_else(|| UNKNOWN.to_owned(), |changes| changes.to_string());
    [&node.name, &node.host, role, version, told, answers, &changes].map(str::to_owned).to_vec()
}

/// What a node or the agent on it has to say.
fn below(node: &NodeStatus) -> String {
    let mut text = String::new();
    if let Some(error) = &node.error {
        text.push_str(&wrapped("           not looked at: ", error));
        text.push('\n');
    }
    for Unwell { service, failure, seconds } in &node.unwell {
        let told = match seconds {
            None => format!("`{service}` is unhealthy: {failure}"),
            Some(since) => format!("`{service}` has been unhealthy for {since} s: {failure}"),
        };
        text.push_str(&wrapped("           ", &told));
        text.push('\n');
    }
    text
}
