//! Asking: each node's agent, and Kubernetes, all at once over SSH. A node that
//! does not answer is part of the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use terrarium_inventory::Role;
use terrarium_plan::State;
use tokio::task::JoinSet;

use super::cluster::{self, Cluster};
use super::http::{self, Server};
use super::snapshot::{self, Snapshot};
use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::host::Host;
use crate::login::Visitor;
use crate::view::Reporter;

/// The agents' port, as their unit has it.
pub(crate) const AGENT_PORT: u16 = 9100;
const AGENT_WITHIN: Duration = Duration::from_secs(20);
const KUBECTL_SECONDS: u64 = 60;

/// What each node's agent says.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Nodes that are not told of, and why.
    pub silent: Vec<(String, Failure)>,
}

/// Asks all agents.
pub(crate) async fn agents(hosts: &[Arc<Host>], reporter: &Reporter) -> Agents {
    let mut tasks = JoinSet::new();
    for host in hosts {
        let host = Arc::clone(host);
        let reporter = reporter.of(&host.node.name);
        tasks.spawn(async move {
            reporter.say("snapshot", State::Started(format!("connect to {}", host.node.host)));
            let asked = async {
                host.greet(&reporter).await?;
                agent(&host).await
            };
            let found = Box::pin(asked).await;
            reporter.say(
                "snapshot",
                match &found {
                    Ok(snapshot) => {
                        let pods = crate::report::terminal::count(snapshot.pods.len(), "pod");
                        State::Unchanged(format!("what {pods} used"))
                    }
                    Err(failure) => State::Note(failure.line()),
                },
            );
            (host.node.name.clone(), found)
        });
    }
    let mut agents = Agents::default();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((name, Ok(snapshot))) => {
                agents.snapshots.insert(name, snapshot);
            }
            Ok((name, Err(failure))) => agents.silent.push((name, failure)),
            Err(error) => {
                agents.silent.push((String::new(), Failure::internal("a task ended", &error)));
            }
        }
    }
    agents.silent.sort_by(|a, b| a.0.cmp(&b.0));
    agents
}

/// Asks one agent.
pub(crate) async fn agent(host: &Host) -> Result<Snapshot, Failure> {
    let visitor = Visitor::of(host).await?;
    agent_at(host, AGENT_PORT, visitor.as_ref()).await
}

pub(crate) async fn agent_at(
    host: &Host,
    port: u16,
    login: Option<&Visitor>,
) -> Result<Snapshot, Failure> {
    let server = Server {
        name: "the agent",
        address: "127.0.0.1",
        port,
        login,
        absent: "is the agent running there? `systemctl status terrarium-agent`; `provision` \
                 installs it",
    };
    let reply = http::get(host, server, "/api/v1/snapshot", AGENT_WITHIN).await?;
    reply.parse(|reply| snapshot::parse(reply)).map_err(|error| {
        let what = format!("node `{}`: the agent's snapshot cannot be read", host.node.name);
        Failure::new(Code::Change, what, &error)
            .hint(Some("`provision` brings the agent that fits this program".to_owned()))
    })
}

/// Asks Kubernetes, through the first server that answers.
pub(crate) async fn cluster(hosts: &[Arc<Host>], reporter: &Reporter) -> Result<Cluster, Failure> {
    let mut first = None;
    for server in hosts.iter().filter(|host| host.node.role == Role::Server) {
        match through(server, reporter).await {
            Ok(cluster) => return Ok(cluster),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    Err(first.unwrap_or_else(|| Failure::plain(Code::Internal, "the inventory has no server")))
}

async fn through(server: &Host, reporter: &Reporter) -> Result<Cluster, Failure> {
    let reporter = reporter.of(&server.node.name);
    reporter.say("kubernetes", State::Started("list nodes and pods".to_owned()));
    let args = ["get", cluster::KINDS, "--all-namespaces", "--output", "json"].map(str::to_owned);
    let reply = kubectl(server, &args, KUBECTL_SECONDS).await?;
    let found = reply.parse(|reply| cluster::parse(reply)).map_err(|error| {
        let what = format!("node `{}`: the reply of kubectl cannot be read", server.node.name);
        Failure::new(Code::Change, what, &error)
    })?;
    let pods = crate::report::terminal::count(found.pods.len(), "pod");
    reporter.say("kubernetes", State::Unchanged(pods));
    Ok(found)
}

#[cfg(test)]
pub(crate) mod tests;
