//! What `apply`, `plan` and `status` begin with: inventory, password, hosts,
//! facts, artifacts, plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use terrarium_inventory::Inventory;
use terrarium_plan::{AgentPage, Artifacts, Binary, Facts, Plan, State, login_of, plan};
use terrarium_ssh::places::Rule;

use super::load;
use super::scope::Scope;
use crate::cli::{Common, Selection};
use crate::error::{Code, Failure};
use crate::fetch::Way;
use crate::fit::allowance::{Allowance, BESIDE};
use crate::fit::gate::{Gate, gate};
use crate::fit::problem::of_parts;
use crate::fit::site;
use crate::fit::stack::charts;
use crate::host::Host;
use crate::login::Login;
use crate::observe::{self, Observation};
use crate::settings::Settings;
use crate::stack::{Ask, Pins, Stack, Wish, boards, helm, machines as images_of, stuck};
use crate::trust::Keep;
use crate::view::{self, Reporter};
use crate::{binaries, departed, fetch, hostkeys, image, package, passphrases, places, prompt};

const QUESTION: &str = "password of the nodes (login and sudo): ";

/// Inventory and hosts, before anything is asked of them.
pub(super) struct Ground {
    pub(super) inventory: Arc<Inventory>,
    pub(super) hosts: Vec<Arc<Host>>,
    pub(super) stack: Stack,
    pub(super) scope: Scope,
    patience: f64,
}

/// Everything a plan is made of, and the plan.
pub(super) struct Picture {
    pub(super) observation: Observation,
    pub(super) artifacts: Artifacts,
    /// The agents' login, where the server has none that can go on.
    pub(super) login: Option<Login>,
    pub(super) binaries: BTreeMap<Binary, PathBuf>,
    pub(super) wish: Wish,
    /// Digests of the wish's images, those to be recorded among them.
    pub(super) pins: Pins,
    pub(super) plan: Plan,
}

/// A node that could not be looked at, which is not one without changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unseen {
    pub(crate) node: String,
    /// Why.
    pub(crate) reason: String,
}

impl Ground {
    /// Reads the inventory and, when asked to, the password. On a terminal, asks
    /// about nodes whose host key is not known. Nothing else.
    pub(super) async fn new(common: &Common, settings: &Settings) -> Result<Self, Failure> {
        Self::selected(common, settings, &Selection::default()).await
    }

    /// The same for some of the nodes.
    pub(super) async fn selected(
        common: &Common,
        settings: &Settings,
        selection: &Selection,
    ) -> Result<Self, Failure> {
        let inventory = Arc::new(load(common, settings)?);
        let scope = Scope::of(selection, &inventory)?;
        let kubeconfig = &inventory.cluster.kubeconfig;
        places::hold("the kubeconfig", kubeconfig, Rule::Shared, &settings.me)?;
        let stack = Stack::new(&inventory)?;
        let password = if common.ask_password {
            Some(prompt::password(QUESTION, &settings.cancel)?)
        } else {
            settings.password.clone()?
        };
        let host_keys = match common.host_keys {
            Some(said) => Some(said),
            None => settings.host_keys.clone()?,
        };
        let hosts =
            inventory.nodes.iter().filter(|node| scope.reaches(&node.name)).map(|node| {
                Host::new(node, password.clone(), host_keys, settings, common.patience)
            });
        let mut hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        passphrases::ask(&mut hosts, &settings.cancel).await?;
        let hosts: Vec<Arc<Host>> = hosts.into_iter().map(Arc::new).collect();
        hostkeys::meet(&hosts, &settings.cancel).await?;
        Ok(Self { inventory, hosts, stack, scope, patience: common.patience })
    }

    /// The server's host.
    pub(super) fn server(&self) -> Result<&Arc<Host>, Failure> {
        let name = &self.inventory.server().name;
        let server = self.hosts.iter().find(|host| host.node.name == *name);
        server.ok_or_else(|| Failure::plain(Code::Internal, "the inventory has no server"))
    }

    /// Names of the nodes that are looked at, in the inventory's order.
    pub(super) fn names(&self) -> Vec<String> {
        self.hosts.iter().map(|host| host.node.name.clone()).collect()
    }

