//! What would change the verdict, and what becomes of services when a node is
//! lost.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::change::{self, Candidate, Service};
use terrarium_fit::k3s;
use terrarium_fit::loss::{self, Fate, Placed, Return};
use terrarium_fit::model::{Owner, Problem};
use terrarium_fit::pack::{Meter, compile};
use terrarium_inventory::Role;

use super::answer::{self, Change, Loss};
use super::boards::Wanted;
use super::kubelet::node;
use super::problem::Asked;
use super::site::Site;
use super::words::listed;

/// Steps of each question; there are hundreds.
const STEPS: u64 = 20_000;
/// Boards told by name.
const BOARDS_MAX: usize = 4;
/// Pods that are worth tying to nodes by hand.
const PINS_MAX: usize = 8;

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

/// What would make it sure: pods tied to the nodes of the placement.
pub(crate) fn to_be_sure(asked: &Asked, placement: &[(usize, usize)]) -> Option<Change> {
    let packing = compile(&asked.low, false);
    let pins = change::pins(&packing, placement, &mut Meter::new(STEPS * 10, None))?;
    if pins.is_empty() || pins.len() > PINS_MAX {
        return None;
    }
    let pins: Vec<String> = pins
        .iter()
        .map(|&(pod, node)| {
            format!("`{}` to {}", asked.low.pods[pod].name, asked.low.nodes[node].name)
        })
        .collect();
    Some(Change {
        kind: "pin",
        what: format!("tie {} with a nodeSelector, and every order places all", listed(&pins)),
    })
}

/// The largest request each service's pods could have.
pub(crate) fn largest(problem: &Problem, service: &str) -> Option<u64> {
    change::largest_memory(problem, service, STEPS)
}

fn services(asked: &Asked) -> Vec<Service> {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    for pod in &asked.low.pods {
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

fn names(services: &[String]) -> String {
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

/// Each node lost, from this placement.
pub(crate) fn losses(asked: &Asked, placement: &[(usize, usize)]) -> Vec<Loss> {
    let problem = &asked.low;
    if problem.nodes.len() < 2 {
        return Vec::new();
    }
    let packing = compile(problem, false);
    let mut controls: BTreeSet<usize> = problem
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.labels.contains_key("node-role.kubernetes.io/control-plane"))
        .map(|(place, _)| place)
        .collect();
    // A control plane on none of the nodes is elsewhere, and stays.
    if controls.is_empty() {
        controls.insert(problem.nodes.len());
    }
    let placed: Vec<Placed> = placement
        .iter()
        .map(|&(pod, node)| {
            let pod_ = &problem.pods[pod];
            Placed {
                pod,
                service: pod_.service.clone(),
                node,
                comes_back: match pod_.owner {
                    Owner::Pod => Return::Never,
                    Owner::Deployment { .. } | Owner::Job { .. } => Return::Elsewhere,
                    Owner::StatefulSet { .. } => Return::Held,
                    Owner::DaemonSet { .. } => Return::WithNode,
                },
                pinned: !pod_.claims.is_empty(),
            }
        })
        .collect();
    (0..problem.nodes.len())
        .map(|lost| {
            let mut meter = Meter::new(STEPS * 10, None);
            let found = loss::loss(&packing, &placed, lost, &controls, &mut meter);
            let quorum = 2 * controls.iter().filter(|node| **node != lost).count() > controls.len();
            told(&found, !quorum)
        })
        .collect()
}

fn told(found: &loss::Loss, headless: bool) -> Loss {
    let count = |fate: Fate| found.services.values().filter(|other| **other == fate).count();
    let down = [
        (count(Fate::Lost), "lost until it returns"),
        (count(Fate::NeverRescheduled), "down, and nobody starts them elsewhere"),
        (count(Fate::Degraded), "degraded"),
    ];
    let mut parts: Vec<String> = down
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    parts.insert(
        0,
        format!("{} of {} services survive", count(Fate::Survives), found.services.len()),
    );
    let mut summary = listed(&parts);
    if headless {
        summary.push_str("; the control plane is gone with it: nothing is rescheduled");
    }
    if !found.certain {
        summary.push_str("; the search for room was cut short, so more may survive");
    }
    let word = |fate: Fate| match fate {
        Fate::Survives => "survives",
        Fate::Degraded => "degraded",
        Fate::Lost => "lost",
        Fate::NeverRescheduled => "never rescheduled",
    };
    let fates = found
        .services
        .iter()
        .map(|(service, fate)| (service.clone(), answer::Fate { here: word(*fate), best: None }));
    Loss { node: found.node.clone(), summary, services: fates.collect() }
}
