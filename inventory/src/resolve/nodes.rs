//! The nodes: each one's own values, then what only shows when they are seen
//! together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::at::At;
use crate::check::paths::Anchor;
use crate::check::{Findings, board, host, host_key, jump, labels, lists, names, roles};
use crate::defaults;
use crate::model::{Hop, Node, Role, Ssh, SshConfig};
use crate::problem::Problem;
use crate::raw::{self, OneOrMany, Raw};
use crate::words::quote;

pub(super) fn nodes(raw: &Raw, anchor: Anchor<'_>, findings: &mut Findings) -> Vec<Node> {
    let common = common(&raw.ssh, anchor, findings);
    let roles = assigned(&raw.node, findings);
    unique_names(&raw.node, findings);
    unique_hosts(&raw.node, findings);
    raw.node
        .iter()
        .zip(roles)
        .map(|(written, role)| node(written.get(), role, &common, anchor, findings))
        .collect()
}

fn node(
    written: &raw::Node,
    role: Role,
    common: &Ssh,
    anchor: Anchor<'_>,
    findings: &mut Findings,
) -> Node {
    let name = written.name.as_ref();
    let address = written.host.as_ref();
    let board = written.board.as_ref();
    let host = address.and_then(|text| findings.take(text, host::host)).unwrap_or_default();
    Node {
        name: name.and_then(|text| findings.take(text, names::node)).unwrap_or_default(),
        alias: host.clone(),
        host,
        host_keys: written
            .host_key
            .as_ref()
            .map_or_else(Vec::new, |keys| host_keys(keys, findings)),
        role,
        board: board.and_then(|text| {
            findings.take(text, |id| {
                let board = board::known(id)?;
                board::fits(board, role)?;
                Ok(board.id.clone())
            })
        }),
        labels: written
            .labels
            .iter()
            .filter_map(|(key, value)| {
                let key = findings.take(key, labels::key);
                let value = findings.take(value, labels::value);
                key.zip(value)
            })
            .collect(),
        adopt: written.adopt.as_ref().is_some_and(|adopt| *adopt.get()),
        ssh: with_overrides(common, &written.ssh, anchor, findings),
    }
}

fn common(written: &raw::Ssh, anchor: Anchor<'_>, findings: &mut Findings) -> Ssh {
    let known_hosts = match &written.known_hosts {
        Some(path) => findings.take(path, |text| anchor.path(text)),
        None => Some(anchor.folder.join(defaults::KNOWN_HOSTS)),
    };
    let usual = Ssh {
        user: defaults::USER.to_owned(),
        port: defaults::PORT,
        identities: Vec::new(),
        password_file: None,
        known_hosts: known_hosts.unwrap_or_default(),
        jump: None,
        connect_timeout: None,
        config: match &written.config {
            None => SshConfig::Usual,
            Some(text) if text.get() == "none" => SshConfig::None,
            Some(path) => {
                let path = findings.take(path, |text| anchor.path(text));
                path.map_or(SshConfig::None, SshConfig::File)
            }
        },
        has_user: false,
        has_port: false,
    };
    let overrides = Overrides {
        key: "ssh.identity",
        user: written.user.as_ref(),
        port: written.port.as_ref(),
        identity: written.identity.as_ref(),
        password_file: written.password_file.as_ref(),
        jump: written.jump.as_ref(),
        connect_timeout: written.connect_timeout.as_ref(),
    };
    overrides.apply(&usual, anchor, findings)
}

fn with_overrides(
    common: &Ssh,
    written: &raw::NodeSsh,
    anchor: Anchor<'_>,
    findings: &mut Findings,
) -> Ssh {
    let overrides = Overrides {
        key: "node.ssh.identity",
        user: written.user.as_ref(),
        port: written.port.as_ref(),
        identity: written.identity.as_ref(),
        password_file: written.password_file.as_ref(),
        jump: written.jump.as_ref(),
        connect_timeout: written.connect_timeout.as_ref(),
    };
    overrides.apply(common, anchor, findings)
}

/// The keys `[ssh]` and a node's `ssh` share.
struct Overrides<'r> {
    /// The name of `identity` here, for messages.
    key: &'static str,
    user: Option<&'r At<String>>,
    port: Option<&'r At<i64>>,
    identity: Option<&'r At<OneOrMany>>,
    password_file: Option<&'r At<String>>,
    jump: Option<&'r At<OneOrMany>>,
    connect_timeout: Option<&'r At<i64>>,
}

impl Overrides<'_> {
    fn apply(&self, base: &Ssh, anchor: Anchor<'_>, findings: &mut Findings) -> Ssh {
        let user = self.user.and_then(|name| findings.take(name, names::user));
        let password_file =
            self.password_file.and_then(|path| findings.take(path, |text| anchor.path(text)));
        // The schema's bounds are a port's: what is out of them was taken out.
        let port = self.port.and_then(|port| u16::try_from(*port.get()).ok());
        let connect_timeout = self.connect_timeout.and_then(|time| u64::try_from(*time.get()).ok());
        Ssh {
            has_user: user.is_some() || base.has_user,
            has_port: port.is_some() || base.has_port,
            user: user.unwrap_or_else(|| base.user.clone()),
            port: port.unwrap_or(base.port),
            identities: match self.identity {
                Some(written) => identities(self.key, written, anchor, findings),
                None => base.identities.clone(),
            },
            password_file: password_file.or_else(|| base.password_file.clone()),
            known_hosts: base.known_hosts.clone(),
            jump: self.jump.map(|written| hops(written, findings)).or_else(|| base.jump.clone()),
            connect_timeout: connect_timeout.or(base.connect_timeout),
            config: base.config.clone(),
        }
    }
}

