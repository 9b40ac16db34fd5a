//! One node's changes, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use terrarium_inventory::Role;
use terrarium_k3s::paths;
use terrarium_plan::{Action, Barrier, Change, Effect, State, plan};
use tokio::sync::watch;

use super::{Run, Server, kube, reboot, step, unit};
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::observe;
use crate::view::Reporter;

/// The task that converges one node.
pub(super) struct Worker {
    pub(super) run: Arc<Run>,
    pub(super) host: Arc<Host>,
    pub(super) reporter: Reporter,
    pub(super) server: Arc<watch::Sender<Server>>,
}

impl Worker {
    /// Carries the changes out; stops at the first that fails.
    pub(super) async fn converge(&mut self, changes: Vec<Change>) -> Result<(), Failure> {
        let mut queue = VecDeque::from(changes);
        let mut restarted = false;
        self.tell_server(&queue);
        while let Some(change) = queue.pop_front() {
            if let Err(failure) = self.carry_out(&change).await {
                self.reporter.say(&change.id, State::Failed(failure.line()));
                for skipped in queue {
                    self.reporter.say(&skipped.id, State::Skipped(format!("{} failed", change.id)));
                }
                if self.is_server() {
                    self.server.send_replace(Server::Failed);
                }
                return Err(failure);
            }
            self.reporter.say(&change.id, State::Changed(change.title.clone()));
            if change.actions.iter().any(|action| matches!(action, Action::Reboot { .. })) {
                queue = self.plan_again(&change, restarted).await?;
                restarted = true;
            }
            self.tell_server(&queue);
        }
        self.reporter.say("node", State::Unchanged("as the inventory wishes".to_owned()));
        Ok(())
    }

    async fn carry_out(&self, change: &Change) -> Result<(), Failure> {
        self.reporter.say(&change.id, State::Started(change.title.clone()));
        if change.after == Some(Barrier::ServerReady) {
            self.wait_for_server(change).await?;
        }
        for action in change.actions.iter().map(|action| action.patient(self.run.patience)) {
            match &action {
                Action::Start(wait) => {
                    unit::start(&self.host, wait, &self.reporter, &change.id).await?;
                }
                Action::Reboot { deadline } => {
                    reboot::reboot(&self.host, *deadline).await?;
                }
                Action::Kubectl { args, deadline } => {
                    kube::kubectl(kube::server(&self.run)?, args, *deadline).await?;
                }
                Action::NodeReady { deadline } => {
                    kube::node_ready(
                        &self.run,
                        &self.host.node.name,
                        *deadline,
                        &self.reporter,
                        &change.id,
                    )
                    .await?;
                }
                _ => {
                    step::perform(&self.run, &self.host, &action, &self.reporter, &change.id)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// After a restart the node is looked at anew: the proof that the restart
    /// brought what it was for, and a clock that may have jumped.
    async fn plan_again(
        &self,
        reboot: &Change,
        restarted: bool,
    ) -> Result<VecDeque<Change>, Failure> {
        let name = &self.host.node.name;
        let (inventory, image) = (&self.run.inventory, self.run.image());
        let facts = observe::one(inventory, &self.host, image, None, &self.reporter).await?;
        let mut all = self.run.facts.clone();
        all.insert(name.clone(), facts);
        let mut plan = plan(&self.run.inventory, &all, &self.run.artifacts);
        if let Some(refusal) =
            plan.refusals.into_iter().find(|refusal| refusal.node.as_ref() == Some(name))
        {
            return Err(Failure::plain(
                Code::Change,
                format!("node `{name}`: after the restart: {}", refusal.what),
            )
            .hint(Some(refusal.hint)));
        }
        let changes = plan.nodes.remove(name).unwrap_or_default();
        if let Some(again) = changes.iter().find(|change| restarted && change.id == reboot.id) {
            return Err(Failure::plain(
                Code::Change,
                format!("node `{name}` wants a second restart: {}", again.reason),
            ));
        }
        Ok(changes.into())
    }

    async fn wait_for_server(&self, change: &Change) -> Result<(), Failure> {
        let server = &self.run.inventory.server().name;
        let mut state = self.server.subscribe();
        if *state.borrow() == Server::Pending {
            self.reporter
                .say(&change.id, State::Progress(format!("waiting for the API of {server}")));
        }
        let reached = state.wait_for(|state| *state != Server::Pending).await;
        match reached.as_deref() {
            Ok(Server::Ready) => Ok(()),
            _ => Err(Failure::plain(
                Code::Change,
                format!(
                    "node `{}` cannot join: the server `{server}` is not up",
                    self.host.node.name
                ),
            )
            .hint(Some(format!("mend `{server}` first, then run the same command again")))),
        }
    }

    /// The server is ready as soon as nothing is left that (re)starts it.
    fn tell_server(&self, queue: &VecDeque<Change>) {
        let restarts = Effect::Restarts(paths::SERVER_SERVICE.to_owned());
        if self.is_server() && !queue.iter().any(|change| change.effect == restarts) {
            self.server.send_replace(Server::Ready);
        }
    }

    fn is_server(&self) -> bool {
        self.host.node.role == Role::Server
    }
}
