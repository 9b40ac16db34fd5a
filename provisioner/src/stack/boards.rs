//! The cluster's boards, as services choose by them.

use std::collections::BTreeMap;

use terrarium_helm::board::Board;
use terrarium_inventory::Inventory;
use terrarium_plan::{Facts, level, node_labels};

/// Each node of the inventory whose board is known: as it was found, or while it
/// does not answer, as its labels in the cluster tell.
pub(crate) fn boards(inventory: &Inventory, facts: &BTreeMap<String, Facts>) -> Vec<Board> {
    let server = facts.get(&inventory.server().name);
    let cluster = server.and_then(|facts| facts.cluster.as_ref());
    let board = |node: &terrarium_inventory::Node| {
        if let Some(found) = facts.get(&node.name) {
            return Some(Board {
                node: node.name.clone(),
                id: terrarium_plan::board(node, found),
                level: level(node, found),
                labels: node_labels(node, found),
            });
        }
        let labels = &cluster?.nodes.iter().find(|found| found.name == node.name)?.labels;
        Some(Board {
            node: node.name.clone(),
            id: labels.get("terrarium/board").cloned(),
            level: labels.get("terrarium/cpu").cloned(),
            labels: labels.clone(),
        })
    };
    inventory.nodes.iter().filter_map(board).collect()
}
