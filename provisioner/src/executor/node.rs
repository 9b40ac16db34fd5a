//! One node's changes, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use terrarium_inventory::Role;
use terrarium_k3s::paths;
use terrarium_plan::{Action, Barrier, Change, Effect, State, plan};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::barrier::{self, Server, Step, Waited};
use super::ending::Ending;
use super::{Run, kube, reboot, step, unit};
use crate::error::{Code, Failure};
use crate::host::{BACK_WITHIN, Host};
use crate::observe;
use crate::view::Reporter;

/// The task that converges one node.
pub(super) struct Worker {
    pub(super) run: Arc<Run>,
    pub(super) host: Arc<Host>,
    pub(super) reporter: Reporter,
    pub(super) server: Arc<watch::Sender<Server>>,
}

/// A reconnection in mid-step, and how many of them a command may cost.
const TRIES: u32 = 4;
/// What a change may take beyond its actions' own deadlines: looks, round trips.
const SLACK: Duration = Duration::from_mins(2);

impl Worker {
    /// Carries the changes out; stops at the first that fails.
    pub(super) async fn converge(self, changes: Vec<Change>) -> Result<(), Failure> {
        let server = self.is_server().then(|| Arc::clone(&self.server));
        let ending = Ending::new(self.reporter.clone(), server);
        let mut queue = VecDeque::from(changes);
        let mut restarted = false;
        self.tell_server(&queue);
        while let Some(change) = queue.pop_front() {
            match self.step(&change, &mut restarted).await {
                Ok(None) => {}
                Ok(Some(planned)) => queue = planned,
                Err(failure) => {
                    ending.failed(&change.id, failure.line());
                    for skipped in queue {
                        let why = format!("{} failed", change.id);
                        self.reporter.say(&skipped.id, State::Skipped(why));
                    }
                    return Err(failure);
                }
            }
            self.reporter.say(&change.id, State::Changed(change.title.clone()));
            self.tell_server(&queue);
        }
        ending.well();
        Ok(())
    }

    /// Carries one change out, within a time that its actions' own deadlines
    /// make. After a restart of the node, gives what is left to be done.
    async fn step(
        &self,
        change: &Change,
        restarted: &mut bool,
    ) -> Result<Option<VecDeque<Change>>, Failure> {
        self.reporter.say(&change.id, State::Started(change.title.clone()));
        if change.after == Some(Barrier::ServerReady) {
            self.wait_for_server(change).await?;
        }
        let within = self.within(change);
        self.tell_step(change, within);
        let work = async {
            self.carry_out(change).await?;
            if !reboots(change) {
                return Ok(None);
            }
            let planned = self.plan_again(change, *restarted).await?;
            *restarted = true;
            Ok(Some(planned))
        };
        match timeout(within, Box::pin(work)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::plain(
                Code::Change,
                format!(
                    "node `{}`: `{}` ({}) did not end within {} s",
                    self.host.node.name,
                    change.id,
                    change.title,
                    within.as_secs()
                ),
            )
            .hint(Some(
                "see whether the node answers, then run the same command again".to_owned(),
            ))),
        }
    }

    /// When a change has ended at the latest. Every command and every wait has
    /// its own, shorter end with a better reason: this one is for what none of
    /// them covers.
    fn within(&self, change: &Change) -> Duration {
        let actions = change.actions.iter().map(|action| action.patient(self.run.patience));
        actions.fold(SLACK, |sum, action| {
            let once = Duration::from_secs(action.deadline());
            sum + (once + SLACK) * TRIES + BACK_WITHIN.mul_f64(self.run.patience) * (TRIES - 1)
        })
    }

    async fn carry_out(&self, change: &Change) -> Result<(), Failure> {
        for action in change.actions.iter().map(|action| action.patient(self.run.patience)) {
            match &action {
                Action::Start(wait) => {
                    let server = self.run.server().map(AsRef::as_ref);
                    unit::start(&self.host, server, wait, &self.reporter, &change.id).await?;
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
        let (server, node) = (&self.run.inventory.server().name, &self.host.node.name);
        let say = |at: Option<&str>| {
            let at = at.map(|at| format!(", which is at {at}")).unwrap_or_default();
            let what = format!("waiting for the API of {server}{at}");
            self.reporter.say(&change.id, State::Progress(what));
        };
        let why = match barrier::wait(self.server.subscribe(), SLACK, say).await {
            Waited::Ready => return Ok(()),
            Waited::Failed => format!("the server `{server}` is not up"),
            Waited::Silent(at) => {
                format!("the server `{server}` was waited for and came to no end with {at}")
            }
        };
        Err(Failure::plain(Code::Change, format!("node `{node}` cannot join: {why}"))
            .hint(Some(format!("fix `{server}` first, then run the same command again"))))
    }

    /// The server is ready as soon as nothing is left that (re)starts it.
    fn tell_server(&self, queue: &VecDeque<Change>) {
        let restarts = Effect::Restarts(paths::SERVER_SERVICE.to_owned());
        let starts = |change: &Change| change.effect == restarts || reboots(change);
        if self.is_server() && !queue.iter().any(starts) {
            self.server.send_replace(Server::Ready);
        }
    }

    /// What the others wait for, as long as they do.
    fn tell_step(&self, change: &Change, within: Duration) {
        if self.is_server() && *self.server.borrow() != Server::Ready {
            let step = Step { change: change.id.clone(), until: Instant::now() + within };
            self.server.send_replace(Server::Pending(Some(step)));
        }
    }

    fn is_server(&self) -> bool {
        self.host.node.role == Role::Server
    }
}

fn reboots(change: &Change) -> bool {
    change.actions.iter().any(|action| matches!(action, Action::Reboot { .. }))
}
