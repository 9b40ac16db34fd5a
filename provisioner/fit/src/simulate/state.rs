//! What is where, and which nodes take a pod now.

use super::compile::Compiled;
use super::counter::Spread;
use super::row::PodRow;
use crate::filter::Reason;
use crate::limit;

/// A cluster in the middle of a run.
#[derive(Debug, Clone)]
pub struct State<'c> {
    pub(super) compiled: &'c Compiled,
    pub(super) nodes: Vec<Used>,
    /// Counts by counter and domain.
    pub(super) counts: Vec<Vec<i64>>,
    /// The sum of each counter.
    totals: Vec<i64>,
    placed: Vec<Option<usize>>,
    /// Of each shared volume the node its first pod was given.
    volumes: Vec<Option<usize>>,
}

/// What is taken on a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Used {
    pub cpu: u64,
    pub memory: u64,
    pub ephemeral: u64,
    pub pods: u64,
    pub extended: Vec<u64>,
    /// As scores count them.
    pub scored: (u64, u64),
    /// By port: how many pods hold it or one that excludes it.
    pub ports: Vec<u32>,
}

impl<'c> State<'c> {
    /// With the pods that are bound already.
    pub fn new(compiled: &'c Compiled) -> Self {
        let used = Used {
            extended: vec![0; compiled.extended],
            ports: vec![0; compiled.ports],
            ..Used::default()
        };
        let counts: Vec<Vec<i64>> = compiled
            .counters
            .iter()
            .map(|counter| vec![0; compiled.topologies[counter.topology].domains])
            .collect();
        let mut state = Self {
            compiled,
            nodes: vec![used; compiled.nodes.len()],
            totals: vec![0; counts.len()],
            counts,
            placed: vec![None; compiled.pods.len()],
            volumes: vec![None; compiled.volumes],
        };
        for (pod, row) in compiled.pods.iter().enumerate() {
            limit::check();
            if let Some(node) = row.bound {
                state.place(pod, node);
            }
        }
        state
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the pod has its node.
    pub fn is_placed(&self, pod: usize) -> bool {
        self.placed[pod].is_some()
    }

    /// The node of each pod.
    pub fn placement(&self) -> Vec<Option<usize>> {
        self.placed.clone()
    }

    /// Puts a pod on a node, whether it fits there or not.
    pub fn place(&mut self, pod: usize, node: usize) {
        self.change(pod, node, true);
        for &volume in &self.compiled.pods[pod].volumes {
            self.volumes[volume].get_or_insert(node);
        }
        self.placed[pod] = Some(node);
    }

    /// Takes a pod from its node, where its volumes stay.
    pub fn remove(&mut self, pod: usize) {
        if let Some(node) = self.placed[pod].take() {
            self.change(pod, node, false);
        }
    }

    fn change(&mut self, pod: usize, node: usize, more: bool) {
        let row = &self.compiled.pods[pod];
        let apply = |value: &mut u64, by: u64| {
            *value = if more { value.saturating_add(by) } else { value.saturating_sub(by) };
        };
        let used = &mut self.nodes[node];
        apply(&mut used.cpu, row.cpu);
        apply(&mut used.memory, row.memory);
        apply(&mut used.ephemeral, row.ephemeral);
        apply(&mut used.pods, 1);
        apply(&mut used.scored.0, row.scored.0);
        apply(&mut used.scored.1, row.scored.1);
        for (value, by) in used.extended.iter_mut().zip(&row.extended) {
            apply(value, *by);
        }
        for port in row.ports.iter().flat_map(|&port| &self.compiled.clashes[port]) {
            let held = &mut used.ports[*port];
            *held = if more { *held + 1 } else { held.saturating_sub(1) };
        }
        for &(number, weight) in &row.adds {
            let counter = &self.compiled.counters[number];
            let domain = self.compiled.topologies[counter.topology].domain[node];
            let counts = counter.among.is_empty() || counter.among[node];
            if let (true, Some(domain)) = (counts, domain) {
                let by = if more { weight } else { -weight };
                self.counts[number][domain as usize] += by;
                self.totals[number] += by;
            }
        }
    }

    /// Whether the node takes the pod now.
    pub fn feasible(&self, pod: usize, node: usize) -> bool {
        self.reason(pod, node).is_none()
    }

    /// The first reason the node does not take the pod now.
    pub fn reason(&self, pod: usize, node: usize) -> Option<Reason> {
        limit::check();
        let row = &self.compiled.pods[pod];
        let fixed = row.by_node.refused[node];
        if fixed.is_some_and(|reason| reason < Reason::Port) {
            return fixed;
        }
        let (used, all) = (&self.nodes[node], &self.compiled.nodes[node]);
        if row.ports.iter().any(|&port| used.ports[port] > 0) {
            return Some(Reason::Port);
        }
        let short = |asked: u64, used: u64, all: u64| asked > 0 && asked > all.saturating_sub(used);
        if used.pods + 1 > all.pods {
            return Some(Reason::Pods);
        }
        if short(row.cpu, used.cpu, all.cpu) {
            return Some(Reason::Cpu);
        }
        if short(row.memory, used.memory, all.memory) {
            return Some(Reason::Memory);
        }
        if short(row.ephemeral, used.ephemeral, all.ephemeral) {
            return Some(Reason::Ephemeral);
        }
        let others = row.extended.iter().zip(&used.extended).zip(&all.extended);
        if others.into_iter().any(|((asked, used), all)| short(*asked, *used, *all)) {
            return Some(Reason::Extended);
        }
        if fixed.is_some() {
            return fixed;
        }
        let elsewhere = |&volume: &usize| self.volumes[volume].is_some_and(|at| at != node);
        if row.volumes.iter().any(elsewhere) {
            return Some(Reason::Volume);
        }
        if self.leans(pod, node) {
            return Some(Reason::Spread);
        }
        self.neighbour(row, node)
    }

    fn count(&self, counter: usize, node: usize) -> Option<i64> {
        let topology = self.compiled.counters[counter].topology;
        let domain = self.compiled.topologies[topology].domain[node]?;
        Some(self.counts[counter][domain as usize])
    }

    fn neighbour(&self, row: &PodRow, node: usize) -> Option<Reason> {
        if !row.needs.is_empty() {
            let met = row.needs.iter().all(|&counter| self.count(counter, node) > Some(0));
            // The first of a group that wants to be together may be anywhere.
            let first = || {
                row.needs_itself
                    && row.needs.iter().all(|&counter| self.totals[counter] == 0)
                    && row.needs.iter().all(|&counter| self.count(counter, node).is_some())
            };
            if !met && !first() {
                return Some(Reason::Neighbours);
            }
        }
        let excluded = row.excludes.iter().any(|&counter| self.count(counter, node) > Some(0));
        excluded.then_some(Reason::AntiAffinity)
    }

    /// Whether a hard constraint on spreading keeps the pod off the node.
    pub(crate) fn leans(&self, pod: usize, node: usize) -> bool {
        let mut hard = self.compiled.pods[pod].spread.iter().filter(|spread| spread.hard);
        hard.any(|spread| !self.spreads(spread, node))
    }

    fn spreads(&self, spread: &Spread, node: usize) -> bool {
        let Some(domain) = self.compiled.topologies[spread.topology].domain[node] else {
            return false;
        };
        let counts = &self.counts[spread.counter];
        let eligible = || spread.eligible.iter().zip(counts).filter(|(eligible, _)| **eligible);
        let few = spread
            .min_domains
            .is_some_and(|least| eligible().count() < usize::try_from(least).unwrap_or(usize::MAX));
        let least = if few { 0 } else { eligible().map(|(_, count)| *count).min().unwrap_or(0) };
        let here = if spread.eligible[domain as usize] { counts[domain as usize] } else { 0 };
        here + i64::from(spread.own) - least <= i64::from(spread.max_skew)
    }

    /// Why the nodes do not take the pod: each reason with the number of nodes.
    pub fn reasons(&self, pod: usize) -> Vec<(Reason, usize)> {
        let mut counted = std::collections::BTreeMap::new();
        for reason in (0..self.nodes.len()).filter_map(|node| self.reason(pod, node)) {
            *counted.entry(reason).or_default() += 1;
        }
        counted.into_iter().collect()
    }
}
