//! What services can choose nodes by: board, architecture level, storage, and
//! the inventory's own labels.

use std::collections::BTreeMap;

use terrarium_inventory::Node;

use crate::k3s::{barrier, found};
use crate::planner::Context;
use crate::{Action, Change, Facts};

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    let wanted = node_labels(node, context.facts);
    let found = found(node, context);
    let differing: Vec<String> = wanted
        .iter()
        .filter(|(key, value)| found.and_then(|node| node.labels.get(*key)) != Some(*value))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if differing.is_empty() {
        return None;
    }
    let mut args = ["label", "node", &node.name, "--overwrite"].map(str::to_owned).to_vec();
    args.extend(differing.iter().cloned());
    Some(
        barrier(
            node,
            Change::new(
                "k3s.labels",
                "label the node",
                format!("{} not set", differing.join(", ")),
            ),
        )
        .act(Action::Kubectl { args, deadline: 60 }),
    )
}

/// The labels `provision` gives a node.
pub fn node_labels(node: &Node, facts: &Facts) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut set = |key: &str, value: Option<String>| {
        labels.extend(value.map(|value| (format!("terrarium/{key}"), value)));
    };
    set("board", board(node, facts));
    set("cpu", facts.cpu_level().map(str::to_owned));
    set("storage", facts.storage().map(str::to_owned));
    labels.extend(node.labels.clone());
    labels
}

/// The id of the node's board: as the inventory says, or as it presents itself.
pub fn board(node: &Node, facts: &Facts) -> Option<String> {
    let found = || terrarium_hardware::identify(&facts.model, facts.memory_bytes);
    node.board.clone().or_else(|| found().map(|board| board.id.clone()))
}

/// The architecture level services choose by: the processor's own, or where it
/// is another than the board has (a virtual Pi), the board's.
pub fn level(node: &Node, facts: &Facts) -> Option<String> {
    let own = facts.cpu_level().map(str::to_owned);
    own.or_else(|| {
        let board = terrarium_hardware::board(&board(node, facts)?)?;
        Some(board.arch_level.value.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{facts, node};

    #[test]
    fn the_level_is_the_processors_or_that_of_the_board_it_presents() {
        for (machine, features, model, expected) in [
            ("aarch64", "asimddp", "Raspberry Pi 5 Model B Rev 1.0", Some("armv8.2-a")),
            ("aarch64", "asimd", "Raspberry Pi 4 Model B Rev 1.5", Some("armv8.0-a")),
            ("x86_64", "", "Raspberry Pi 4 Model B Rev 1.5", Some("armv8.0-a")),
            ("x86_64", "", "Raspberry Pi 5 Model B Rev 1.0", Some("armv8.2-a")),
            ("x86_64", "", "", None),
        ] {
            let facts = Facts {
                machine: machine.to_owned(),
                cpu_features: vec![features.to_owned()],
                model: model.to_owned(),
                ..facts()
            };
            assert_eq!(level(&node("pi-1"), &facts).as_deref(), expected, "{machine} {model}");
        }
    }
}