    /// The inventory as a stack is judged by it: a node that was left out is the
    /// board that the cluster knows it as; one that it does not know is no place for
    /// pods yet.
    fn judged(&self, facts: &BTreeMap<String, Facts>) -> Inventory {
        let known = boards(&self.inventory, facts);
        let mut inventory = (*self.inventory).clone();
        inventory.nodes.retain_mut(|node| {
            if self.scope.reaches(&node.name) || node.board.is_some() {
                return true;
            }
            let known = known.iter().find(|board| board.node == node.name);
            node.board = known.and_then(|board| board.id.clone());
            node.board.is_some()
        });
        inventory
    }

    /// Looks and plans without touching anything, shown as it goes. No registry is
    /// asked.
    pub(super) async fn look(&self, settings: &Settings) -> Result<Picture, Failure> {
        let (reporter, done) = view::open(false, &self.names());
        let picture = self.picture(settings, None, Ask::Nobody, &reporter).await;
        drop(reporter);
        done.await.map_err(|error| Failure::internal("the view ended", &error))?;
        picture
    }

    /// Looks at all nodes and plans; with an operator named, under their locks.
    pub(super) async fn picture(
        &self,
        settings: &Settings,
        operator: Option<&str>,
        ask: Ask,
        reporter: &Reporter,
    ) -> Result<Picture, Failure> {
        let tag = if self.stack.runs_our_image() {
            Some(image::tag(&binaries::every_source(settings)?))
        } else {
            None
        };
        let reference = tag.as_deref().map(image::reference);
        let observation =
            observe::all(&self.inventory, &self.hosts, reference.as_deref(), operator, reporter)
                .await;
        for (name, failure) in &observation.failures {
            reporter.of(name).say("observe", State::Failed(failure.line()));
        }
        let machines: BTreeSet<&str> = observation
            .facts
            .values()
            .map(|facts| facts.machine.as_str())
            .filter(|machine| binaries::MACHINES.contains(machine))
            .collect();
        // Only who is about to change something may write beside the inventory.
        let keep = if operator.is_some() { Keep::Record } else { Keep::Look };
        let cache = settings.cache()?;
        let way = Way { cache: &cache, patience: self.patience, keep, me: &settings.me };
        // What is refused for what the nodes are needs nothing fetched.
        let none = Artifacts::default();
        let refused = !plan(&self.inventory, &observation.facts, &none).refusals.is_empty();
        let (mut artifacts, binaries) = if refused {
            (none, BTreeMap::new())
        } else {
            artifacts(&self.inventory, &machines, tag.as_deref(), settings, way, reporter).await?
        };
        let server = observation.facts.get(&self.inventory.server().name);
        let (page, login) = agent_page(&self.inventory, server)?;
        artifacts.agent_page = page;
        artifacts.agent_config = self.stack.probes(server.and_then(|facts| facts.reached));
        let mut wish =
            self.stack.wish(&boards(&self.inventory, &observation.facts), tag.as_deref());
        let mut plan = plan(&self.inventory, &observation.facts, &artifacts);
        plan.refusals.extend(wish.refusals.iter().cloned());
        plan.notes.extend(wish.notes.iter().cloned());
        let server = observation.facts.get(&self.inventory.server().name);
        // What is refused, or has no server to go to, is not deployed.
        let deploys = plan.refusals.is_empty() && server.is_some();
        let ask = if deploys { ask } else { Ask::Nobody };
        let machines = images_of(observation.facts.values());
        let reporter = reporter.of("stack");
        let (inventory, patience) = (&self.inventory, self.patience);
        let pins = Pins::of(inventory, &wish, &machines, ask, patience, &reporter).await?;
        wish.pin(&pins);
        plan.notes.extend(pins.note());
        if let Some(server) = server {
            plan.stack = wish.changes(server)?;
            plan.notes.extend(wish.leftovers(server)?);
            let facts = &observation.facts;
            plan.notes.extend(departed::notes(&self.inventory, facts, self.server()?).await);
        }
        self.scope.narrow(&mut plan);
        Ok(Picture { observation, artifacts, login, binaries, wish, pins, plan })
    }
}

