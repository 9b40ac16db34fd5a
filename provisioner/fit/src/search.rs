//! Exact search for a placement: depth first over the pods, largest first,
//! with a bound on what is left, identical pods and identical nodes tried
//! once, and states that failed before remembered.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;

use crate::limit;
use crate::pack::{Meter, Packing, within};

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The node of each pod, by class and member.
    Found(Vec<Vec<usize>>),
    /// There is no placement.
    None {
        /// Steps it took to rule them all out.
        steps: u64,
    },
    /// The budget is spent.
    Spent {
        /// The most pods placed at once.
        placed: usize,
    },
}

/// Looks for a placement of every pod. Short attempts come first, each trying
/// the nodes in another order, then longer ones; the last runs to the end.
pub fn search(packing: &Packing, meter: &mut Meter<'_>) -> Outcome {
    let mut deepest = 0;
    for steps in [1 << 9, 1 << 13, 1 << 17, u64::MAX] {
        for preference in [Preference::Level, Preference::Shape, Preference::Fullest] {
            let mut search = Search::new(packing, preference, steps);
            let done = search.place(0, meter);
            deepest = deepest.max(search.deepest);
            match done {
                Some(true) => return Outcome::Found(search.assignment()),
                Some(false) => return Outcome::None { steps: meter.spent() },
                None if meter.empty() => return Outcome::Spent { placed: deepest },
                None => {}
            }
        }
    }
    Outcome::Spent { placed: deepest }
}

/// Which node is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preference {
    /// The one least full afterwards in its fullest dimension.
    Level,
    /// The one whose room has the shape of the demand.
    Shape,
    /// The fullest.
    Fullest,
}

/// States remembered at most; beyond it the search goes on without more.
const MEMORY: usize = 1 << 20;

struct Search<'p> {
    packing: &'p Packing,
    preference: Preference,
    /// What is left of this attempt's own steps.
    steps: u64,
    /// The pods by class, largest class first.
    sequence: Vec<usize>,
    /// Sets of nodes, and per position what the rest confined to each needs.
    confined: Vec<(Vec<usize>, Vec<Vec<u64>>)>,
    /// Per class its conflicts: the other class and the topology.
    apart: Vec<Vec<(usize, usize)>>,
    /// Per class its caps: the topology and the bound.
    caps: Vec<Vec<(usize, u64)>>,
    /// Nodes that differ in nothing but their name share a number.
    kind: Vec<usize>,
    room: Vec<Vec<u64>>,
    /// Pods of each class on each node.
    count: Vec<Vec<u64>>,
    /// The node chosen at each position.
    chosen: Vec<usize>,
    failed: HashSet<(usize, Vec<u64>)>,
    deepest: usize,
}

impl<'p> Search<'p> {
    fn new(packing: &'p Packing, preference: Preference, steps: u64) -> Self {
        let mut order: Vec<usize> = (0..packing.classes.len()).collect();
        order.sort_by_cached_key(|&class| {
            let choices = (0..packing.nodes.len()).filter(|&n| packing.fits(class, n)).count();
            (choices, std::cmp::Reverse(weight(packing, class)), class)
        });
        let sequence: Vec<usize> = order
            .iter()
            .flat_map(|&class| vec![class; packing.classes[class].members.len()])
            .collect();
        let mut apart = vec![Vec::new(); packing.classes.len()];
        for conflict in &packing.conflicts {
            apart[conflict.one].push((conflict.other, conflict.topology));
            if conflict.one != conflict.other {
                apart[conflict.other].push((conflict.one, conflict.topology));
            }
        }
        let mut caps = vec![Vec::new(); packing.classes.len()];
        for cap in &packing.caps {
            caps[cap.class].push((cap.topology, cap.most));
        }
        Self {
            confined: confined(packing, &sequence),
            kind: kinds(packing),
            room: packing.nodes.iter().map(|node| node.room.clone()).collect(),
            count: vec![vec![0; packing.nodes.len()]; packing.classes.len()],
            chosen: Vec::with_capacity(sequence.len()),
            failed: HashSet::new(),
            deepest: 0,
            packing,
            preference,
            steps,
            sequence,
            apart,
            caps,
        }
    }

