//! `provision status`

use std::time::Duration;

use serde::Serialize;
use terrarium_plan::{Facts, Plan};

use crate::cli::{Common, Selection};
use crate::command::prepare::{Ground, Unseen};
use crate::error::{Code, Failure};
use crate::measured::gather;
use crate::measured::snapshot::Snapshot;
use crate::report::{self, terminal};
use crate::settings::Settings;

/// What `status --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Version of this document.
    pub version: u32,
    /// Each node.
    pub nodes: Vec<NodeStatus>,
    /// What differs from the inventory, of the nodes that were looked at.
    pub plan: Plan,
    /// Nodes that could not be looked at: nothing is known of them.
    pub unseen: Vec<Unseen>,
    /// Whether the cluster was looked at, without which nothing is known of the
    /// stack.
    pub stack_seen: bool,
}

/// One node.
#[derive(Debug, Serialize)]
pub(crate) struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub host: String,
    /// `server` or `agent`.
    pub role: terrarium_inventory::Role,
    /// What was found; `None` when it could not be reached.
    pub facts: Option<Facts>,
    /// Why not.
    pub error: Option<String>,
    /// Whether it could be looked at.
    pub seen: bool,
    /// Whether the node agent answers, asked on its node; `None` where it was not
    /// asked.
    pub agent_answers: Option<bool>,
    /// How many changes are due; `None` where that is not known.
    pub changes: Option<usize>,
    /// Services on this node that its agent finds not well.
    pub unwell: Vec<Unwell>,
}

/// A service that the agent of its node finds not well.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Unwell {
    /// Its name.
    pub service: String,
    /// Why, in the agent's words.
    pub failure: String,
    /// For how long that has been so, where the agent tells.
    pub seconds: Option<u64>,
}

/// Shows what the nodes are; exit code 5 when they differ from the inventory.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    selection: &Selection,
) -> Result<Code, Failure> {
    let ground = Ground::selected(common, settings, selection).await?;
    let mut picture = ground.look(settings).await?;
    if let Some(server) = picture.observation.facts.get(&ground.inventory.server().name) {
        picture.plan.notes.extend(picture.wish.idle(server)?);
    }
    let mut nodes = Vec::new();
    for host in ground.hosts.iter().filter(|host| ground.scope.changes(&host.node.name)) {
        let node = &host.node;
        let facts = picture.observation.facts.get(&node.name).cloned();
        let error = picture.observation.failures.iter().find(|(name, _)| *name == node.name);
        let told = if facts.is_some() { gather::agent(host).await.ok() } else { None };
        nodes.push(NodeStatus {
            name: node.name.clone(),
            host: node.host.clone(),
            role: node.role,
            seen: facts.is_some(),
            agent_answers: facts.is_some().then_some(told.is_some()),
            changes: facts
                .is_some()
                .then(|| picture.plan.nodes.get(&node.name).map_or(0, Vec::len)),
            unwell: told.map(unwell).unwrap_or_default(),
            facts,
            error: error.map(|(_, failure)| failure.line()),
        });
    }
    let unseen = picture.unseen();
    let stack_seen = picture.has_seen(&ground.inventory.server().name);
    let status = Status { version: 1, nodes, plan: picture.plan, unseen, stack_seen };
    if common.json {
        terminal::json(&status)?;
    } else {
        terminal::text(&report::status(&status));
    }
    Ok(if !picture.observation.failures.is_empty() {
        Code::Connection
    } else if !status.plan.refusals.is_empty() {
        Code::Refused
    } else if status.plan.is_empty() {
        Code::Done
    } else {
        Code::Drift
    })
}

fn unwell(snapshot: Snapshot) -> Vec<Unwell> {
    let taken = snapshot.taken_seconds;
    let failed = snapshot.probes.into_iter().filter(|probe| !probe.success);
    let unwell = failed.map(|probe| Unwell {
        service: probe.service,
        failure: probe.failure.unwrap_or_else(|| "no word of why".to_owned()),
        // A clock that was set back makes a time of the future.
        seconds: taken.zip(probe.since_seconds).map(|(taken, since)| {
            Duration::try_from_secs_f64(taken - since).unwrap_or_default().as_secs()
        }),
    });
    unwell.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::snapshot;

    #[test]
    fn who_is_not_well_is_told_with_the_reason_and_since_when() {
        let probe = |service: &str, success: bool, since: f64, failure: Option<&str>| {
            serde_json::json!({"name": service, "service": service, "success": success,
                "duration_seconds": 0.1, "since_seconds": since, "failure": failure})
        };
        let snapshot = serde_json::json!({
            "version": 1,
            "taken_seconds": 1000.5,
            "node": {"cpus": 4},
            "probes": [
                probe("postgresql", true, 5.0, None),
                probe("redis", false, 958.0, Some("no answer within 5s")),
                probe("kafka", false, 2000.0, Some("connection lost")),
            ],
        });
        let told = unwell(snapshot::parse(snapshot.to_string().as_bytes()).unwrap());
        let expected = [("redis", "no answer within 5s", 42), ("kafka", "connection lost", 0)];
        let expected = expected.map(|(service, failure, seconds)| Unwell {
            service: service.to_owned(),
            failure: failure.to_owned(),
            seconds: Some(seconds),
        });
        assert_eq!(told, expected);
    }
}
