//! What would make a stack fit that does not. Each advice is judged before it is told.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::change::{self, Candidate, Service};
use terrarium_fit::{k3s, limit};
use terrarium_inventory::Role;

use super::answer::{Change, Remark, Word};
use super::boards::Wanted;
use super::followed;
use super::judge::Terms;
use super::kubelet::node;
use super::problem::Asked;
use super::site::Site;
use super::words::listed;

/// Steps of each question; there are hundreds.
pub(super) const STEPS: u64 = 20_000;
/// Pods up to which it is tried to move some for others, or to make sure of each: with
/// more nobody waits for it, and nobody would do it.
pub(super) const PODS_MAX: usize = 300;
/// Boards told by name.
const BOARDS_MAX: usize = 4;

/// Services that do not fit even without all others. `impossible` are those that no
/// node of these ever runs.
pub(crate) fn conflict(asked: &Asked, impossible: &[Remark]) -> Option<Change> {
    if !impossible.is_empty() {
        return None;
    }
    let services = services(asked);
    let mut fits =
        |dropped: &BTreeSet<usize>| change::without(&asked.low, &services, dropped, STEPS);
    let conflict = change::conflict(&services, &mut fits)?;
    let what = format!("{} do not fit together, even without all others", names(&conflict));
    Some(Change { kind: "conflict", what })
}

/// What to leave out so that the rest fits, judged anew.
pub(crate) fn judged_drop(
    asked: &Asked,
    terms: &Terms<'_>,
    impossible: &[Remark],
) -> Option<Change> {
    let gone: Vec<String> = impossible.iter().filter_map(|remark| remark.service.clone()).collect();
    let (services, smallest) = left_out(asked, &gone)?;
    let word = followed::without(asked, terms, &services);
    (word != Word::DoesNotFit).then(|| Change {
        kind: "drop",
        what: format!("{}{}", leave_out(&services, smallest), then(word)),
    })
}

/// The services to leave out so that the rest fits, besides those that are `gone`.
pub(crate) fn drop(asked: &Asked, gone: &[String]) -> Option<Change> {
    let (services, smallest) = left_out(asked, gone)?;
    Some(Change { kind: "drop", what: leave_out(&services, smallest) })
}

fn leave_out(services: &[String], smallest: bool) -> String {
    let least = if smallest { "; fewer will not do" } else { "" };
    format!("leave out {}{least}", names(services))
}

/// What is to be expected of advice that was followed.
fn then(word: Word) -> &'static str {
    if word == Word::Tight { "; it is tight then" } else { "" }
}

