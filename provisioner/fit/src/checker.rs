//! Checks proofs without the code that made them: pod by pod instead of by
//! class, every number counted again, and for an exhausted search a second
//! one that works differently.

pub mod again;
mod together;
mod translate;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::{Certificate, Places, Short, too_many};
use crate::limit;
use crate::pack::{Cause, Tie};
pub use translate::translate;

use again::{Group, Recount, recount};

/// What there is to count, pod by pod.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// The dimensions, as certificates name them.
    pub dimensions: Vec<String>,
    /// The nodes: name and room by dimension.
    pub nodes: Vec<(String, Vec<u64>)>,
    /// The pods.
    pub pods: Vec<Counted>,
    /// Pods that exclude each other.
    pub apart: Vec<Apart>,
    /// Limits spread constraints set because a domain stays empty.
    pub limits: Vec<Limit>,
    /// Pods that end up in one domain, whichever it is.
    pub together: Vec<Together>,
}

/// A pod to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// `namespace/name`.
    pub name: String,
    /// What it takes, by dimension.
    pub demand: Vec<u64>,
    /// The nodes whose filters accept it, but for room and neighbours.
    pub welcome: Vec<bool>,
}

/// Two pods that may not share a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// One pod's place.
    pub one: usize,
    /// The other's.
    pub other: usize,
    /// The domain of each node; none where the rule does not reach.
    pub domains: Vec<Option<usize>>,
}

/// At most so many of some pods in each domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The pods' places.
    pub pods: BTreeSet<usize>,
    /// The domain of each node.
    pub domains: Vec<Option<usize>>,
    /// The limit.
    pub most: u64,
}

/// Pods that have to be in one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// The pods' places.
    pub pods: BTreeSet<usize>,
    /// The domain of each node; none where they cannot be.
    pub domains: Vec<Option<usize>>,
    /// What ties them.
    pub tie: Tie,
}

/// The certificate, if it holds; an exhausted search comes back with the steps
/// of the second, which may take `steps`.
pub fn check(count: &Count, certificate: &Certificate, steps: u64) -> Option<Certificate> {
    let holds = match certificate {
        Certificate::Nowhere { pod, nodes } => {
            let pod = count.pod(pod)?;
            *nodes == count.nodes.len() && !count.pods[pod].welcome.contains(&true)
        }
        Certificate::TooLarge { pod, short } => count.too_large(count.pod(pod)?, short),
        Certificate::Confined { nodes, pods, dimension, needs, has } => {
            let dimension = count.dimensions.iter().position(|known| known == dimension)?;
            let (nodes, pods) = (count.set(nodes)?, count.all(pods)?);
            let sum: u128 = pods.iter().map(|&pod| count.demand(pod, dimension)).sum();
            let room: u128 = nodes.iter().map(|&node| count.room(node, dimension)).sum();
            pods.iter().all(|&pod| count.only_on(pod, &nodes))
                && (sum, room) == (u128::from(*needs), u128::from(*has))
                && sum > room
        }
        Certificate::Copies { pods, places, cause } => {
            // As many as have no place are enough.
            count.copies(&count.all(too_many(pods, places))?, places, *cause)?
        }
        Certificate::Apart { pods, nodes } => {
            let (nodes, pods) = (count.set(nodes)?, count.all(pods)?);
            let pairs = || {
                pods.iter().enumerate().flat_map(|(i, a)| pods[..i].iter().map(move |b| (*a, *b)))
            };
            pods.len() > nodes.len()
                && pods.iter().all(|&pod| count.only_on(pod, &nodes))
                && pairs().all(|(one, other)| {
                    nodes.iter().all(|&node| count.never_both(one, other, node))
                })
        }
        Certificate::Together { pods, tie, .. } => {
            let pods: BTreeSet<usize> = count.all(pods)?.into_iter().collect();
            let mut ties = count.together.iter().filter(|group| group.tie == *tie);
            ties.any(|group| pods.is_subset(&group.pods) && count.none_takes(&pods, group))
        }
        Certificate::Searched { pods, nodes, steps: first, .. } => {
            let sizes = (*pods, *nodes) == (count.pods.len(), count.nodes.len());
            let Recount::None(again) = count.again(steps) else { return None };
            return sizes.then_some(Certificate::Searched {
                pods: *pods,
                nodes: *nodes,
                steps: *first,
                again,
            });
        }
    };
    holds.then(|| certificate.clone())
}

