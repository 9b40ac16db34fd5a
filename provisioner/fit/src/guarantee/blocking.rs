//! What the other pods would have to bring to block a pod, and a bound on
//! what they can.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::Grid;
use crate::limit;
use crate::pack::{Meter, Packing};

/// Choices looked at for one class at most.
const CHOICES: usize = 1 << 12;
/// Of a set of nodes.
const BITS: usize = usize::BITS as usize;
/// Bounds are compared in these parts.
const PARTS: u128 = 1 << 40;

/// The pods that may stand in the way of one class on some nodes.
pub(super) struct Blockers<'p> {
    packing: &'p Packing,
    grid: &'p Grid,
    nodes: Vec<usize>,
    /// The other pods by class: the class and how many.
    others: Vec<(usize, u128)>,
    /// Per node what may block it.
    modes: Vec<Vec<Mode>>,
    /// Per class and topology, whether it excludes the newcomer there.
    excludes: Vec<Vec<usize>>,
}

/// One way a node is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// Pods there take at least so much of a dimension.
    Full { dimension: usize, need: u64 },
    /// A pod in the node's domain excludes the newcomer.
    Excluded { topology: usize },
}

/// All nodes blocked in one way: which, and what it takes together.
struct Part {
    mode: Mode,
    nodes: Vec<usize>,
    need: u128,
}

impl<'p> Blockers<'p> {
    /// Those in the way of `class`, among which one of `itself` does not count.
    pub(super) fn new(
        packing: &'p Packing,
        grid: &'p Grid,
        class: usize,
        itself: Option<usize>,
        nodes: Vec<usize>,
    ) -> Self {
        let wave = packing.classes[class].wave;
        let others = packing.classes.iter().enumerate().filter_map(|(other, pods)| {
            let count = pods.members.len() - usize::from(Some(other) == itself);
            (pods.wave <= wave && count > 0).then_some((other, count as u128))
        });
        let mut excludes = vec![Vec::new(); packing.classes.len()];
        for conflict in &packing.conflicts {
            if conflict.one == class {
                excludes[conflict.other].push(conflict.topology);
            } else if conflict.other == class {
                excludes[conflict.one].push(conflict.topology);
            }
        }
        let mut blockers =
            Self { packing, grid, others: others.collect(), modes: Vec::new(), excludes, nodes };
        // What only room decides is the same on all nodes of a kind.
        let by_room = blockers.excludes.iter().all(Vec::is_empty);
        let mut known: BTreeMap<usize, Vec<Mode>> = BTreeMap::new();
        blockers.modes = blockers
            .nodes
            .iter()
            .map(|&node| {
                let modes = || blockers.modes_of(class, node);
                if !by_room {
                    return modes();
                }
                known.entry(grid.kind(node)).or_insert_with(modes).clone()
            })
            .collect();
        blockers
    }

    /// How many choices were ruled out, which is all of them.
    pub(super) fn ruled_out(&self, meter: &mut Meter<'_>) -> Result<u64, String> {
        if self.modes.iter().any(Vec::is_empty) {
            return Ok(1);
        }
        let choices = self.modes.iter().map(Vec::len).try_fold(1usize, usize::checked_mul);
        if choices.is_none_or(|choices| choices > CHOICES) {
            return self.uniform();
        }
        let mut choice = vec![0; self.nodes.len()];
        let mut count = 0;
        loop {
            let picked: Vec<Mode> =
                choice.iter().zip(&self.modes).map(|(&pick, modes)| modes[pick]).collect();
            if !self.short(&picked, meter) {
                return Err(self.words(&picked));
            }
            count += 1;
            let Some(digit) =
                (0..choice.len()).find(|&node| choice[node] + 1 < self.modes[node].len())
            else {
                return Ok(count);
            };
            choice[digit] += 1;
            choice[..digit].fill(0);
        }
    }

