//! A status, for people.

use std::fmt::Write as _;

use super::plan::plan;
use super::terminal::wrapped;
use crate::command::status::{Status, Unwell};

/// Stands for what could not be asked.
const UNKNOWN: &str = "?";

/// A status, one line a node.
pub(crate) fn status(status: &Status) -> String {
    let mut text =
        String::from("NODE       HOST              ROLE    K3S            READY  AGENT  CHANGES\n");
    let kube = status.nodes.iter().find_map(|node| node.facts.as_ref()?.cluster.as_ref());
    for node in &status.nodes {
        let ready =
            kube.and_then(|cluster| cluster.nodes.iter().find(|found| found.name == node.name));
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
        let _ = writeln!(
            text,
            "{:<10} {:<17} {role:<7} {version:<14} {told:<6} {:<6} {}",
            node.name,
            node.host,
            node.agent_answers.map_or(UNKNOWN, word),
            node.changes.map_or_else(|| UNKNOWN.to_owned(), |changes| changes.to_string()),
        );
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
    }
    if !status.plan.is_empty() || !status.plan.notes.is_empty() || !status.unseen.is_empty() {
        text.push('\n');
        text.push_str(&plan(&status.plan, &status.unseen, status.nodes.len()));
    }
    text
}