impl Count {
    fn pod(&self, name: &str) -> Option<usize> {
        limit::check();
        self.pods.iter().position(|pod| pod.name == name)
    }

    /// The pods of these names, each once.
    fn all(&self, names: &[String]) -> Option<Vec<usize>> {
        let pods: BTreeSet<usize> =
            names.iter().map(|name| self.pod(name)).collect::<Option<_>>()?;
        (pods.len() == names.len()).then(|| pods.into_iter().collect())
    }

    fn set(&self, names: &[String]) -> Option<BTreeSet<usize>> {
        let place = |name: &String| self.nodes.iter().position(|(known, _)| known == name);
        names.iter().map(place).collect()
    }

    fn demand(&self, pod: usize, dimension: usize) -> u128 {
        limit::check();
        self.pods[pod].demand.get(dimension).copied().map_or(0, u128::from)
    }

    fn room(&self, node: usize, dimension: usize) -> u128 {
        self.nodes[node].1.get(dimension).copied().map_or(0, u128::from)
    }

    /// Whether these pods fit the node together, as far as sums say.
    fn fit(&self, pods: &[usize], node: usize) -> bool {
        (0..self.dimensions.len()).all(|dimension| {
            let sum: u128 = pods.iter().map(|&pod| self.demand(pod, dimension)).sum();
            sum == 0 || sum <= self.room(node, dimension)
        })
    }

    fn may(&self, pod: usize, node: usize) -> bool {
        self.pods[pod].welcome[node] && self.fit(&[pod], node)
    }

    fn only_on(&self, pod: usize, nodes: &BTreeSet<usize>) -> bool {
        (0..self.nodes.len()).all(|node| nodes.contains(&node) || !self.may(pod, node))
    }

    fn excluded(&self, one: usize, other: usize, node: usize, there: usize) -> bool {
        self.apart.iter().any(|apart| {
            limit::check();
            let pair = (apart.one, apart.other);
            (pair == (one, other) || pair == (other, one))
                && apart.domains[node].is_some()
                && apart.domains[node] == apart.domains[there]
        })
    }

    fn never_both(&self, one: usize, other: usize, node: usize) -> bool {
        !self.may(one, node)
            || !self.may(other, node)
            || !self.fit(&[one, other], node)
            || self.excluded(one, other, node, node)
    }

    fn too_large(&self, pod: usize, short: &[Short]) -> bool {
        let stated = |node: usize| {
            let name = &self.nodes[node].0;
            short.iter().any(|short| {
                let dimension = self.dimensions.iter().position(|known| *known == short.dimension);
                short.node == *name
                    && short.needs > short.has
                    && dimension.is_some_and(|dimension| {
                        self.demand(pod, dimension) == u128::from(short.needs)
                            && self.room(node, dimension) == u128::from(short.has)
                    })
            })
        };
        !short.is_empty()
            && (0..self.nodes.len()).all(|node| !self.pods[pod].welcome[node] || stated(node))
    }

    /// Whether the places cover all nodes the pods may go to, none holds more
    /// than stated, and they are fewer than the pods.
    fn copies(&self, pods: &[usize], places: &[Places], cause: Cause) -> Option<bool> {
        let (mut covered, mut total) = (BTreeSet::new(), 0u128);
        for place in places {
            let nodes = self.set(&place.nodes)?;
            if nodes.iter().any(|node| !covered.insert(*node))
                || !self.holds(pods, &nodes, place.most, cause)
            {
                return Some(false);
            }
            total += u128::from(place.most);
        }
        Some(total < pods.len() as u128 && pods.iter().all(|&pod| self.only_on(pod, &covered)))
    }

