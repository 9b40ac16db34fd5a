//! A second exact search, built differently from [`crate::search`]: node by
//! node instead of pod by pod. Each node in turn takes a set of pods to which
//! none of the rest could be added; whoever has a placement has one of that
//! kind, since moving a pod to an earlier node takes room from none and leaves
//! room on the node it came from.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::limit;

/// Pods that are alike, as the checker counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// What one takes, by dimension.
    pub demand: Vec<u64>,
    /// The nodes one may go to.
    pub allowed: Vec<bool>,
    /// Groups, itself perhaps, none of which may share a node with one.
    pub apart: Vec<usize>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recount {
    /// A placement exists.
    Placed,
    /// None does, after so many steps.
    None(u64),
    /// The steps did not suffice.
    Spent,
}

/// Looks for a placement of all groups in the rooms, in so many steps.
pub fn recount(rooms: &[Vec<u64>], groups: &[Group], steps: u64) -> Recount {
    let mut again = Again { rooms, groups, steps, left: steps, failed: HashSet::new() };
    let counts: Vec<u64> = groups.iter().map(|group| group.count).collect();
    match again.node(0, &counts) {
        Some(true) => Recount::Placed,
        Some(false) => Recount::None(again.steps - again.left),
        None => Recount::Spent,
    }
}

struct Again<'a> {
    rooms: &'a [Vec<u64>],
    groups: &'a [Group],
    steps: u64,
    left: u64,
    failed: HashSet<(usize, Vec<u64>)>,
}

impl Again<'_> {
    /// Whether the nodes from `node` on take all the rest.
    fn node(&mut self, node: usize, rest: &[u64]) -> Option<bool> {
        if rest.iter().all(|count| *count == 0) {
            return Some(true);
        }
        if !self.enough(node, rest) {
            return Some(false);
        }
        let key = (node, rest.to_vec());
        if self.failed.contains(&key) {
            return Some(false);
        }
        let mut taken = vec![0; rest.len()];
        let done = self.fill(node, 0, rest, &self.rooms[node].clone(), &mut taken)?;
        if !done && self.failed.len() < 1 << 20 {
            self.failed.insert(key);
        }
        Some(done)
    }

    /// Whether the rest could fit as far as sums and places say.
    fn enough(&self, node: usize, rest: &[u64]) -> bool {
        let placed = self.groups.iter().zip(rest).all(|(group, count)| {
            *count == 0 || group.allowed[node.min(group.allowed.len())..].contains(&true)
        });
        let dimensions = self.rooms.first().map_or(0, Vec::len);
        placed
            && (0..dimensions).all(|d| {
                let needs: u64 = self
                    .groups
                    .iter()
                    .zip(rest)
                    .map(|(group, count)| group.demand[d].saturating_mul(*count))
                    .fold(0, u64::saturating_add);
                let has: u64 = self.rooms[node.min(self.rooms.len())..]
                    .iter()
                    .map(|room| room[d])
                    .fold(0, u64::saturating_add);
                needs <= has
            })
    }

    /// Chooses how many of each group from `group` on the node takes, the most
    /// first.
    fn fill(
        &mut self,
        node: usize,
        group: usize,
        rest: &[u64],
        room: &[u64],
        taken: &mut Vec<u64>,
    ) -> Option<bool> {
        if self.left == 0 || limit::spent() {
            return None;
        }
        self.left -= 1;
        if group == self.groups.len() {
            let over: Vec<u64> =
                rest.iter().zip(&*taken).map(|(rest, taken)| rest - taken).collect();
            let more = (0..over.len())
                .any(|group| over[group] > 0 && self.most(node, group, room, taken) > 0);
            return if more { Some(false) } else { self.node(node + 1, &over) };
        }
        let most = self.most(node, group, room, taken).min(rest[group]);
        for count in (0..=most).rev() {
            taken[group] = count;
            let demand = &self.groups[group].demand;
            let room: Vec<u64> = room
                .iter()
                .zip(demand)
                .map(|(room, demand)| room.saturating_sub(demand * count))
                .collect();
            let done = self.fill(node, group + 1, rest, &room, taken);
            if done != Some(false) {
                return done;
            }
        }
        taken[group] = 0;
        Some(false)
    }

    /// How many more of a group the node takes beside what it has.
    fn most(&self, node: usize, group: usize, room: &[u64], taken: &[u64]) -> u64 {
        let wanted = &self.groups[group];
        let beside = |other: &usize| taken[*other] > 0;
        if !wanted.allowed[node] || wanted.apart.iter().any(beside) {
            return 0;
        }
        let by_room = wanted
            .demand
            .iter()
            .zip(room)
            .filter_map(|(demand, room)| room.checked_div(*demand))
            .min()
            .unwrap_or(u64::MAX);
        if wanted.apart.contains(&group) { by_room.min(1) } else { by_room }
    }
}
