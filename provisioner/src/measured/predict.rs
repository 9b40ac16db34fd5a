//! What `provision fit` says of the nodes as they are found to be, to hold what
//! was measured against.

use std::collections::BTreeMap;

use terrarium_fit::verdict::Budget;
use terrarium_inventory::{Inventory, Node};

use super::cluster::{self, Cluster};
use super::snapshot::Snapshot;
use crate::cli::Common;
use crate::error::Failure;
use crate::fit::allowance::{Allowance, BESIDE};
use crate::fit::answer::{Answer, Range, Subject};
use crate::fit::judge::{Terms, judge};
use crate::fit::problem::of_parts;
use crate::fit::site::Site;
use crate::fit::stack::charts;
use crate::settings::Settings;
use crate::stack::{Stack, helm};
use crate::trust::Keep;
use crate::view::Reporter;

/// Enough for a word; proofs are `provision fit`'s.
const BUDGET: Budget = Budget { search: 200_000, proof: 0, runs: 200, seed: 1 };

/// Judges the inventory's stack on its nodes.
pub(crate) async fn predict(
    stack: &Stack,
    inventory: &Inventory,
    cluster: &Cluster,
    sites: Vec<Site>,
    common: &Common,
    settings: &Settings,
    reporter: &Reporter,
) -> Result<Answer, Failure> {
    let boards: Vec<_> = sites.iter().map(Site::board).collect();
    let helm = helm(inventory, common.patience, settings, Keep::Look, reporter).await?;
    let others = cluster.nodes.iter().map(|node| node.name.as_str());
    let others: Vec<&str> =
        others.filter(|name| sites.iter().all(|site| site.name != *name)).collect();
    let mut parts = charts(stack, &stack.wish(&boards, None), &helm).await?;
    parts.stored(&cluster.storage, &others);
    let asked = of_parts(&parts, sites, &inventory.k3s.disable, false)?;
    let allowance = Allowance::new(BESIDE, &settings.cancel);
    let terms = Terms {
        again: None,
        allowance: &allowance,
        subject: Subject { title: "the stack".to_owned(), source: "charts" },
        budget: BUDGET,
        stock: false,
        prices: &[],
        refused: parts.refused,
        notes: parts.notes,
    };
    Ok(tokio::task::block_in_place(|| judge(&asked, &terms)))
}

/// The inventory's nodes, as Kubernetes and their agents describe them; by their
/// boards where they do not answer. A node nobody can describe is left out.
pub(crate) fn sites(
    inventory: &Inventory,
    cluster: &Cluster,
    snapshots: &BTreeMap<String, Snapshot>,
) -> Vec<Site> {
    let site = |node: &Node| {
        let found = cluster.nodes.iter().find(|found| found.name == node.name);
        match (found, snapshots.get(&node.name)) {
            (Some(found), Some(snapshot)) => Some(measured(node, found, snapshot)),
            _ => Site::of_inventory(node, None),
        }
    };
    inventory.nodes.iter().filter_map(site).map(|site| site.configured(&inventory.k3s)).collect()
}

fn measured(node: &Node, found: &cluster::Node, snapshot: &Snapshot) -> Site {
    let label = |key: &str| found.labels.get(key).cloned();
    let board = label("terrarium/board");
    let known = board.as_deref().and_then(terrarium_hardware::board);
    let memory = snapshot.node.memory_total_bytes.unwrap_or(found.memory);
    let page = snapshot.node.page_size_bytes;
    let kernel = known.and_then(|board| {
        board.kernels.iter().find(|kernel| Some(u64::from(kernel.page_bytes.value)) == page)
    });
    Site {
        name: node.name.clone(),
        role: node.role,
        title: known.map(|board| board.title.clone()),
        level: label("terrarium/cpu"),
        labels: found.labels.clone(),
        cores: snapshot.node.cpus,
        memory: Range { low: memory, high: memory },
        page_bytes: page,
        address_bits: kernel.and_then(|k| k.virtual_address_bits.as_ref()).map(|b| b.value),
        kernel: found.kernel.clone(),
        disk_free: None,
        options: BTreeMap::new(),
        board,
    }
}
