//! The only place that prints outside the event stream. Documents go to
//! standard output, errors to standard error; both fit 80 columns where the
//! content allows it.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use terrarium_plan::{Effect, Plan};

use crate::command::status::Status;
use crate::error::Failure;

/// Whether errors are read by a person at a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Prints text as it is.
pub(crate) fn text(text: &str) {
    // A reader that went away has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Prints one line.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// Prints a document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    let mut json = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::internal("cannot write JSON", &error))?;
    json.push('\n');
    text(&json);
    Ok(())
}

/// Prints a document on one line, as the last of a stream.
pub(crate) fn json_line(document: &impl Serialize) -> Result<(), Failure> {
    let json =
        serde_json::to_string(document).map_err(|error| Failure::internal("cannot write JSON", &error))?;
    line(&json);
    Ok(())
}

/// Prints the one error a run may end with: headline, causes, hint.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("error: {}\n", failure.what);
    for cause in &failure.causes {
        let _ = writeln!(text, "  caused by: {}", cause.replace('\n', "\n    "));
    }
    if let Some(hint) = &failure.hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A plan, node by node.
pub(crate) fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    for refusal in &plan.refusals {
        let node = refusal.node.as_deref().unwrap_or("cluster");
        let _ = writeln!(text, "refused  {node}: {}\n         {}", refusal.what, refusal.hint);
    }
    for note in &plan.notes {
        let node = note.node.as_deref().unwrap_or("cluster");
        let _ = writeln!(text, "note     {node}: {}\n         {}", note.what, note.hint);
    }
    for (node, changes) in plan.nodes.iter().filter(|(_, changes)| !changes.is_empty()) {
        let _ = writeln!(text, "{node}");
        for change in changes {
            let effect = match &change.effect {
                Effect::None => String::new(),
                Effect::Restarts(unit) => format!("  [restarts {unit}]"),
                Effect::Reboots => "  [needs a restart of the node]".to_owned(),
            };
            let _ = writeln!(text, "  {:<14} {}{effect}\n  {:<14} because: {}", change.id, change.title, "", change.reason);
        }
    }
    if !plan.stack.is_empty() {
        let _ = writeln!(text, "stack");
        for change in &plan.stack {
            let _ = writeln!(text, "  {:<14} {} (wave {})\n  {:<14} because: {}", change.service, change.kind, change.wave, "", change.reason);
        }
    }
    let verdict = if plan.is_empty() {
        "Nothing to do: everything is as the inventory wishes.\n".to_owned()
    } else if plan.refusals.is_empty() {
        format!("{} changes. Nothing has been touched.\n", plan.len())
    } else {
        format!("Refused for {} reasons. Nothing has been touched.\n", plan.refusals.len())
    };
    text + &verdict
}

/// A status, one line a node.
pub(crate) fn status(status: &Status) -> String {
    let mut text = String::from("NODE       HOST              ROLE    K3S            READY  AGENT  CHANGES\n");
    let kube = status.nodes.iter().find_map(|node| node.facts.as_ref()?.cluster.as_ref());
    for node in &status.nodes {
        let ready = kube.and_then(|cluster| cluster.nodes.iter().find(|found| found.name == node.name));
        let version = ready.map_or("-", |found| found.version.as_str());
        let changes = status.plan.nodes.get(&node.name).map_or(0, Vec::len);
        let word = |yes: bool| if yes { "yes" } else { "no" };
        let role = match node.role {
            terrarium_inventory::Role::Server => "server",
            terrarium_inventory::Role::Agent => "agent",
        };
        let _ = writeln!(
            text,
            "{:<10} {:<17} {role:<7} {version:<14} {:<6} {:<6} {changes}",
            node.name,
            node.host,
            word(ready.is_some_and(|found| found.ready)),
            word(node.agent_answers),
        );
        if let Some(error) = &node.error {
            let _ = writeln!(text, "           {error}");
        }
    }
    if !status.plan.is_empty() {
        text.push('\n');
        text.push_str(&plan(&status.plan));
    }
    text
}