/// Their names, and whether no smaller choice will do.
fn left_out(asked: &Asked, gone: &[String]) -> Option<(Vec<String>, bool)> {
    let services = services(asked);
    let place = |name: &String| services.iter().position(|service| service.name == *name);
    let forced: BTreeSet<usize> = gone.iter().filter_map(place).collect();
    let mut fits = |dropped: &BTreeSet<usize>| {
        let all: BTreeSet<usize> = dropped.union(&forced).copied().collect();
        change::without(&asked.low, &services, &all, STEPS)
    };
    let found = change::drop(&services, &mut fits)?;
    let mut names: Vec<String> = gone.to_vec();
    names.extend(found.services.into_iter().filter(|name| !gone.contains(name)));
    (!names.is_empty()).then_some((names, found.smallest))
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

/// A board, in addition or in the place of a node, and the word with it.
struct Bought {
    board: String,
    replaces: Option<String>,
    price: Option<u64>,
    word: Word,
}

/// Boards of the catalogue that make it fit, added or in the place of another.
pub(crate) fn boards(asked: &Asked, terms: &Terms<'_>) -> Vec<Change> {
    if asked.sites.is_empty() || !terms.refused.is_empty() && terms.again.is_none() {
        return Vec::new();
    }
    let mut whole = true;
    let mut bought: Vec<Bought> = candidates(asked, terms)
        .into_iter()
        .map_while(|(board, replaces)| {
            // What was judged before the budget ended is told all the same.
            let judged = limit::stage("a board that may help", || {
                let sites = with(asked, &board.board, replaces.as_deref())?;
                followed::on(asked, terms, sites)
            });
            whole &= judged.is_some();
            Some((board, replaces, judged?))
        })
        .filter_map(|(board, replaces, word)| {
            let word = word?;
            (word != Word::DoesNotFit).then_some(Bought {
                board: board.board,
                replaces,
                price: board.price,
                word,
            })
        })
        .collect();
    if bought.is_empty() {
        if !whole {
            return Vec::new();
        }
        return vec![Change {
            kind: "board",
            what: "no board of the catalogue makes it fit, added or in the place of another"
                .to_owned(),
        }];
    }
    bought.sort_by_key(|board| (board.price.is_none(), board.price, board.word));
    let price =
        |board: &Bought| board.price.map_or_else(String::new, |price| format!(" ({price} euros)"));
    let mut changes = Vec::new();
    for board in bought.iter().filter(|board| board.replaces.is_none()).take(BOARDS_MAX) {
        let what = format!("add a {}{}{}", board.board, price(board), then(board.word));
        changes.push(Change { kind: "board", what });
    }
    let mut told = BTreeSet::new();
    for board in bought.iter().filter(|board| told.insert(board.board.clone())) {
        let Some(replaced) = &board.replaces else { continue };
        let (name, price, then) = (&board.board, price(board), then(board.word));
        let what = format!("take a {name}{price} in the place of {replaced}{then}");
        changes.push(Change { kind: "board", what });
    }
    changes.truncate(2 * BOARDS_MAX);
    changes
}

/// Boards that may help: those that memory and processors are enough with, or where
/// the boards themselves are the matter, all.
fn candidates(asked: &Asked, terms: &Terms<'_>) -> Vec<(Candidate, Option<String>)> {
    let all: Vec<Candidate> = terrarium_hardware::boards()
        .iter()
        .filter_map(|board| {
            let site = site_of(asked, &board.id, None)?;
            let price = terms.prices.iter().find(|(id, _)| *id == board.id).map(|(_, p)| *p);
            // One too small for what is kept from pods is no help.
            let node = node(&site, site.memory.low, terms.stock).ok()?;
            Some(Candidate { board: board.id.clone(), node, price })
        })
        .collect();
    if terms.refused.is_empty() {
        let helpful = change::boards(&asked.low, &all, STEPS);
        // What was not found for want of budget may be there.
        limit::check();
        let of = |board: &change::Board| all.iter().find(|one| one.board == board.board).cloned();
        return helpful
            .into_iter()
            .filter_map(|board| Some((of(&board)?, board.replaces)))
            .collect();
    }
    // The last agent node stands for all: they are alike more often than not.
    let replaced = asked.sites.iter().rfind(|site| site.role == Role::Agent);
    let replaced = replaced.map(|site| site.name.clone());
    let added = all.iter().cloned().map(|board| (board, None));
    let instead = all.iter().cloned().filter_map(|board| Some((board, Some(replaced.clone()?))));
    added.chain(instead).collect()
}

/// The nodes with one more board, or another in the place of one.
fn with(asked: &Asked, board: &str, replaces: Option<&str>) -> Option<Vec<Site>> {
    let mut sites = asked.sites.clone();
    match replaces {
        None => sites.push(site_of(asked, board, None)?),
        Some(name) => {
            let place = sites.iter().position(|site| site.name == name)?;
            sites[place] = site_of(asked, board, Some(&asked.sites[place]))?;
        }
    }
    Some(sites)
}

/// A board in the place of a node, or as one more agent node, set up as those there
/// are.
fn site_of(asked: &Asked, board: &str, place: Option<&Site>) -> Option<Site> {
    let like = place.or_else(|| asked.sites.iter().find(|site| site.role == Role::Agent));
    let name =
        place.map_or_else(|| format!("pi-{}", asked.sites.len() + 1), |site| site.name.clone());
    let role = place.map_or(Role::Agent, |site| site.role);
    let board = terrarium_hardware::board(board)?.clone();
    let options = like.map(|site| site.options.clone()).unwrap_or_default();
    Some(Site { options, ..Site::of_board(&Wanted { name, role, board }, None) })
}