    /// What may block a node, given all the others could be there.
    fn modes_of(&self, class: usize, node: usize) -> Vec<Mode> {
        let room = &self.packing.nodes[node].room;
        let demand = &self.packing.classes[class].demand;
        let full = (0..room.len()).filter(|&d| demand[d] > 0).filter_map(|dimension| {
            // What stands there is a sum of whole pods.
            let step = self.step(dimension, node);
            let need = room[dimension] - demand[dimension] + 1;
            let need = need.checked_next_multiple_of(step)?;
            (need <= room[dimension]).then_some(Mode::Full { dimension, need })
        });
        let mut topologies: Vec<usize> = self.excludes.iter().flatten().copied().collect();
        topologies.sort_unstable();
        topologies.dedup();
        let excluded = topologies
            .into_iter()
            .filter(|&topology| self.packing.topologies[topology][node].is_some())
            .map(|topology| Mode::Excluded { topology });
        full.chain(excluded)
            .filter(|&mode| {
                let part = self.part(mode, vec![node]);
                let brought = self
                    .others
                    .iter()
                    .map(|&(other, count)| count * u128::from(self.brings(other, &part)));
                brought.sum::<u128>() >= part.need
            })
            .collect()
    }

    /// What all amounts of a dimension that others may bring to a node are multiples
    /// of.
    fn step(&self, dimension: usize, node: usize) -> u64 {
        let there = self.others.iter().filter(|(other, _)| self.grid.fits(*other, node));
        let amounts = there.map(|(other, _)| self.packing.classes[*other].demand[dimension]);
        amounts.fold(0, common).max(1)
    }

    /// What one pod of a class brings towards blocking a part's nodes.
    fn brings(&self, other: usize, part: &Part) -> u64 {
        limit::check();
        let fits = |node: usize| self.grid.fits(other, node);
        match part.mode {
            Mode::Full { dimension, .. } => {
                let there = part.nodes.iter().any(|&node| fits(node));
                if there { self.packing.classes[other].demand[dimension] } else { 0 }
            }
            Mode::Excluded { topology } => {
                let domains = &self.packing.topologies[topology];
                let near = |node: usize| {
                    part.nodes.iter().any(|&blocked| domains[blocked] == domains[node])
                };
                let excludes = self.excludes[other].contains(&topology);
                u64::from(excludes && (0..domains.len()).any(|node| fits(node) && near(node)))
            }
        }
    }

    fn part(&self, mode: Mode, nodes: Vec<usize>) -> Part {
        let need = match mode {
            Mode::Full { .. } => 0,
            Mode::Excluded { topology } => {
                let mut domains: Vec<Option<usize>> =
                    nodes.iter().map(|&node| self.packing.topologies[topology][node]).collect();
                domains.sort_unstable();
                domains.dedup();
                domains.len() as u128
            }
        };
        let need = if let Mode::Full { need, .. } = mode { u128::from(need) } else { need };
        Part { mode, nodes, need }
    }