fn hops(written: &At<OneOrMany>, findings: &mut Findings) -> Vec<Hop> {
    match written.get() {
        OneOrMany::One(text) => match jump::hop(text) {
            Ok(hop) => vec![hop],
            Err(complaint) => {
                findings.add(complaint.at(written.span()));
                Vec::new()
            }
        },
        OneOrMany::Many(texts) => {
            texts.iter().filter_map(|text| findings.take(text, jump::hop)).collect()
        }
    }
}

fn identities(
    key: &str,
    written: &At<OneOrMany>,
    anchor: Anchor<'_>,
    findings: &mut Findings,
) -> Vec<PathBuf> {
    match written.get() {
        OneOrMany::One(path) => match anchor.private_key(path) {
            Ok(path) => vec![path],
            Err(complaint) => {
                findings.add(complaint.at(written.span()));
                Vec::new()
            }
        },
        OneOrMany::Many(paths) => {
            lists::once(key, paths, String::as_str, findings);
            paths
                .iter()
                .filter_map(|path| findings.take(path, |text| anchor.private_key(text)))
                .collect()
        }
    }
}

fn host_keys(written: &At<OneOrMany>, findings: &mut Findings) -> Vec<String> {
    match written.get() {
        OneOrMany::One(text) => match host_key::fingerprint(text) {
            Ok(fingerprint) => vec![fingerprint],
            Err(complaint) => {
                findings.add(complaint.at(written.span()));
                Vec::new()
            }
        },
        // An empty list would read like "none of these", and mean "any".
        OneOrMany::Many(texts) if texts.is_empty() => {
            findings.add(host_key::none().at(written.span()));
            Vec::new()
        }
        OneOrMany::Many(texts) => {
            lists::once("node.host_key", texts, String::as_str, findings);
            texts.iter().filter_map(|text| findings.take(text, host_key::fingerprint)).collect()
        }
    }
}

fn assigned(nodes: &[At<raw::Node>], findings: &mut Findings) -> Vec<Role> {
    let written: Vec<Option<Role>> = nodes
        .iter()
        .map(|node| {
            node.get().role.as_ref().map(|role| match role.get() {
                raw::Role::Server => Role::Server,
                raw::Role::Agent => Role::Agent,
            })
        })
        .collect();
    let roles = roles::assign(&written);
    let placed: Vec<(Role, Range<usize>)> = roles
        .iter()
        .zip(nodes)
        .map(|(role, node)| {
            let place = node.get().role.as_ref().map_or_else(|| node.span(), At::span);
            (*role, place)
        })
        .collect();
    if let Some(problem) = roles::fault(&placed) {
        findings.add(problem);
    }
    roles
}

/// Host names and Kubernetes names know no case: neither may two nodes.
fn unique_names(nodes: &[At<raw::Node>], findings: &mut Findings) {
    let mut seen: BTreeMap<String, &At<String>> = BTreeMap::new();
    for name in nodes.iter().filter_map(|node| node.get().name.as_ref()) {
        let Some(first) = seen.get(&name.get().to_lowercase()) else {
            seen.insert(name.get().to_lowercase(), name);
            continue;
        };
        let message = if first.get() == name.get() {
            format!("two nodes are called {}", quote(name.get()))
        } else {
            format!("{} and {} differ only in case", quote(first.get()), quote(name.get()))
        };
        findings.add(
            Problem::new("inventory::duplicate-name", message)
                .at(name.span(), "again here")
                .at(first.span(), "first here")
                .help("a node's name becomes its host name: give each its own"),
        );
    }
}

/// Two nodes may not share a machine, however its address is written.
fn unique_hosts(nodes: &[At<raw::Node>], findings: &mut Findings) {
    let mut seen: BTreeMap<String, &At<String>> = BTreeMap::new();
    for written in nodes.iter().filter_map(|node| node.get().host.as_ref()) {
        // An unusable address is reported by its own check.
        let Ok(form) = host::host(written.get()) else {
            continue;
        };
        let Some(first) = seen.get(&form) else {
            seen.insert(form, written);
            continue;
        };
        let same = if first.get() == written.get() {
            format!("two nodes have the host {}", quote(written.get()))
        } else {
            format!("{} and {} are the same host", quote(first.get()), quote(written.get()))
        };
        findings.add(
            Problem::new("inventory::duplicate-host", same)
                .at(written.span(), "again here")
                .at(first.span(), "first here")
                .help("each node is a machine of its own: give each its own address"),
        );
    }
}
