//! What of a k3s' settings goes when it is taken over.

use terrarium_inventory::Node;
use terrarium_k3s::paths;
use terrarium_k3s::told::{self, Options};

use super::Existing;
use super::keep::{KEPT, table};
use crate::planner::{Context, is_server};
use crate::{Refusal, k3s};

/// Options whose end is no loss: they are ours to write, or have done their work.
const WRITTEN: [&str; 9] = [
    "agent-token",
    "agent-token-file",
    "cluster-init",
    "node-ip",
    "node-name",
    "server",
    "token",
    "token-file",
    "write-kubeconfig-mode",
];

/// What of its settings goes: written on the node, and not in the inventory.
pub(super) fn note(node: &Node, context: &Context<'_>) -> Refusal {
    let existing = &context.facts.existing;
    let ours = told::config(&k3s::configuration(node, context)).unwrap_or_default();
    let gone: Vec<String> = settings(existing)
        .into_iter()
        .filter(|(key, _)| !WRITTEN.contains(&key.as_str()))
        .filter(|(key, _)| KEPT.iter().all(|(kept, ..)| kept != key))
        .filter_map(|(key, values)| {
            let has = ours.get(&key).map(Vec::as_slice).unwrap_or_default();
            let gone: Vec<String> =
                values.into_iter().filter(|value| !has.contains(value)).collect();
            (!gone.is_empty()).then(|| format!("{key} ({})", gone.join(", ")))
        })
        .collect();
    let table = table(node);
    let (what, hint) = if gone.is_empty() {
        let what = "the k3s that is there is taken over".to_owned();
        (what, "take `adopt` out of the inventory afterwards".to_owned())
    } else {
        let what =
            format!("the k3s that is there is taken over; of its settings go {}", gone.join(", "));
        (what, format!("write those that are to stay into {table}, before the run"))
    };
    let token = existing.options().contains_key("agent-token")
        || existing.options().contains_key("agent-token-file");
    let hint = if token && is_server(node) {
        format!(
            "{hint}; nodes outside of the inventory that joined by its agent token need the new one"
        )
    } else {
        hint
    };
    Refusal::new(&node.name, "adopt", what, hint)
}

/// What the files that are written anew say. `config.yaml.d` and files of variables
/// stay, and go on counting.
fn settings(existing: &Existing) -> Options {
    let text = existing.text(paths::CONFIG).filter(|text| !told::is_ours(text));
    let mut all = text.and_then(|text| told::config(&text).ok()).unwrap_or_default();
    for (_, started) in existing.foreign_units() {
        all.extend(started.options);
    }
    all
}