    /// Groups the nodes by what blocks them.
    fn parts(&self, picked: &[Mode], subset: usize) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (index, &mode) in picked.iter().enumerate() {
            // Any set of nodes will do: beyond a word's bits they go along with
            // those before.
            if subset >> (index % BITS) & 1 == 0 {
                continue;
            }
            let node = self.nodes[index];
            let same = parts.iter_mut().find(|part| match (part.mode, mode) {
                (Mode::Full { dimension: a, .. }, Mode::Full { dimension: b, .. }) => a == b,
                (a, b) => a == b,
            });
            match (same, mode) {
                (Some(part), Mode::Full { need, .. }) => {
                    part.nodes.push(node);
                    part.need += u128::from(need);
                }
                (Some(part), Mode::Excluded { .. }) => {
                    part.nodes.push(node);
                    *part = self.part(mode, part.nodes.clone());
                }
                (None, _) => parts.push(self.part(mode, vec![node])),
            }
        }
        parts
    }

    /// Whether the others bring too little for a choice: for some of the nodes
    /// and some weights even the most they can bring is below what it takes.
    fn short(&self, picked: &[Mode], meter: &mut Meter<'_>) -> bool {
        let nodes = picked.len().min(12);
        let subsets = (1..1usize << nodes).rev();
        // All nodes first, then fewer: pods confined to some nodes block no others.
        subsets.take(64).any(|subset| {
            let parts = self.parts(picked, subset);
            weights(parts.len()).iter().any(|weights| meter.step() && self.below(&parts, weights))
        })
    }

    fn below(&self, parts: &[Part], weights: &[u128]) -> bool {
        let target = PARTS * weights.iter().sum::<u128>();
        let mut most = 0u128;
        for &(other, count) in &self.others {
            let (mut single, mut beside) = (0, 0);
            for (part, weight) in parts.iter().zip(weights) {
                let brings = u128::from(self.brings(other, part));
                let share = (weight * brings * PARTS).div_ceil(part.need);
                // In a domain of several nodes a pod excludes from afar and
                // still fills the node it is on.
                if self.wide(part) { beside += share } else { single = share.max(single) }
            }
            most += count * (single + beside);
            if most >= target {
                return false;
            }
        }
        true
    }

    fn wide(&self, part: &Part) -> bool {
        let Mode::Excluded { topology } = part.mode else { return false };
        let domains = &self.packing.topologies[topology];
        part.nodes.iter().any(|&node| domains.iter().filter(|d| **d == domains[node]).count() > 1)
    }

    /// One bound for all choices at once, where there are too many to try: no
    /// pod does more than its best towards any one node.
    fn uniform(&self) -> Result<u64, String> {
        let mut most = 0u128;
        let by_room = self.excludes.iter().all(Vec::is_empty);
        let mut seen = BTreeSet::new();
        let nodes = self.nodes.iter().zip(&self.modes);
        // One node of a kind stands for all.
        let nodes: Vec<_> =
            nodes.filter(|(node, _)| !by_room || seen.insert(self.grid.kind(**node))).collect();
        for &(other, count) in &self.others {
            let mut best = 0;
            for &(&node, modes) in &nodes {
                for &mode in modes {
                    let part = self.part(mode, vec![node]);
                    if self.wide(&part) {
                        return Err("too many ways to block it for a proof".to_owned());
                    }
                    let brings = u128::from(self.brings(other, &part));
                    best = best.max((brings * PARTS).div_ceil(part.need));
                }
            }
            most += count * best;
        }
        if most < PARTS * self.nodes.len() as u128 {
            Ok(1)
        } else {
            Err("too many ways to block it for a proof".to_owned())
        }
    }

    fn words(&self, picked: &[Mode]) -> String {
        let nodes: Vec<String> = self
            .nodes
            .iter()
            .zip(picked)
            .map(|(&node, mode)| {
                let name = &self.packing.nodes[node].name;
                match *mode {
                    Mode::Full { dimension, .. } => {
                        format!("{name} by {}", self.packing.dimensions[dimension])
                    }
                    Mode::Excluded { .. } => format!("{name} by a pod that excludes it"),
                }
            })
            .collect();
        format!("the others might block it: {}", nodes.join(", "))
    }
}

/// The greatest common divisor.
const fn common(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Weights to try for so many parts, on an even grid.
fn weights(parts: usize) -> Vec<Vec<u128>> {
    let steps: u128 = match parts {
        0 | 1 => 1,
        2 => 32,
        3 => 12,
        _ => 6,
    };
    let mut grid: Vec<Vec<u128>> = vec![Vec::new()];
    for _ in 1..parts {
        grid = grid
            .into_iter()
            .flat_map(|row| {
                let used: u128 = row.iter().sum();
                (0..=steps - used).map(move |next| {
                    let mut row = row.clone();
                    row.push(next);
                    row
                })
            })
            .collect();
    }
    for row in &mut grid {
        let used: u128 = row.iter().sum();
        row.push(steps - used);
    }
    grid
}
