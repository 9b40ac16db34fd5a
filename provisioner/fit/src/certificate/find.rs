//! Cheap proofs, the plainest first. Each looks at necessary conditions only.

use std::collections::BTreeSet;

use super::{Certificate, Places, Short};
use crate::pack::{Cause, Packing, Tied};
use crate::search::weight;

/// The first certificate there is, without searching.
pub fn find(packing: &Packing) -> Option<Certificate> {
    singleton(packing)
        .or_else(|| copies(packing))
        .or_else(|| sets(packing).iter().find_map(|set| confined(packing, set)))
        .or_else(|| sets(packing).iter().find_map(|set| apart(packing, set)))
        .or_else(|| packing.tied.iter().find_map(|tied| together(packing, tied)))
}

/// A pod that fits no node even alone.
fn singleton(packing: &Packing) -> Option<Certificate> {
    packing.classes.iter().enumerate().find_map(|(index, class)| {
        let nodes = 0..packing.nodes.len();
        if nodes.clone().any(|node| packing.fits(index, node)) {
            return None;
        }
        let pod = packing.names[*class.members.first()?].clone();
        let short: Vec<Short> = nodes
            .filter(|&node| class.eligible[node])
            .filter_map(|node| {
                let room = &packing.nodes[node].room;
                let dimension =
                    (0..room.len()).find(|&d| class.demand[d] > 0 && class.demand[d] > room[d])?;
                Some(Short {
                    node: packing.nodes[node].name.clone(),
                    dimension: packing.dimensions[dimension].clone(),
                    needs: class.demand[dimension],
                    has: room[dimension],
                })
            })
            .collect();
        Some(if short.is_empty() {
            Certificate::Nowhere { pod, nodes: packing.nodes.len() }
        } else {
            Certificate::TooLarge { pod, short }
        })
    })
}

/// More copies of a pod than places for it.
fn copies(packing: &Packing) -> Option<Certificate> {
    (0..packing.classes.len()).find_map(|class| {
        let one = packing
            .conflicts
            .iter()
            .filter(|conflict| conflict.one == class && conflict.other == class)
            .map(|conflict| (conflict.topology, 1, conflict.cause));
        let capped = packing
            .caps
            .iter()
            .filter(|cap| cap.class == class)
            .map(|cap| (cap.topology, cap.most, Cause::Spread));
        let mut bounds: Vec<(usize, u64, Cause)> = one.chain(capped).collect();
        bounds.push((0, u64::MAX, Cause::Size));
        let copies = packing.classes[class].members.len() as u64;
        bounds.into_iter().find_map(|(topology, most, cause)| {
            let places = places(packing, class, topology, most);
            let total = places.iter().map(|places| places.most).fold(0, u64::saturating_add);
            let pods = &packing.classes[class].members;
            (total < copies).then(|| Certificate::Copies {
                pods: pods.iter().map(|&pod| packing.names[pod].clone()).collect(),
                places,
                cause,
            })
        })
    })
}

/// Places for one class with at most `most` in each domain.
fn places(packing: &Packing, class: usize, topology: usize, most: u64) -> Vec<Places> {
    let domains = &packing.topologies[topology];
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for (node, domain) in domains.iter().enumerate() {
        let same: Vec<usize> = match domain {
            Some(domain) if !seen.insert(*domain) => continue,
            Some(_) => (node..domains.len()).filter(|&n| domains[n] == *domain).collect(),
            None => vec![node],
        };
        let nodes: Vec<usize> = same.into_iter().filter(|&n| packing.fits(class, n)).collect();
        let room: u64 = nodes.iter().map(|&n| on(packing, class, n)).fold(0, u64::saturating_add);
        if nodes.is_empty() {
            continue;
        }
        places.push(Places {
            nodes: nodes.iter().map(|&n| packing.nodes[n].name.clone()).collect(),
            most: if domain.is_some() { room.min(most) } else { room },
        });
    }
    places
}

