//! Carries a plan out: nodes side by side, each node's changes in order. The
//! one barrier is the server's API, which the other nodes join.

mod barrier;
mod ending;
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
use terrarium_plan::{Artifacts, Binary, Facts, Plan};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;

use barrier::Server;
pub(crate) use kube::{ask, kubectl};
pub(crate) use step::wait;

use crate::error::Failure;
use crate::host::Host;
use crate::login::Login;
use crate::view::Reporter;

/// What every node's task shares.
#[derive(Debug)]
pub(crate) struct Run {
    pub inventory: Arc<Inventory>,
    pub hosts: BTreeMap<String, Arc<Host>>,
    pub facts: BTreeMap<String, Facts>,
    pub artifacts: Artifacts,
    /// Where each binary lies on this machine.
    pub binaries: BTreeMap<Binary, PathBuf>,
    /// The agents' login: made for this run, or read from the server when a node
    /// needs it.
    pub login: OnceCell<Login>,
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

/// Carries the nodes' part of a plan out; failures by node, the server's first.
pub(crate) async fn nodes(
    run: &Arc<Run>,
    plan: &Plan,
    reporter: &Reporter,
) -> Vec<(String, Failure)> {
    let (server, _) = watch::channel(Server::Pending(None));
    let server = Arc::new(server);
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    let first = &run.inventory.server().name;
    if !plan.nodes.contains_key(first) {
        server.send_replace(Server::Failed);
    }
    for (name, changes) in &plan.nodes {
        let Some(host) = run.hosts.get(name) else { continue };
        let worker = node::Worker {
            run: Arc::clone(run),
            host: Arc::clone(host),
            reporter: reporter.of(name),
            server: Arc::clone(&server),
        };
        let changes = changes.clone();
        let task = tasks.spawn(async move { worker.converge(changes).await });
        names.insert(task.id(), name.clone());
    }
    let mut failures = Vec::new();
    while let Some(done) = tasks.join_next_with_id().await {
        let (id, failure) = match done {
            Ok((_, Ok(()))) => continue,
            Ok((id, Err(failure))) => (id, failure),
            // Its end has been said; what it panicked with was printed.
            Err(error) => {
                let name = names.get(&error.id()).map_or("?", String::as_str);
                let what = format!("node `{name}`: its task ended before its work");
                (error.id(), Failure::internal(&what, &error))
            }
        };
        failures.push((names.get(&id).cloned().unwrap_or_default(), failure));
    }
    // What the others failed of may be that the server did.
    failures.sort_by(|(a, _), (b, _)| (a != first, a).cmp(&(b != first, b)));
    failures
}
