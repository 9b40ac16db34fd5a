//! What has to stay as it is when a k3s is taken over.

use terrarium_inventory::Node;
use terrarium_k3s::told::{self, Options};
use terrarium_k3s::{config::OWNED, paths};

use super::{Existing, belongs, part};
use crate::planner::{Context, is_server};
use crate::{Refusal, k3s};

/// Options that cannot change in a cluster that lives, or with which other programs
/// would run its pods: the value when nothing is said, and whether only servers have
/// it.
pub(super) const KEPT: [(&str, &str, bool); 22] = [
    ("cluster-cidr", "10.42.0.0/16", true),
    ("service-cidr", "10.43.0.0/16", true),
    ("cluster-dns", "10.43.0.10", true),
    ("cluster-domain", "cluster.local", true),
    ("flannel-backend", "vxlan", true),
    ("disable-flannel", "false", true),
    ("secrets-encryption", "false", true),
    ("datastore-endpoint", "", true),
    ("disable-agent", "false", true),
    ("disable-apiserver", "false", true),
    ("disable-controller-manager", "false", true),
    ("disable-etcd", "false", true),
    ("disable-kube-proxy", "false", true),
    ("disable-scheduler", "false", true),
    ("https-listen-port", "6443", true),
    ("config", paths::CONFIG, false),
    ("container-runtime-endpoint", "", false),
    ("data-dir", paths::DATA, false),
    ("docker", "false", false),
    ("rootless", "false", false),
    ("snapshotter", "overlayfs", false),
    ("with-node-id", "false", false),
];

/// Why it cannot be taken over, each reason one refusal.
pub(super) fn refusals(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let mut refusals = unreadable(node, &context.facts.existing);
    refusals.extend(other_part(node, context));
    refusals.extend(name(node, context));
    refusals.extend(servers(node, context));
    refusals.extend(changed(node, context));
    refusals.extend(etcd(node, context));
    let token = belongs::held_token(node, context);
    refusals.extend(token.map(|(what, hint)| refuse(node, what, hint)));
    refusals
}

fn refuse(node: &Node, what: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal::new(&node.name, "adopt", what, hint)
}

/// What cannot be read, or would go on beside what is written.
fn unreadable(node: &Node, existing: &Existing) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (path, started) in existing.foreign_units() {
        if told::usual(path).is_none() {
            let name = path.rsplit('/').next().unwrap_or(path);
            refusals.push(refuse(
                node,
                format!("{path} would go on starting a k3s of its own"),
                format!("`sudo systemctl disable --now {name}`, and move the file away"),
            ));
        } else if started.part.is_none() {
            refusals.push(refuse(
                node,
                format!("what {path} starts cannot be read as `k3s server` or `k3s agent`"),
                format!(
                    "write what it starts into {} and `k3s server` into the unit",
                    paths::CONFIG
                ),
            ));
        }
    }
    for (path, text) in &existing.drop_ins {
        if text.text().lines().any(|line| line.trim_start().starts_with("ExecStart")) {
            refusals.push(refuse(
                node,
                format!("{path} has a command of its own, which would win over the unit's"),
                "take ExecStart out of it; options go into the inventory".to_owned(),
            ));
        }
    }
    for (path, text) in &existing.configs {
        if let Err(told::Unreadable(line)) = told::config(&text.text()) {
            let line = if line == 0 { String::new() } else { format!(" (line {line})") };
            refusals.push(refuse(
                node,
                format!("{path} cannot be read as a list of options{line}"),
                "correct it, one option a line".to_owned(),
            ));
        }
    }
    refusals
}

/// What would be told otherwise than it is.
fn changed(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let theirs = context.facts.existing.options();
    let ours = told::config(&k3s::configuration(node, context)).unwrap_or_default();
    for (key, usual, of_server) in KEPT {
        let value = |options: &Options| value(options, key, usual);
        if of_server && !is_server(node) || value(&theirs) == value(&ours) {
            continue;
        }
        let (has, would) = (value(&theirs), value(&ours));
        let table = table(node);
        let hint = if OWNED.contains(&key) {
            "it cannot be taken over with that; go on with its own tools, or take it away"
                .to_owned()
        } else if has == usual {
            format!("take `{key}` out of {table}")
        } else {
            format!("write `{key} = {}` into {table}", literal(&has))
        };
        refusals.push(refuse(
            node,
            format!(
                "runs with {key} {}, which cannot change, and would be started with {}",
                shown(&has),
                shown(&would)
            ),
            hint,
        ));
    }
    refusals
}

