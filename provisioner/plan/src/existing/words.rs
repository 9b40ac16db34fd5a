//! A Kubernetes that was found, in words.

use std::fmt::Write as _;

use terrarium_inventory::{Node, Role};
use terrarium_k3s::told::{self, Options};

use super::{Existing, keep, part};
use crate::Refusal;
use crate::planner::Context;

/// Kinds of Kubernetes besides k3s, with what takes them away.
const OTHERS: [(&str, &str); 5] = [
    ("rke2", "`sudo rke2-uninstall.sh`"),
    ("microk8s", "`sudo snap remove --purge microk8s`"),
    ("k8s", "`sudo snap remove --purge k8s`"),
    ("kubeadm", "`sudo kubeadm reset` and `sudo systemctl disable --now kubelet`"),
    ("k0s", "`sudo k0s stop`, `sudo k0s reset` and `sudo rm -r /etc/k0s`"),
];

/// Each other Kubernetes: two of them do not share a node.
pub(super) fn others<'a>(
    node: &'a Node,
    existing: &'a Existing,
) -> impl Iterator<Item = Refusal> + 'a {
    OTHERS.iter().filter_map(move |(kind, gone)| {
        let shows: Vec<&str> = existing
            .others
            .iter()
            .filter(|(found, _)| found == kind)
            .map(|(_, path)| path.as_str())
            .collect();
        let name = match *kind {
            "kubeadm" => "a Kubernetes of kubeadm's",
            "k8s" => "Canonical's k8s",
            other => other,
        };
        (!shows.is_empty()).then(|| {
            Refusal::new(
                &node.name,
                "other-kubernetes",
                format!("has {name} ({}), which cannot share a node with k3s", shows.join(", ")),
                format!(
                    "take it away, with all that runs in it: {gone}; or take the node out of the \
                     inventory. It is never taken over"
                ),
            )
        })
    })
}

/// All that is there of a k3s which is not ours, and what can be done.
pub(super) fn found(node: &Node, context: &Context<'_>) -> Refusal {
    let existing = &context.facts.existing;
    let mut what = vec![format!(
        "has a k3s that was not set up from this inventory, which would make it {}",
        part(node)
    )];
    for (path, started) in existing.foreign_units() {
        let starts = match started.part {
            Some(Role::Server) => "starts a server",
            Some(Role::Agent) => "starts an agent node",
            None => "starts it in a way that cannot be read",
        };
        what.push(format!("{path} {starts}{}", named(&started.options)));
    }
    for (path, text) in &existing.configs {
        let text = text.text();
        if !told::is_ours(&text) {
            what.push(match told::config(&text) {
                Ok(options) => format!("{path} is there{}", named(&options)),
                Err(_) => format!("{path} cannot be read as a list of options"),
            });
        }
    }
    if let Some(url) = existing.options().get("server").and_then(|url| url.first()) {
        what.push(format!("its cluster is at {url}"));
    }
    if !existing.data.is_empty() {
        what.push(format!("its data is {}", existing.data.join(", ")));
    }
    what.extend(context.facts.k3s_version.clone());
    let mut hint = "`adopt = true` in its [[node]] takes it over: data and token are kept, its \
                    files are copied to .bak, and `provision plan` shows what changes"
        .to_owned();
    let against = keep::refusals(node, context);
    if !against.is_empty() {
        let reasons: Vec<&str> = against.iter().map(|refusal| refusal.what.as_str()).collect();
        let _ = write!(hint, ". As it is that would be refused: {}", reasons.join("; "));
    }
    let gone = match existing.uninstall.first() {
        Some(script) => format!("`sudo {script}`"),
        None => "stop its unit and remove that, /etc/rancher/k3s and its data".to_owned(),
    };
    let _ = write!(hint, ". Or take it away, with all that runs in it: {gone}");
    Refusal::new(&node.name, "existing-k3s", what.join("; "), hint)
}

/// The names of options; values may be anything.
fn named(options: &Options) -> String {
    let names: Vec<&str> = options.keys().map(String::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) }
}
