//! `/etc/rancher/k3s/config.yaml`: what a server and an agent node are told.
//!
//! The text is a pure function of its inputs, byte for byte, so that a changed
//! digest means a changed wish and nothing else restarts k3s. Comments in it say
//! why, for whoever reads it on the node. No secret is ever in it: tokens are
//! named by file.

mod merge;
mod reserve;

use std::collections::BTreeMap;

use terrarium_inventory::{Inventory, Node, Role};

use merge::Entry;
pub use merge::OWNED;
pub use reserve::Reservation;

use crate::paths;
use crate::yaml::Value;

/// What is known of a node beyond its inventory entry.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// The address the cluster reaches it at: an IP address, not a name.
    pub ip: &'a str,
    /// The interface that carries that address, when it was found. Without it
    /// flannel picks the one with the default route, which may be another.
    pub iface: Option<&'a str>,
    /// `MemTotal` of `/proc/meminfo`, in bytes.
    pub memory_bytes: u64,
    /// Labels found rather than written (board, CPU level, …). The inventory's
    /// own labels win.
    pub labels: &'a BTreeMap<String, String>,
}

/// `config.yaml` of the first server. Where the inventory has further servers it
/// starts an embedded etcd they can join, otherwise `SQLite`, which asks a fifth
/// of the write operations of the disk.
pub fn server_config(inventory: &Inventory, node: &Node, machine: Machine<'_>) -> String {
    let servers = inventory.nodes.iter().filter(|node| node.role == Role::Server);
    let mut ours = common(node, machine);
    if servers.count() > 1 {
        ours.push(Entry::new(
            "cluster-init",
            Value::Bool(true),
            "Several servers share an embedded etcd.",
        ));
    }
    ours.extend(server_keys(inventory, node, machine));
    ours.push(kubelet(node.role, machine));
    document(&merge::merge(ours, &inventory.k3s.server))
}

/// `config.yaml` of a server that joins the one at `server_ip`.
pub fn joining_server_config(
    inventory: &Inventory,
    node: &Node,
    machine: Machine<'_>,
    server_ip: &str,
) -> String {
    let mut ours = common(node, machine);
    ours.extend(join_keys(server_ip));
    ours.extend(server_keys(inventory, node, machine));
    ours.push(kubelet(node.role, machine));
    document(&merge::merge(ours, &inventory.k3s.server))
}

/// `config.yaml` of an agent node that joins the server at `server_ip`.
pub fn agent_config(
    inventory: &Inventory,
    node: &Node,
    machine: Machine<'_>,
    server_ip: &str,
) -> String {
    let mut ours = common(node, machine);
    ours.extend(join_keys(server_ip));
    ours.push(kubelet(node.role, machine));
    document(&merge::merge(ours, &inventory.k3s.agent))
}

/// The API's address at `ip`, as kubeconfigs and joining nodes write it.
pub fn server_url(ip: &str) -> String {
    let port = paths::API_PORT;
    if ip.contains(':') { format!("https://[{ip}]:{port}") } else { format!("https://{ip}:{port}") }
}

/// Who the node is and how others reach it.
fn common(node: &Node, machine: Machine<'_>) -> Vec<Entry> {
    let mut labels = machine.labels.clone();
    labels.extend(node.labels.clone());
    let mut entries = vec![
        Entry::new(
            "node-name",
            Value::str(&node.name),
            "The inventory's name: a host name changed by hand must not make a second node.",
        ),
        Entry::new(
            "node-ip",
            Value::str(machine.ip),
            "The address the node was reached at; left to itself k3s takes the default route's.",
        ),
    ];
    if let Some(iface) = machine.iface {
        entries.push(Entry::new(
            "flannel-iface",
            Value::str(iface),
            "The interface that carries it: flannel does not follow node-ip.",
        ));
    }
    if !labels.is_empty() {
        let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
        entries.push(Entry::new("node-label", list(labels), ""));
    }
    entries
}

/// What only servers take.
fn server_keys(inventory: &Inventory, node: &Node, machine: Machine<'_>) -> Vec<Entry> {
    let mut names: Vec<&str> = Vec::new();
    for name in [node.host.as_str(), machine.ip, node.name.as_str()] {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut entries = vec![
        Entry::new(
            "tls-san",
            list(names),
            "Names the API's certificate is valid for: all a kubeconfig may use.",
        ),
        Entry::new(
            "write-kubeconfig-mode",
            Value::str("0600"),
            "The administrator's credentials are root's alone.",
        ),
        Entry::new(
            "agent-token-file",
            Value::str(paths::AGENT_SECRET),
            "Agent nodes join by a token of their own: the server's is an administrator's.",
        ),
    ];
    if !inventory.k3s.disable.is_empty() {
        entries.push(Entry::new("disable", list(&inventory.k3s.disable), ""));
    }
    entries
}

/// How a node finds its cluster.
fn join_keys(server_ip: &str) -> [Entry; 2] {
    [
        Entry::new("server", Value::Str(server_url(server_ip)), ""),
        Entry::new(
            "token-file",
            Value::str(paths::TOKEN),
            "By file, so that the token is neither here nor in a process list.",
        ),
    ]
}

/// The kubelet's share of the memory and disk.
fn kubelet(role: Role, machine: Machine<'_>) -> Entry {
    Entry::new(
        "kubelet-arg",
        list(Reservation::of(role, machine.memory_bytes).kubelet_args()),
        "k3s replaces the kubelet's eviction rules by two for disk, so that memory pressure ends\n\
         in the kernel's OOM killer, and reserves nothing for itself. Both are put right here.\n\
         Images go from 75 % disk use on: an SD card slows down and wears when nearly full.",
    )
}

/// The kubelet's arguments on a node of that part and memory: ours with the
/// inventory's laid over them, each `name=value`.
pub fn kubelet_args(
    extra: &BTreeMap<String, toml::Value>,
    role: Role,
    memory_bytes: u64,
) -> Vec<String> {
    let labels = BTreeMap::new();
    let machine = Machine { ip: "", iface: None, memory_bytes, labels: &labels };
    let entries = merge::merge(vec![kubelet(role, machine)], extra);
    let Some(Value::Seq(items)) = entries.into_iter().next().map(|entry| entry.value) else {
        return Vec::new();
    };
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> Value {
    Value::Seq(items.into_iter().map(|item| Value::str(item.as_ref())).collect())
}

fn document(entries: &[Entry]) -> String {
    let mut text =
        String::from("# Written by `provision`; a change made here is undone by its next run.\n");
    for entry in entries {
        for line in entry.why.lines() {
            text.push_str("# ");
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&Value::Map(vec![(entry.key.clone(), entry.value.clone())]).render());
    }
    text
}

#[cfg(test)]
mod tests;