impl Picture {
    /// The nodes nothing is known of.
    pub(super) fn unseen(&self) -> Vec<Unseen> {
        let failures = self.observation.failures.iter();
        failures
            .map(|(node, failure)| Unseen { node: node.clone(), reason: failure.line() })
            .collect()
    }

    /// Whether this node was looked at.
    pub(super) fn has_seen(&self, node: &str) -> bool {
        self.observation.facts.contains_key(node)
    }

    /// Judges whether the stack fits the nodes as they were found, if any of it is
    /// to be deployed. What does not fit is a reason to refuse, unless that is
    /// not wanted.
    pub(super) async fn judge(
        &mut self,
        ground: &Ground,
        common: &Common,
        settings: &Settings,
        ignore_fit: bool,
        keep: Keep,
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        // With a node unseen or a reason to refuse, nothing is deployed.
        if self.plan.stack.is_empty()
            || !self.observation.failures.is_empty()
            || !self.plan.refusals.is_empty()
        {
            return Ok(());
        }
        let inventory = &ground.judged(&self.observation.facts);
        let helm = helm(inventory, common.patience, settings, keep, reporter).await?;
        let server = self.observation.facts.get(&inventory.server().name);
        let parts = charts(&ground.stack, &self.wish, &helm).await?.in_cluster(inventory, server);
        if let Some(server) = server {
            let changes = &self.plan.stack;
            let stuck = stuck::refusals(&ground.inventory, server, changes, &parts.services)?;
            if !stuck.is_empty() {
                self.plan.refusals.extend(stuck);
                return Ok(());
            }
        }
        let sites = site::of_inventory(inventory, &self.observation.facts, None)?;
        let asked = of_parts(&parts, sites, &inventory.k3s.disable, false)?;
        let allowance = Allowance::new(BESIDE, &settings.cancel);
        let gate = tokio::task::block_in_place(|| gate(&asked, &allowance));
        settings.cancel.check()?;
        match gate {
            Gate::Open => {}
            Gate::Closed(refusal) if !ignore_fit => self.plan.refusals.push(refusal),
            Gate::Tight(note) | Gate::Closed(note) => self.plan.notes.push(note),
        }
        Ok(())
    }
}

/// How the agents serve their page; with another login when there has to be one.
fn agent_page(
    inventory: &Inventory,
    server: Option<&Facts>,
) -> Result<(AgentPage, Option<Login>), Failure> {
    if !inventory.agent.login {
        return Ok((AgentPage::Open, None));
    }
    let Some(server) = server else { return Ok((AgentPage::Unknown, None)) };
    if let Some(login) = login_of(server) {
        return Ok((AgentPage::Login(login), None));
    }
    let login = Login::make()?;
    Ok((AgentPage::Login(login.digests()), Some(login)))
}

/// Fetches k3s for each machine, finds the agent and, with a tag, makes our own
/// image. A machine they do not exist for is left out; the plan refuses its node.
async fn artifacts(
    inventory: &Inventory,
    machines: &BTreeSet<&str>,
    tag: Option<&str>,
    settings: &Settings,
    way: Way<'_>,
    reporter: &Reporter,
) -> Result<(Artifacts, BTreeMap<Binary, PathBuf>), Failure> {
    let mut artifacts = Artifacts::default();
    let mut paths = BTreeMap::new();
    if let Some(tag) = tag {
        let (image, archives) = image::archives(tag, machines.iter().copied(), settings)?;
        artifacts.image = Some(image);
        paths.extend(archives.into_iter().map(|(machine, path)| (Binary::Image(machine), path)));
    }
    for (machine, local) in binaries::agents(machines.iter().copied(), settings)? {
        artifacts.agent.insert(machine.clone(), package::look_into(&local)?);
        paths.insert(Binary::Agent(machine.clone()), local.path);
        let fetched = fetch::k3s(inventory, &machine, way, reporter).await?;
        artifacts.k3s.insert(machine.clone(), fetched.sha256.to_string());
        paths.insert(Binary::K3s(machine), fetched.path);
    }
    Ok((artifacts, paths))
}
