//! Kubernetes on one node: binary, configuration, unit, token, start, and
//! that Kubernetes calls the node Ready.

use std::collections::BTreeMap;

use terrarium_inventory::{Node, Role};
use terrarium_k3s::config::{self, Machine};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::{paths, unit};

use crate::agent::{binary, file_reason, same, start};
use crate::planner::{Binary, Context, is_server};
use crate::{Action, Barrier, Change, Content, labels};

/// A first start unpacks, makes certificates and creates a datastore; on a Pi
/// with a slow card that takes minutes.
const SERVER_DEADLINE: u64 = 600;
const AGENT_DEADLINE: u64 = 300;
const READY_DEADLINE: u64 = 300;

/// Files whose digests the planner compares.
pub(crate) fn files(node: &Node) -> Vec<String> {
    let mut files = vec![paths::unit_file(node.role).to_owned()];
    if !is_server(node) {
        files.push(paths::TOKEN.to_owned());
    }
    files
}

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let Some(sha256) = context.artifacts.k3s.get(&facts.machine) else { return Vec::new() };
    let Ok(digest) = Sha256::parse(sha256) else { return Vec::new() };
    let config = configuration(node, context);
    let generation = unit::generation(node.role, &digest, &config);
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
    changes.extend(text(
        "k3s.config",
        "write k3s' configuration",
        paths::CONFIG,
        "0600",
        &config,
        context,
    ));
    let unit_text = unit::render(node.role, &generation);
    changes.extend(text(
        "k3s.unit",
        &format!("set up {service}"),
        paths::unit_file(node.role),
        "0644",
        &unit_text,
        context,
    ));
    changes.extend(token(node, context));
    let deadline = if is_server(node) { SERVER_DEADLINE } else { AGENT_DEADLINE };
    let title = format!("start {service}");
    changes.extend(
        start("k3s.start", &title, service, &generation.to_string(), deadline, facts).map(
            |change| {
                if is_server(node) { change } else { change.after(Barrier::ServerReady) }
            },
        ),
    );
    changes.extend(ready(node, context));
    changes.extend(labels::plan(node, context));
    changes
}

fn configuration(node: &Node, context: &Context<'_>) -> String {
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

fn text(
    id: &str,
    title: &str,
    path: &str,
    mode: &str,
    text: &str,
    context: &Context<'_>,
) -> Option<Change> {
    if same(context.facts, path, text) {
        return None;
    }
    let reason = file_reason(context.facts, &[(path, text)]);
    Some(Change::new(id, title, reason).act(Action::text(path, mode, text)))
}

/// An agent node holds the live server's token. While the server cannot be
/// asked, the file is written anew once it can.
fn token(node: &Node, context: &Context<'_>) -> Option<Change> {
    if is_server(node) {
        return None;
    }
    let wanted = context.server.and_then(|server| server.cluster.as_ref()?.token_sha256.as_ref());
    let reason = match (context.facts.files.get(paths::TOKEN), wanted) {
        (Some(found), Some(wanted)) if found.sha256 == *wanted => return None,
        (Some(_), Some(_)) => "differs from the server's",
        (Some(_), None) => "cannot be compared while the server is down",
        (None, _) => "missing",
    };
    Some(
        Change::new("k3s.token", "copy the server's join token", reason)
            .after(Barrier::ServerReady)
            .act(Action::Write {
                path: paths::TOKEN.to_owned(),
                mode: Some("0600".to_owned()),
                content: Content::ServerToken,
                backup: false,
            }),
    )
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
mod tests {
    use terrarium_k3s::nodes::KubeNode;

    use super::*;
    use crate::fixture::{apply, context, facts, node};
    use crate::{Cluster, Facts};

    fn planned(name: &str, own: &Facts, server: &Facts) -> Vec<Change> {
        let mut changes = Vec::new();
        context(own, |context| {
            changes = plan(&node(name), &Context { server: Some(server), ..*context });
        });
        changes
    }

    fn ids(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.id.as_str()).collect()
    }

    fn cluster(names: &[&str]) -> Cluster {
        let labels: BTreeMap<_, _> =
            [("terrarium/board", "pi5-8gb"), ("terrarium/cpu", "armv8.2-a")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        let nodes = names.iter().map(|name| KubeNode {
            name: (*name).to_owned(),
            ready: true,
            labels: labels.clone(),
            ..KubeNode::default()
        });
        Cluster {
            token_sha256: Some("c".repeat(64)),
            namespace: None,
            nodes: nodes.collect(),
            releases: String::new(),
        }
    }

    #[test]
    fn a_fresh_server_starts_at_once_and_a_fresh_worker_waits_for_it() {
        let facts = facts();
        let server = planned("pi-1", &facts, &facts);
        assert_eq!(
            ids(&server),
            ["k3s.binary", "k3s.config", "k3s.unit", "k3s.start", "k3s.ready", "k3s.labels"]
        );
        assert!(server.iter().all(|change| change.after.is_none()));
        let worker = planned("pi-2", &facts, &facts);
        assert_eq!(
            ids(&worker),
            [
                "k3s.binary",
                "k3s.config",
                "k3s.unit",
                "k3s.token",
                "k3s.start",
                "k3s.ready",
                "k3s.labels"
            ]
        );
        let waits: Vec<bool> = worker.iter().map(|change| change.after.is_some()).collect();
        assert_eq!(
            waits,
            [false, false, false, true, true, true, true],
            "everything before the token overlaps the server's start"
        );
    }

    #[test]
    fn a_converged_node_needs_nothing() {
        for name in ["pi-1", "pi-2"] {
            let mut facts = facts();
            facts.cluster = Some(cluster(&["pi-1", "pi-2"]));
            let changes = planned(name, &facts, &facts.clone());
            apply(&mut facts, &changes);
            assert_eq!(ids(&planned(name, &facts, &facts)), [""; 0], "{name}");
        }
    }

    #[test]
    fn no_secret_is_in_a_plan() {
        let facts = facts();
        let json = serde_json::to_string(&planned("pi-2", &facts, &facts)).unwrap();
        assert!(json.contains("server-token") && !json.contains("K10"), "{json}");
    }

    #[test]
    fn a_token_of_another_cluster_is_replaced() {
        let mut own = facts();
        own.cluster = Some(cluster(&["pi-1", "pi-2"]));
        let changes = planned("pi-2", &own, &own.clone());
        apply(&mut own, &changes);
        let mut server = own.clone();
        server.cluster.as_mut().unwrap().token_sha256 = Some("d".repeat(64));
        assert_eq!(ids(&planned("pi-2", &own, &server)), ["k3s.token"]);
        server.cluster = None;
        assert_eq!(ids(&planned("pi-2", &own, &server)), ["k3s.token", "k3s.ready", "k3s.labels"]);
    }

    #[test]
    fn labels_are_set_through_the_api_and_do_not_restart_k3s() {
        let mut own = facts();
        own.cluster = Some(cluster(&["pi-1"]));
        let mut changes = planned("pi-1", &own, &own.clone());
        apply(&mut own, &changes);
        let mut labelled = node("pi-1");
        labelled.labels.insert("shelf".to_owned(), "top".to_owned());
        context(&own, |context| changes = plan(&labelled, context));
        assert_eq!(ids(&changes), ["k3s.labels"]);
    }
}
