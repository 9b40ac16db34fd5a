//! What would make a stack fit that does not.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::change::{self, Candidate, Service};
use terrarium_fit::{k3s, limit};
use terrarium_inventory::Role;

use super::answer::Change;
use super::boards::Wanted;
use super::kubelet::node;
use super::problem::Asked;
use super::site::Site;
use super::words::listed;

/// Steps of each question; there are hundreds.
pub(super) const STEPS: u64 = 20_000;
/// Boards told by name.
const BOARDS_MAX: usize = 4;

/// What would make it fit.
pub(crate) fn to_fit(asked: &Asked, prices: &[(String, u64)], stock: bool) -> Vec<Change> {
    let problem = &asked.low;
    let services = services(asked);
    let mut fits = |dropped: &BTreeSet<usize>| change::without(problem, &services, dropped, STEPS);
    let mut changes = Vec::new();
    if let Some(conflict) = change::conflict(&services, &mut fits) {
        changes.push(Change {
            kind: "conflict",
            what: format!("{} do not fit together, even without all others", names(&conflict)),
        });
    }
    changes.extend(drop(asked));
    changes.extend(boards(asked, prices, stock));
    changes
}

/// The services to leave out so that the rest fits.
pub(crate) fn drop(asked: &Asked) -> Option<Change> {
    let services = services(asked);
    let mut fits =
        |dropped: &BTreeSet<usize>| change::without(&asked.low, &services, dropped, STEPS);
    let dropped = change::drop(&services, &mut fits).filter(|d| !d.services.is_empty())?;
    let least = if dropped.smallest { "; fewer will not do" } else { "" };
    Some(Change { kind: "drop", what: format!("leave out {}{least}", names(&dropped.services)) })
}

pub(super) fn services(asked: &Asked) -> Vec<Service> {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    for pod in &asked.low.pods {
        limit::check();
        let service = services.entry(&pod.service).or_insert_with(|| Service {
            name: pod.service.clone(),
            priority: 0,
            depends: asked.about(&pod.service).needs,
            memory_bytes: 0,
            fixed: pod.service == k3s::SERVICE,
        });
        service.priority = service.priority.max(u32::try_from(pod.priority).unwrap_or(0));
        service.memory_bytes += pod.requests.memory_bytes;
        // What is bound runs already.
        service.fixed |= pod.node_name.is_some();
    }
    services.into_values().collect()
}

pub(super) fn names(services: &[String]) -> String {
    listed(&services.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

/// Boards of the catalogue that make it fit, added or in the place of another.
fn boards(asked: &Asked, prices: &[(String, u64)], stock: bool) -> Vec<Change> {
    if asked.sites.is_empty() {
        return Vec::new();
    }
    let name = format!("pi-{}", asked.sites.len() + 1);
    // A new board is set up as the agent nodes there are.
    let like = asked.sites.iter().find(|site| site.role == Role::Agent);
    let options = like.map(|site| site.options.clone()).unwrap_or_default();
    let candidates: Vec<Candidate> = terrarium_hardware::boards()
        .iter()
        .filter_map(|board| {
            let wanted = Wanted { name: name.clone(), role: Role::Agent, board: board.clone() };
            let site = Site { options: options.clone(), ..Site::of_board(&wanted, None) };
            let price = prices.iter().find(|(id, _)| *id == board.id).map(|(_, price)| *price);
            // One too small for what is kept from pods is no help.
            let node = node(&site, site.memory.low, stock).ok()?;
            Some(Candidate { board: board.id.clone(), node, price })
        })
        .collect();
    let helpful = change::boards(&asked.low, &candidates, STEPS);
    // What was not found for want of budget may be there.
    limit::check();
    if helpful.is_empty() {
        return vec![Change {
            kind: "board",
            what: "no board of the catalogue makes it fit, added or in the place of another"
                .to_owned(),
        }];
    }
    let mut changes = Vec::new();
    let added = helpful.iter().filter(|board| board.replaces.is_none()).take(BOARDS_MAX);
    for board in added {
        let price = board.price.map_or_else(String::new, |price| format!(" ({price} euros)"));
        changes.push(Change { kind: "board", what: format!("add a {}{price}", board.board) });
    }
    let mut told = BTreeSet::new();
    for board in helpful.iter().filter(|board| told.insert(board.board.clone())) {
        let Some(replaced) = &board.replaces else { continue };
        let price = board.price.map_or_else(String::new, |price| format!(" ({price} euros)"));
        let what = format!("take a {}{price} in the place of {replaced}", board.board);
        changes.push(Change { kind: "board", what });
    }
    changes.truncate(2 * BOARDS_MAX);
    changes
}