    /// Whether these nodes hold at most so many of the pods.
    fn holds(&self, pods: &[usize], nodes: &BTreeSet<usize>, most: u64, cause: Cause) -> bool {
        let by_room =
            nodes.iter().map(|&node| self.by_size(pods, node)).fold(0, u128::saturating_add)
                <= u128::from(most);
        let ruled = match cause {
            Cause::Size => false,
            Cause::HostPort | Cause::AntiAffinity => {
                most >= 1
                    && pods.iter().enumerate().all(|(index, &one)| {
                        pods[..index].iter().all(|&other| {
                            let all = |&node: &usize| {
                                nodes.iter().all(|&there| self.excluded(one, other, node, there))
                            };
                            nodes.iter().all(all)
                        })
                    })
            }
            Cause::Spread => self.limits.iter().any(|limit| {
                let domains: BTreeSet<_> = nodes.iter().map(|&node| limit.domains[node]).collect();
                limit.most <= most
                    && pods.iter().all(|pod| limit.pods.contains(pod))
                    && domains.len() == 1
                    && !domains.contains(&None)
            }),
        };
        by_room || ruled
    }

    /// The most of the pods the node's room could take: counted with the
    /// smallest demand among them in each dimension.
    fn by_size(&self, pods: &[usize], node: usize) -> u128 {
        (0..self.dimensions.len())
            .filter_map(|dimension| {
                let least = pods.iter().map(|&pod| self.demand(pod, dimension)).min()?;
                self.room(node, dimension).checked_div(least)
            })
            .min()
            .unwrap_or(u128::MAX)
    }

    /// A pod's largest share of all the room, in millionths.
    fn share(&self, pod: &Counted) -> u128 {
        let dimensions = pod.demand.iter().enumerate();
        dimensions
            .map(|(dimension, demand)| {
                let room: u128 = (0..self.nodes.len()).map(|node| self.room(node, dimension)).sum();
                u128::from(*demand) * 1_000_000 / room.max(1)
            })
            .max()
            .unwrap_or(0)
    }

    /// The second search. Exclusions that reach beyond a node or not to all
    /// nodes are left out: what has no placement even so has none.
    fn again(&self, steps: u64) -> Recount {
        let reaches = |apart: &&Apart| apart.domains.iter().all(Option::is_some);
        let pairs: Vec<&Apart> = self.apart.iter().filter(reaches).collect();
        let bound: BTreeSet<usize> =
            pairs.iter().flat_map(|apart| [apart.one, apart.other]).collect();
        let bound = |pod: usize| bound.contains(&pod);
        let mut groups: Vec<(Vec<usize>, Group)> = Vec::new();
        let mut order: Vec<(usize, &Counted)> = self.pods.iter().enumerate().collect();
        order.sort_by_cached_key(|(_, pod)| std::cmp::Reverse(self.share(pod)));
        for (pod, counted) in order {
            let alike = groups.iter_mut().find(|(pods, group)| {
                limit::check();
                !bound(pod)
                    && !bound(pods[0])
                    && group.demand == counted.demand
                    && group.allowed == counted.welcome
            });
            if let Some((pods, group)) = alike {
                pods.push(pod);
                group.count += 1;
            } else {
                let (demand, allowed) = (counted.demand.clone(), counted.welcome.clone());
                groups.push((vec![pod], Group { count: 1, demand, allowed, apart: Vec::new() }));
            }
        }
        let places: BTreeMap<usize, usize> = groups
            .iter()
            .enumerate()
            .flat_map(|(place, (pods, _))| pods.iter().map(move |&pod| (pod, place)))
            .collect();
        let place = |pod: usize| places.get(&pod).copied();
        let links: Vec<(usize, usize)> = pairs
            .iter()
            .filter(|apart| apart.one != apart.other)
            .filter_map(|apart| Some((place(apart.one)?, place(apart.other)?)))
            .collect();
        let mut groups: Vec<Group> = groups.into_iter().map(|(_, group)| group).collect();
        for (one, other) in links {
            groups[one].apart.push(other);
            groups[other].apart.push(one);
        }
        let rooms: Vec<Vec<u64>> = self.nodes.iter().map(|(_, room)| room.clone()).collect();
        recount(&rooms, &groups, steps)
    }
}
