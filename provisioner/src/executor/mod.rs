//! Carries a plan out: nodes side by side, each node's changes in order. The
//! one barrier is the server's API, which the other nodes join.

mod kube;
pub(crate) mod lock;
mod node;
mod reboot;
mod step;
mod unit;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use terrarium_inventory::Inventory;
use terrarium_plan::{Artifacts, Binary, Facts, Plan, State};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use kube::{ask, kubectl};

use crate::error::Failure;
use crate::host::Host;
use crate::view::Reporter;

/// How far the server is, as the other nodes need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// On its way.
    Pending,
    /// Its API answers.
    Ready,
    /// It will not come.
    Failed,
}

/// What every node's task shares.
#[derive(Debug)]
pub(crate) struct Run {
    pub inventory: Arc<Inventory>,
    pub hosts: BTreeMap<String, Arc<Host>>,
    pub facts: BTreeMap<String, Facts>,
    pub artifacts: Artifacts,
    /// Where each binary lies on this machine.
    pub binaries: BTreeMap<Binary, PathBuf>,
    /// What every deadline is multiplied by.
    pub patience: f64,
}

impl Run {
    /// The image of our own services, when one of them is wanted.
    pub(crate) fn image(&self) -> Option<&str> {
        self.artifacts.image.as_ref().map(|image| image.reference.as_str())
    }

    /// The server's host.
    fn server(&self) -> Option<&Arc<Host>> {
        self.hosts.get(&self.inventory.server().name)
    }
}

/// Carries the nodes' part of a plan out; failures by node, in name order.
pub(crate) async fn nodes(
    run: &Arc<Run>,
    plan: &Plan,
    reporter: &Reporter,
) -> Vec<(String, Failure)> {
    let (server, _) = watch::channel(Server::Pending);
    let server = Arc::new(server);
    let mut tasks = JoinSet::new();
    if !plan.nodes.contains_key(&run.inventory.server().name) {
        server.send_replace(Server::Failed);
    }
    for (name, changes) in &plan.nodes {
        let Some(host) = run.hosts.get(name) else { continue };
        let mut worker = node::Worker {
            run: Arc::clone(run),
            host: Arc::clone(host),
            reporter: reporter.of(name),
            server: Arc::clone(&server),
        };
        let (name, changes) = (name.clone(), changes.clone());
        tasks.spawn(async move { (name, worker.converge(changes).await) });
    }
    let mut failures = Vec::new();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((_, Ok(()))) => {}
            Ok((name, Err(failure))) => failures.push((name, failure)),
            Err(error) => {
                let failure = Failure::internal("a node's task ended", &error);
                reporter.say("executor", State::Failed(failure.line()));
                failures.push((String::new(), failure));
            }
        }
    }
    failures.sort_by(|a, b| a.0.cmp(&b.0));
    failures
}