    /// Places the pods from `position` on: none when the budget is spent.
    fn place(&mut self, position: usize, meter: &mut Meter<'_>) -> Option<bool> {
        self.deepest = self.deepest.max(position);
        let Some(&class) = self.sequence.get(position) else { return Some(true) };
        if self.steps == 0 || !meter.step() {
            return None;
        }
        self.steps -= 1;
        if self.too_little(position) {
            return Some(false);
        }
        let state = self.state(position);
        if self.failed.contains(&state) {
            return Some(false);
        }
        for node in self.candidates(class, position) {
            self.put(class, node);
            let done = self.place(position + 1, meter);
            if done != Some(false) {
                return done;
            }
            self.take(class, node);
        }
        if self.failed.len() < MEMORY {
            self.failed.insert(state);
        }
        Some(false)
    }

    /// Nodes to try, the preferred first. Of identical pods the later
    /// takes no earlier node than the one before; of identical nodes in the
    /// same state only one is tried.
    fn candidates(&self, class: usize, position: usize) -> Vec<usize> {
        let same = position > 0 && self.sequence[position - 1] == class;
        let first = if same { self.chosen[position - 1] } else { 0 };
        let mut nodes: Vec<usize> =
            (first..self.room.len()).filter(|&node| self.accepts(class, node)).collect();
        let mut seen = HashSet::new();
        nodes.retain(|&node| {
            // A class that has begun keeps to its order, in which twins differ.
            let begun = self.count[class].iter().any(|&count| count > 0);
            begun || seen.insert((self.kind[node], self.signature(node)))
        });
        nodes.sort_by_key(|&node| (self.rank(class, node), node));
        nodes
    }

    /// How late a node is tried, in thousandths of its size.
    fn rank(&self, class: usize, node: usize) -> u64 {
        let demand = &self.packing.classes[class].demand;
        let (first, room) = (&self.packing.nodes[node].room, &self.room[node]);
        let share = |amount: u64, d: usize| amount.saturating_mul(1000) / first[d].max(1);
        let dimensions = 0..room.len();
        match self.preference {
            Preference::Fullest => dimensions.map(|d| share(room[d], d)).sum(),
            Preference::Level => {
                let left = |d: usize| share(room[d].saturating_sub(demand[d]), d).min(1000);
                dimensions.map(|d| 1000 - left(d)).max().unwrap_or(0)
            }
            Preference::Shape => {
                let alike = dimensions.map(|d| share(room[d], d) * share(demand[d], d));
                u64::MAX - alike.sum::<u64>()
            }
        }
    }

    fn accepts(&self, class: usize, node: usize) -> bool {
        limit::check();
        let wanted = &self.packing.classes[class];
        wanted.eligible[node]
            && within(&wanted.demand, &self.room[node])
            && self.apart[class]
                .iter()
                .all(|&(other, topology)| self.in_domain(other, topology, node) == 0)
            && self.caps[class].iter().all(|&(topology, most)| {
                self.packing.topologies[topology][node].is_none()
                    || self.in_domain(class, topology, node) < most
            })
    }

    /// Pods of a class in the domain of a node; none where it has no domain.
    fn in_domain(&self, class: usize, topology: usize, node: usize) -> u64 {
        let domains = &self.packing.topologies[topology];
        if domains[node].is_none() {
            return 0;
        }
        let here = (0..domains.len()).filter(|&other| domains[other] == domains[node]);
        here.map(|other| self.count[class][other]).sum()
    }

    fn put(&mut self, class: usize, node: usize) {
        for (room, demand) in self.room[node].iter_mut().zip(&self.packing.classes[class].demand) {
            *room = room.saturating_sub(*demand);
        }
        self.count[class][node] += 1;
        self.chosen.push(node);
    }

    fn take(&mut self, class: usize, node: usize) {
        for (room, demand) in self.room[node].iter_mut().zip(&self.packing.classes[class].demand) {
            *room += demand;
        }
        self.count[class][node] -= 1;
        self.chosen.pop();
    }

