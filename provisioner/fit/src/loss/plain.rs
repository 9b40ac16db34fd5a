//! Losses that need no search: all that may be made again finds room one by one
//! where no pod has anything against another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Fate, Loss, Placed, Return, fate, schedules};
use crate::limit;
use crate::pack::{Packing, within};

/// Services times nodes beyond which those without a pod on a node are counted and
/// not named: nobody reads them, and all of them for all nodes fill the memory.
const NAMED: usize = 20_000;

/// A placement, and what is the same for the loss of each node.
pub struct Cluster<'p> {
    packing: &'p Packing,
    placed: &'p [Placed],
    controls: &'p BTreeSet<usize>,
    classes: BTreeMap<usize, usize>,
    /// How large the pods of each class are.
    weights: Vec<u64>,
    /// What all pods leave of each node.
    room: Vec<Vec<u64>>,
    /// The pods of each node, by their places among those placed.
    on: Vec<Vec<usize>>,
    /// How many pods each service has.
    pods: BTreeMap<&'p str, usize>,
}

impl std::fmt::Debug for Cluster<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cluster").field("placed", &self.placed).finish_non_exhaustive()
    }
}

impl<'p> Cluster<'p> {
    /// Of a packing of all pods with the nodes' room before any of them is placed.
    pub fn new(packing: &'p Packing, placed: &'p [Placed], controls: &'p BTreeSet<usize>) -> Self {
        let classes = packing.classes_of();
        let weights =
            (0..packing.classes.len()).map(|class| crate::search::weight(packing, class)).collect();
        let mut room: Vec<Vec<u64>> = packing.nodes.iter().map(|node| node.room.clone()).collect();
        let mut on = vec![Vec::new(); room.len()];
        let mut pods: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, pod) in placed.iter().enumerate() {
            limit::check();
            *pods.entry(&pod.service).or_default() += 1;
            on[pod.node].push(place);
            if let Some(&class) = classes.get(&pod.pod) {
                take(&mut room[pod.node], &packing.classes[class].demand);
            }
        }
        Self { packing, placed, controls, classes, weights, room, on, pods }
    }

    /// What happens by itself when a node goes, and what could be had at best; none
    /// where that takes a search.
    pub fn loss(&self, lost: usize) -> Option<(Loss, Loss)> {
        let packing = self.packing;
        if !(packing.conflicts.is_empty() && packing.caps.is_empty() && packing.tied.is_empty()) {
            return None;
        }
        let free = |how: Return| {
            let on = self.on[lost].iter().copied();
            on.filter(move |&pod| !self.placed[pod].pinned && self.placed[pod].comes_back == how)
        };
        if !schedules(self.controls, lost) {
            let waiting: BTreeSet<usize> = free(Return::Elsewhere).collect();
            let here = self.told(lost, &BTreeSet::new(), &waiting);
            return Some((here.clone(), here));
        }
        let mut room = Vec::new();
        let elsewhere = self.find(lost, free(Return::Elsewhere).collect(), &mut room)?;
        let here = self.told(lost, &elsewhere, &BTreeSet::new());
        let mut back = self.find(lost, free(Return::Held).collect(), &mut room)?;
        back.extend(elsewhere);
        let best = self.told(lost, &back, &BTreeSet::new());
        Some((here, best))
    }

    /// Nodes for all of these pods, the largest first; `taken` has what others found
    /// before them, by node. None when one finds none.
    fn find(
        &self,
        lost: usize,
        mut pods: Vec<usize>,
        taken: &mut Vec<(usize, Vec<u64>)>,
    ) -> Option<BTreeSet<usize>> {
        let class = |pod: usize| self.classes.get(&self.placed[pod].pod).copied();
        pods.sort_by_cached_key(|&pod| Reverse(class(pod).map(|class| self.weights[class])));
        for &pod in &pods {
            let wanted = &self.packing.classes[class(pod)?];
            let known = |node: usize| taken.iter().position(|(known, _)| *known == node);
            let node = (0..self.room.len()).find(|&node| {
                limit::check();
                let room = known(node).map_or(&self.room[node], |place| &taken[place].1);
                node != lost && wanted.eligible[node] && within(&wanted.demand, room)
            })?;
            let place = known(node).unwrap_or_else(|| {
                taken.push((node, self.room[node].clone()));
                taken.len() - 1
            });
            take(&mut taken[place].1, &wanted.demand);
        }
        Some(pods.into_iter().collect())
    }

    /// What becomes of the services with a pod there: those `back` run again, those
    /// `waiting` would if anybody scheduled them.
    fn told(&self, lost: usize, back: &BTreeSet<usize>, waiting: &BTreeSet<usize>) -> Loss {
        let mut hit: BTreeMap<&str, (usize, usize, bool)> = BTreeMap::new();
        for &pod in &self.on[lost] {
            let own = &self.placed[pod];
            let all = self.pods.get(own.service.as_str()).copied().unwrap_or_default();
            let (all, running, waits) = hit.entry(&own.service).or_insert((all, all, false));
            // What belongs to the node goes with it and is not missed.
            *all -= usize::from(own.comes_back == Return::WithNode);
            *running -= usize::from(!back.contains(&pod));
            *waits |= waiting.contains(&pod);
        }
        let named = self.pods.len() * self.room.len() <= NAMED;
        let mut services: BTreeMap<String, Fate> = BTreeMap::new();
        for (&service, &tally) in hit.iter().filter(|(_, (all, ..))| *all > 0) {
            services.insert(service.to_owned(), fate(tally));
        }
        let others = self.pods.keys().filter(|service| !hit.contains_key(*service));
        let others = if named {
            services.extend(others.map(|service| ((*service).to_owned(), Fate::Survives)));
            0
        } else {
            self.pods.len() - hit.len()
        };
        let node = self.packing.nodes[lost].name.clone();
        Loss { node, services, others, certain: true }
    }
}

fn take(room: &mut [u64], demand: &[u64]) {
    for (room, demand) in room.iter_mut().zip(demand) {
        *room = room.saturating_sub(*demand);
    }
}
