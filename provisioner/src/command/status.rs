//! `provision status`

use serde::Serialize;
use terrarium_plan::{Facts, Plan};

use crate::agent::{self, Unwell};
use crate::cli::Common;
use crate::command::prepare::Ground;
use crate::error::{Code, Failure};
use crate::report::terminal;
use crate::settings::Settings;

/// What `status --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Version of this document.
    pub version: u32,
    /// Each node.
    pub nodes: Vec<NodeStatus>,
    /// What differs from the inventory.
    pub plan: Plan,
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
    /// Whether the node agent answers on its port from here.
    pub agent_answers: bool,
    /// Services on this node that its agent finds not well.
    pub unwell: Vec<Unwell>,
}

/// Shows what the nodes are; exit code 5 when they differ from the inventory.
pub(super) async fn run(common: &Common, settings: &Settings) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings)?;
    let picture = ground.look(settings).await?;
    let mut nodes = Vec::new();
    for node in &ground.inventory.nodes {
        let facts = picture.observation.facts.get(&node.name).cloned();
        let error = picture.observation.failures.iter().find(|(name, _)| *name == node.name);
        let told = if facts.is_some() { agent::unwell(&node.host).await } else { None };
        nodes.push(NodeStatus {
            name: node.name.clone(),
            host: node.host.clone(),
            role: node.role,
            agent_answers: told.is_some(),
            unwell: told.unwrap_or_default(),
            facts,
            error: error.map(|(_, failure)| failure.line()),
        });
    }
    let status = Status { version: 1, nodes, plan: picture.plan };
    if common.json {
        terminal::json(&status)?;
    } else {
        terminal::text(&terminal::status(&status));
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