    /// Whether the rest confined to a set of nodes needs more than they have.
    fn too_little(&self, position: usize) -> bool {
        self.confined.iter().any(|(nodes, needs)| {
            let rest = needs[position].iter().enumerate();
            rest.into_iter().any(|(dimension, need)| {
                let have: u64 = nodes.iter().map(|&node| self.room[node][dimension]).sum();
                *need > have
            })
        })
    }

    /// What decides whether the rest can be placed: the room, the neighbours
    /// that exclude others, and where the class under way may go on.
    fn state(&self, position: usize) -> (usize, Vec<u64>) {
        let class = self.sequence[position];
        let same = position > 0 && self.sequence[position - 1] == class;
        let mut state = vec![if same { self.chosen[position - 1] as u64 } else { 0 }];
        state.extend(self.room.iter().flatten());
        for (class, count) in self.count.iter().enumerate() {
            if !self.apart[class].is_empty() || !self.caps[class].is_empty() {
                state.extend(count);
            }
        }
        (position, state)
    }

    /// A node's state as far as twins may differ.
    fn signature(&self, node: usize) -> Vec<u64> {
        let mut signature = self.room[node].clone();
        signature.extend(self.count.iter().enumerate().filter_map(|(class, count)| {
            let matters = !self.apart[class].is_empty() || !self.caps[class].is_empty();
            matters.then_some(count[node])
        }));
        signature
    }

    fn assignment(&self) -> Vec<Vec<usize>> {
        let mut nodes = vec![Vec::new(); self.packing.classes.len()];
        for (class, node) in self.sequence.iter().zip(&self.chosen) {
            nodes[*class].push(*node);
        }
        nodes
    }
}

/// A class' largest share of the largest node, in millionths.
pub(crate) fn weight(packing: &Packing, class: usize) -> u64 {
    limit::check();
    let demand = packing.classes[class].demand.iter().enumerate();
    demand
        .map(|(dimension, demand)| {
            let most = packing.nodes.iter().map(|node| node.room[dimension]).max().unwrap_or(0);
            demand.saturating_mul(1_000_000) / most.max(1)
        })
        .max()
        .unwrap_or(0)
}

/// The sets of nodes classes are confined to, all nodes among them, and per
/// position of the sequence what the pods from there on take in each.
fn confined(packing: &Packing, sequence: &[usize]) -> Vec<(Vec<usize>, Vec<Vec<u64>>)> {
    let all = vec![true; packing.nodes.len()];
    let mut sets: Vec<&Vec<bool>> = vec![&all];
    sets.extend(packing.classes.iter().map(|class| &class.eligible));
    sets.sort();
    sets.dedup();
    let mut bounds = Vec::new();
    for set in sets.into_iter().take(64) {
        let mut needs = vec![vec![0u64; packing.dimensions.len()]; sequence.len() + 1];
        for (position, &class) in sequence.iter().enumerate().rev() {
            limit::check();
            let class = &packing.classes[class];
            let inside = class.eligible.iter().zip(set).all(|(eligible, set)| !eligible || *set);
            let mut rest = needs[position + 1].clone();
            if inside {
                for (rest, demand) in rest.iter_mut().zip(&class.demand) {
                    *rest = rest.saturating_add(*demand);
                }
            }
            needs[position] = rest;
        }
        bounds.push(((0..set.len()).filter(|&node| set[node]).collect(), needs));
    }
    bounds
}

/// Numbers nodes so that equal numbers mean interchangeable nodes: same room,
/// same classes, and a domain of its own in every topology or none.
fn kinds(packing: &Packing) -> Vec<usize> {
    let alone = |node: usize| {
        packing.topologies.iter().all(|domains| {
            domains[node].is_none() || domains.iter().filter(|d| **d == domains[node]).count() == 1
        })
    };
    let missing = |node: usize| -> Vec<bool> {
        packing.topologies.iter().map(|domains| domains[node].is_none()).collect()
    };
    let twins = |one: usize, other: usize| {
        limit::check();
        packing.nodes[one].room == packing.nodes[other].room
            && packing.classes.iter().all(|class| class.eligible[one] == class.eligible[other])
            && alone(one)
            && alone(other)
            && missing(one) == missing(other)
    };
    (0..packing.nodes.len())
        .map(|node| (0..node).find(|&earlier| twins(earlier, node)).unwrap_or(node))
        .collect()
}
