//! Kubernetes on one node: binary, configuration, unit, token, start, and
//! that Kubernetes calls the node Ready.

use std::collections::BTreeMap;

use terrarium_inventory::{Node, Role};
use terrarium_k3s::config::{self, Machine};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::{paths, told, unit};
use terrarium_untrusted::is_word;

use crate::agent::{binary, differs, file_reason, mode_reason, same};
use crate::planner::{Binary, Context, is_server};
use crate::{Action, Barrier, Change, UnitWait, certificates, existing, join, labels};

/// A first start unpacks, makes certificates and creates a datastore; on a Pi
/// with a slow card that takes minutes.
const SERVER_DEADLINE: u64 = 600;
const AGENT_DEADLINE: u64 = 300;
const READY_DEADLINE: u64 = 300;

/// Files whose digests the planner compares.
pub(crate) fn files(node: &Node) -> Vec<String> {
    let mut files = vec![paths::unit_file(node.role).to_owned(), paths::CLUSTER_MARK.to_owned()];
    files.extend(join::files(node));
    files
}

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let Some(sha256) = context.artifacts.k3s.get(&facts.machine) else { return Vec::new() };
    let Ok(digest) = Sha256::parse(sha256) else { return Vec::new() };
    let config = configuration(node, context);
    let data = data(context);
    let generation = unit::generation(node.role, &digest, &config, data);
    let service = paths::service(node.role);
    let version = &context.inventory.k3s.version;

    let mut changes = Vec::new();
    changes.extend(binary(
        "k3s.binary",
        &format!("k3s {version}"),
        paths::BINARY,
        sha256,
        Binary::K3s(facts.machine.clone()),
        facts,
    ));
    // Before the configuration that names it: a start waits for the file in vain.
    changes.extend(join::secret(node, context));
    changes.extend(text(
        "k3s.config",
        "write k3s' configuration",
        paths::CONFIG,
        "0600",
        &config,
        context,
    ));
    let unit_text = unit::render(node.role, &generation, data);
    changes.extend(text(
        "k3s.unit",
        &format!("set up {service}"),
        paths::unit_file(node.role),
        "0644",
        &unit_text,
        context,
    ));
    // Before the first start: what k3s makes then is known as this cluster's.
    changes.extend(mark(context));
    changes.extend(join::token(node, context));
    let forget = join::forget(node, context);
    let generation = generation.to_string();
    let mut id = "k3s.start";
    let mut title = format!("start {service}");
    let mut reason = match &forget {
        Some(_) => Some("is stopped for that".to_owned()),
        None => differs(service, &generation, facts)
            .or_else(|| join::pending(node, facts))
            .or_else(|| join::stale(node, context)),
    };
    changes.extend(forget);
    if reason.is_none() {
        reason = certificates::ending(node, facts);
        id = "k3s.certificates";
        title = format!("restart {service}, which renews its certificates");
    }
    changes.extend(reason.map(|reason| {
        let deadline = if is_server(node) { SERVER_DEADLINE } else { AGENT_DEADLINE };
        let wait = UnitWait {
            unit: service.to_owned(),
            generation,
            token: (!is_server(node)).then(|| paths::TOKEN.to_owned()),
            deadline,
        };
        let change = Change::new(id, title, reason)
            .effect(certificates::restarts(node))
            .act(Action::Start(wait));
        barrier(node, change)
    }));
    changes.extend(ready(node, context));
    changes.extend(labels::plan(node, context));
    changes
}

/// Where k3s' data really lies, as far as that can stand in a unit.
fn data<'a>(context: &Context<'a>) -> &'a str {
    let found = context.facts.data_path.as_deref();
    found.filter(|path| path.starts_with('/') && is_word(path, "/")).unwrap_or(paths::DATA)
}

pub(crate) fn configuration(node: &Node, context: &Context<'_>) -> String {
    // Labels are set through the API: as part of the configuration they would
    // only count at registration, yet restart k3s whenever they change.
    let unlabelled = Node { labels: BTreeMap::new(), ..node.clone() };
    let ip = context.address(node);
    let machine = Machine {
        ip: &ip,
        iface: context.facts.interface().map(|interface| interface.name.as_str()),
        memory_bytes: context.facts.memory_bytes,
        labels: &BTreeMap::new(),
    };
    if is_server(node) {
        config::server_config(context.inventory, &unlabelled, machine)
    } else {
        let server = context.address(context.inventory.server());
        config::agent_config(context.inventory, &unlabelled, machine, &server)
    }
}

/// For whoever comes with another inventory.
fn mark(context: &Context<'_>) -> Option<Change> {
    let mark = told::mark(&context.inventory.cluster.name);
    let title = "note whose cluster this is";
    text("k3s.cluster", title, paths::CLUSTER_MARK, "0644", &mark, context)
}

fn text(
    id: &str,
    title: &str,
    path: &str,
    mode: &str,
    text: &str,
    context: &Context<'_>,
) -> Option<Change> {
    let reason = if same(context.facts, path, text) {
        mode_reason(context.facts, path, mode)?
    } else {
        file_reason(context.facts, &[(path, text)])
    };
    let change = Change::new(id, title, reason).act(Action::text(path, mode, text));
    Some(existing::keeps(change, context, path, text))
}

fn ready(node: &Node, context: &Context<'_>) -> Option<Change> {
    let reason = match found(node, context) {
        Some(found) if found.ready => return None,
        Some(found) if found.reason.is_empty() => "Kubernetes calls it not Ready".to_owned(),
        Some(found) => format!("Kubernetes calls it not Ready: {}", found.reason),
        None => "not a node of the cluster yet".to_owned(),
    };
    Some(
        barrier(
            node,
            Change::new("k3s.ready", "wait until Kubernetes calls the node Ready", reason),
        )
        .act(Action::NodeReady { deadline: READY_DEADLINE }),
    )
}

pub(crate) fn found<'a>(
    node: &Node,
    context: &Context<'a>,
) -> Option<&'a terrarium_k3s::nodes::KubeNode> {
    context.server?.cluster.as_ref()?.nodes.iter().find(|found| found.name == node.name)
}

/// What asks the API on behalf of another node waits for it.
pub(crate) fn barrier(node: &Node, change: Change) -> Change {
    if node.role == Role::Server { change } else { change.after(Barrier::ServerReady) }
}

#[cfg(test)]
mod tests;