/// A member of an etcd is known by its address.
fn etcd(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let etcd = context.facts.existing.etcd.as_ref()?;
    let address = context.address(node);
    (is_server(node) && *etcd != address).then(|| {
        refuse(
            node,
            format!("its etcd is known by {etcd}, and the node would be {address}"),
            format!("reach it by {etcd}: `host` of its [[node]]"),
        )
    })
}

/// Where the inventory has such options.
pub(super) fn table(node: &Node) -> &'static str {
    if is_server(node) { "[k3s.server]" } else { "[k3s.agent]" }
}

/// A value as it is compared.
fn value(options: &Options, key: &str, usual: &str) -> String {
    let values = options.get(key).map(|values| values.join(",")).unwrap_or_default();
    if values.is_empty() { usual.to_owned() } else { values }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "none".to_owned() } else { value.to_owned() }
}

/// As the inventory would have it.
fn literal(value: &str) -> String {
    match value {
        "true" | "false" => value.to_owned(),
        _ if value.bytes().all(|byte| byte.is_ascii_digit()) => value.to_owned(),
        _ => format!("\"{value}\""),
    }
}

/// It has the other part in its cluster. A unit that is enabled says so already.
fn other_part(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let existing = &context.facts.existing;
    let differs = if is_server(node) {
        let units = existing.foreign_units();
        !units.is_empty() && !existing.is_server()
    } else {
        existing.is_server()
    };
    let other = if is_server(node) { paths::AGENT_SERVICE } else { paths::SERVER_SERVICE };
    let enabled =
        |name: &str| context.facts.units.get(name).is_some_and(|unit| unit.enabled == "enabled");
    (differs && !enabled(other)).then(|| {
        let is = if is_server(node) { "an agent node" } else { "a server, with data of one" };
        Refusal::new(
            &node.name,
            "other-role",
            format!("its k3s is {is}; the inventory makes it {}", part(node)),
            "change its role in the inventory, or take k3s away from it first (this deletes its \
             workloads)",
        )
    })
}

/// Volumes and its password in the cluster hang on a node's name.
fn name(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let existing = &context.facts.existing;
    if existing.data.is_empty() {
        return None;
    }
    let options = existing.options();
    let told = options.get("node-name").and_then(|names| names.first());
    let name = told.cloned().unwrap_or_else(|| context.facts.hostname.to_lowercase());
    (name != node.name).then(|| {
        refuse(
            node,
            format!(
                "its cluster knows it as {name}; as {} it would be another node, without the \
                 volumes of that one",
                node.name
            ),
            format!("write `name = \"{name}\"` into its [[node]]"),
        )
    })
}

/// Other servers of the cluster: there is one in an inventory.
fn servers(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    if !is_server(node) {
        return None;
    }
    let facts = context.facts;
    let runs = |labels: &std::collections::BTreeMap<String, String>| {
        ["control-plane", "etcd", "master"]
            .iter()
            .any(|role| labels.contains_key(&format!("node-role.kubernetes.io/{role}")))
    };
    let cluster = facts.cluster.iter().flat_map(|cluster| &cluster.nodes);
    let mut others: Vec<String> = cluster
        .filter(|other| other.name != node.name && runs(&other.labels))
        .map(|other| other.name.clone())
        .collect();
    others.extend(facts.existing.options().get("server").into_iter().flatten().cloned());
    (!others.is_empty()).then(|| {
        refuse(
            node,
            format!(
                "its cluster has further servers ({}); an inventory has one",
                others.join(", ")
            ),
            "make a cluster of one server of it first, or go on with its own tools",
        )
    })
}
