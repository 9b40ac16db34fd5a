//! Facts in, plan out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use terrarium_inventory::{Inventory, Node, Role};

use crate::agent::login::AgentPage;
use crate::{Change, Facts, Plan, agent, gate, image, k3s, namespace, os, upgrade};

/// What the operator's cache holds for the nodes' architecture.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Artifacts {
    /// sha256 of the k3s binary per machine (`aarch64`, …).
    pub k3s: BTreeMap<String, String>,
    /// The agent's package per machine.
    pub agent: BTreeMap<String, Package>,
    /// The image of our own services; `None` when none of them is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// How the agents serve their page.
    pub agent_page: AgentPage,
    /// The agents' configuration: whom they probe.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_config: String,
}

impl Artifacts {
    /// The sha256 of what is brought.
    pub fn sha256(&self, binary: &Binary) -> Option<&str> {
        let found = match binary {
            Binary::K3s(machine) => self.k3s.get(machine),
            Binary::Agent(machine) => Some(&self.agent.get(machine)?.sha256),
            Binary::Image(machine) => self.image.as_ref()?.archives.get(machine),
        };
        found.map(String::as_str)
    }
}

/// The node agent's Debian package, and what it leaves on a node. All in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// sha256 of the package.
    pub sha256: String,
    /// sha256 of the program in it.
    pub program: String,
    /// sha256 of the unit in it.
    pub unit: String,
}

impl Package {
    /// Where the program goes.
    pub const PROGRAM: &str = "/usr/bin/terrarium-agent";
    /// Where the unit goes.
    pub const UNIT: &str = "/usr/lib/systemd/system/terrarium-agent.service";
}

/// A container image that no registry has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// What containerd lists it as and pods name.
    pub reference: String,
    /// sha256 of its archive per machine.
    pub archives: BTreeMap<String, String>,
}

/// A binary that is brought to a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binary {
    /// k3s, for this machine.
    K3s(String),
    /// The node agent's package, for this machine.
    Agent(String),
    /// The archive of our own services' image, for this machine.
    Image(String),
}

/// What a planner may look at besides its node.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The wish.
    pub inventory: &'a Inventory,
    /// The node's own facts.
    pub facts: &'a Facts,
    /// The server's facts (the node's own, on the server).
    pub server: Option<&'a Facts>,
    /// Binaries at hand.
    pub artifacts: &'a Artifacts,
    /// Address of every node that answered, by name, in the inventory's order.
    pub addresses: &'a [(String, String)],
}

impl Context<'_> {
    /// The address the other nodes know this one by: the one the operator
    /// reached, or the inventory's host when the interface is not seen.
    pub fn address(&self, node: &Node) -> String {
        self.addresses
            .iter()
            .find(|(name, _)| *name == node.name)
            .map_or_else(|| node.host.clone(), |(_, address)| address.clone())
    }
}

/// Everything that differs between the inventory and the facts. Nodes without
/// facts (not reached) get no changes; the caller reports them.
pub fn plan(inventory: &Inventory, facts: &BTreeMap<String, Facts>, artifacts: &Artifacts) -> Plan {
    let addresses = addresses(inventory, facts);
    let server = facts.get(&inventory.server().name);
    let mut plan = Plan { refusals: gate::cluster(inventory, facts), ..Plan::default() };
    for node in &inventory.nodes {
        let Some(own) = facts.get(&node.name) else { continue };
        let context = Context { inventory, facts: own, server, artifacts, addresses: &addresses };
        plan.refusals.extend(gate::node(node, &context));
        plan.refusals.extend(upgrade::gate(node, &context));
        plan.refusals.extend(namespace::refusal(node, &context));
        plan.notes.extend(gate::notes(node, &context));
        let changes = changes(node, &context);
        plan.refusals.extend(os::storage::refusals(&node.name, own, &changes));
        plan.nodes.insert(node.name.clone(), changes);
    }
    plan
}

/// Where each node is: where it was reached, else the address that the inventory
/// has. One that is known by a name only, and does not answer, is where the others
/// have it in their hosts files: it has not moved because it is down.
fn addresses(inventory: &Inventory, facts: &BTreeMap<String, Facts>) -> Vec<(String, String)> {
    let known: Vec<(String, IpAddr)> =
        facts.values().flat_map(|facts| os::hosts::known(&facts.hosts.0)).collect();
    let address = |node: &Node| {
        let reached = facts.get(&node.name).and_then(|facts| facts.reached);
        let literal = || node.host.parse().ok();
        let kept = || known.iter().find(|(name, _)| *name == node.name).map(|(_, ip)| *ip);
        reached
            .or_else(literal)
            .or_else(kept)
            .map_or_else(|| node.host.clone(), |ip| ip.to_string())
    };
    inventory.nodes.iter().map(|node| (node.name.clone(), address(node))).collect()
}

/// One node's changes, in the order they are carried out: everything that may
/// need a restart of the node first, one restart, the clock, then programs.
fn changes(node: &Node, context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let mut changes = Vec::new();
    changes.extend(os::cloud::plan(facts));
    changes.extend(os::hostname::plan(node, facts));
    changes.extend(os::hosts::plan(node, context));
    changes.extend(os::timezone::plan(&context.inventory.os, facts));
    // Before other packages: apt installs none while this one is half installed.
    changes.extend(agent::prepare(node, context));
    changes.extend(os::packages::plan(&context.inventory.os, facts));
    changes.extend(os::modules::plan(facts));
    changes.extend(os::sysctl::plan(facts));
    changes.extend(os::swap::plan(&context.inventory.os, facts));
    changes.extend(os::boot::plan(facts));
    changes.extend(os::reboot::plan(facts, &changes));
    changes.extend(os::clock::plan(node, context));
    changes.extend(agent::plan(context));
    changes.extend(k3s::plan(node, context));
    changes.extend(image::plan(context));
    changes.extend(namespace::plan(node, context));
    changes.extend(agent::login::secret(node, context));
    changes
}

/// Whether the node is the one whose API the others join.
pub(crate) fn is_server(node: &Node) -> bool {
    node.role == Role::Server
}