/// Copies of a class that fit an empty node.
fn on(packing: &Packing, class: usize, node: usize) -> u64 {
    let demand = packing.classes[class].demand.iter().zip(&packing.nodes[node].room);
    demand.filter_map(|(demand, room)| room.checked_div(*demand)).min().unwrap_or(u64::MAX)
}

/// The sets of nodes worth looking at: those classes are confined to and their
/// unions, up to a bound.
fn sets(packing: &Packing) -> Vec<Vec<bool>> {
    const MOST: usize = 1024;
    let nodes = 0..packing.nodes.len();
    let own: BTreeSet<Vec<bool>> = (0..packing.classes.len())
        .map(|class| nodes.clone().map(|node| packing.fits(class, node)).collect())
        .collect();
    let mut sets = own.clone();
    sets.insert(vec![true; packing.nodes.len()]);
    for set in &own {
        let unions: Vec<Vec<bool>> = sets
            .iter()
            .map(|other| set.iter().zip(other).map(|(one, other)| *one || *other).collect())
            .collect();
        if sets.len() + unions.len() > MOST {
            break;
        }
        sets.extend(unions);
    }
    let mut sets: Vec<Vec<bool>> = sets.into_iter().collect();
    // All nodes first, which reads best; then the smaller sets, which say more.
    sets.sort_by_key(|set| {
        let size = set.iter().filter(|inside| **inside).count();
        (size != set.len(), size)
    });
    sets
}

/// The classes that fit nowhere outside the set.
fn inside(packing: &Packing, set: &[bool]) -> Vec<usize> {
    (0..packing.classes.len())
        .filter(|&class| (0..set.len()).all(|node| set[node] || !packing.fits(class, node)))
        .collect()
}

fn names(packing: &Packing, set: &[bool]) -> Vec<String> {
    let nodes = packing.nodes.iter().zip(set).filter(|(_, inside)| **inside);
    nodes.map(|(node, _)| node.name.clone()).collect()
}

/// What is confined to a set of nodes exceeds it in some dimension.
fn confined(packing: &Packing, set: &[bool]) -> Option<Certificate> {
    let classes = inside(packing, set);
    (0..packing.dimensions.len()).find_map(|dimension| {
        let takes = |class: &&usize| packing.classes[**class].demand[dimension] > 0;
        let needs: u128 = classes
            .iter()
            .map(|&class| {
                let class = &packing.classes[class];
                u128::from(class.demand[dimension]) * class.members.len() as u128
            })
            .sum();
        let rooms = packing.nodes.iter().zip(set).filter(|(_, inside)| **inside);
        let has: u128 = rooms.map(|(node, _)| u128::from(node.room[dimension])).sum();
        (needs > has).then(|| Certificate::Confined {
            nodes: names(packing, set),
            pods: classes
                .iter()
                .filter(takes)
                .flat_map(|&class| &packing.classes[class].members)
                .map(|&pod| packing.names[pod].clone())
                .collect(),
            dimension: packing.dimensions[dimension].clone(),
            needs: u64::try_from(needs).unwrap_or(u64::MAX),
            has: u64::try_from(has).unwrap_or(u64::MAX),
        })
    })
}

/// Pods confined to a set of nodes of which no two share a node, grown
/// greedily from each class.
fn apart(packing: &Packing, set: &[bool]) -> Option<Certificate> {
    const SEEDS: usize = 64;
    let nodes = set.iter().filter(|inside| **inside).count();
    let mut classes = inside(packing, set);
    if nodes > 256 {
        return None;
    }
    classes.sort_by_cached_key(|&class| (std::cmp::Reverse(weight(packing, class)), class));
    classes.iter().take(SEEDS).find_map(|&seed| {
        let mut pods: Vec<(usize, usize)> = Vec::new();
        for &class in std::iter::once(&seed).chain(&classes) {
            for &member in &packing.classes[class].members {
                let new = pods.iter().all(|&(_, pod)| pod != member);
                if new && pods.iter().all(|&(other, _)| exclude(packing, class, other)) {
                    pods.push((class, member));
                }
                if pods.len() > nodes {
                    return Some(Certificate::Apart {
                        pods: pods.iter().map(|&(_, pod)| packing.names[pod].clone()).collect(),
                        nodes: names(packing, set),
                    });
                }
            }
        }
        None
    })
}

/// Pods that one domain has to take, and none can.
fn together(packing: &Packing, tied: &Tied) -> Option<Certificate> {
    let topology = &packing.topologies[tied.topology];
    let domains: BTreeSet<usize> = topology.iter().flatten().copied().collect();
    let nodes = |domain: usize| -> Vec<usize> {
        (0..topology.len()).filter(|&node| topology[node] == Some(domain)).collect()
    };
    if domains.iter().any(|&domain| takes(packing, tied, &nodes(domain))) {
        return None;
    }
    let may = |node: usize| tied.classes.iter().any(|&class| packing.fits(class, node));
    let named = |nodes: Vec<usize>| -> Vec<String> {
        let nodes = nodes.into_iter().filter(|&node| may(node));
        nodes.map(|node| packing.nodes[node].name.clone()).collect()
    };
    let domains = domains.into_iter().map(|domain| named(nodes(domain)));
    let members = tied.classes.iter().flat_map(|&class| &packing.classes[class].members);
    Some(Certificate::Together {
        pods: members.map(|&pod| packing.names[pod].clone()).collect(),
        tie: tied.tie,
        domains: domains.filter(|nodes| !nodes.is_empty()).collect(),
    })
}

/// Whether the nodes of a domain might take all pods of the classes, as far as sums
/// and pairs say.
fn takes(packing: &Packing, tied: &Tied, nodes: &[usize]) -> bool {
    let all = || tied.classes.iter().map(|&class| (class, &packing.classes[class]));
    let welcome = all().all(|(class, _)| nodes.iter().any(|&node| packing.fits(class, node)));
    let room = (0..packing.dimensions.len()).all(|dimension| {
        let sum = |amount: u64, count: usize| u128::from(amount) * count as u128;
        let needs: u128 =
            all().map(|(_, class)| sum(class.demand[dimension], class.members.len())).sum();
        let has: u128 =
            nodes.iter().map(|&node| u128::from(packing.nodes[node].room[dimension])).sum();
        needs == 0 || needs <= has
    });
    let one_domain = |topology: usize| {
        let domains = &packing.topologies[topology];
        let first = nodes.first().and_then(|&node| domains[node]);
        first.is_some() && nodes.iter().all(|&node| domains[node] == first)
    };
    let apart = packing.conflicts.iter().any(|conflict| {
        let several =
            conflict.one != conflict.other || packing.classes[conflict.one].members.len() > 1;
        several
            && [conflict.one, conflict.other].iter().all(|class| tied.classes.contains(class))
            && one_domain(conflict.topology)
    });
    welcome && room && !apart
}

/// Whether a pod of each can never share a node.
fn exclude(packing: &Packing, one: usize, other: usize) -> bool {
    let (a, b) = (&packing.classes[one], &packing.classes[other]);
    let pair = [(one, other), (other, one)];
    let between: Vec<usize> = packing
        .conflicts
        .iter()
        .filter(|conflict| pair.contains(&(conflict.one, conflict.other)))
        .map(|conflict| conflict.topology)
        .collect();
    (0..packing.nodes.len())
        .filter(|&node| packing.fits(one, node) && packing.fits(other, node))
        .all(|node| {
            let full = (0..packing.dimensions.len()).any(|d| {
                let (x, y) = (a.demand[d], b.demand[d]);
                (x > 0 || y > 0) && x.saturating_add(y) > packing.nodes[node].room[d]
            });
            full || between.iter().any(|&topology| packing.topologies[topology][node].is_some())
        })
}
