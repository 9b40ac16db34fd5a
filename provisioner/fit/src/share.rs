//! How often the default scheduler places everything, from simulated runs.
//!
//! What is random in reality is random here: which of equal nodes is taken,
//! and in which order pods arrive. Half the runs have the modelled order, in which
//! manifests are applied and services installed: theirs is the share. The other half
//! shuffle each wave, as nobody knows how much a cluster does that works at many
//! things at once: theirs is told beside it, and a pod that any run leaves over keeps
//! the word from being `fits`.

mod interval;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use interval::{Interval, wilson};

use crate::limit;
use crate::random::Random;

/// What many runs showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Lower end of the share of runs in the modelled order that place everything.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The same of runs in shuffled orders.
    pub any_order: Interval,
    /// Runs in the modelled order: all, and those that placed everything.
    pub modelled: Runs,
    /// Runs in shuffled orders.
    pub shuffled: Runs,
    /// The most pods any run left over.
    pub worst: usize,
    /// How many runs left each pod over, by its place in the problem.
    #[serde(skip)]
    pub left: BTreeMap<usize, u32>,
    /// The first run that placed every pod: pods and their nodes.
    #[serde(skip)]
    pub witness: Option<Vec<(usize, usize)>>,
    /// The pods left over by each run that left any.
    #[serde(skip)]
    pub failed: Vec<Vec<usize>>,
}

impl Share {
    /// What no run shows.
    pub(crate) fn none() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
            any_order: wilson(Runs::default()),
            modelled: Runs::default(),
            shuffled: Runs::default(),
            worst: 0,
            left: BTreeMap::new(),
            witness: None,
            failed: Vec::new(),
        }
    }

    /// All runs.
    pub fn runs(&self) -> u32 {
        self.modelled.runs + self.shuffled.runs
    }

    /// How many runs left over a pod of each service, given the service of each pod by
    /// its place.
    pub fn incomplete<'s>(
        &self,
        service: impl Fn(usize) -> Option<&'s str>,
    ) -> BTreeMap<&'s str, u32> {
        let mut counted = BTreeMap::new();
        for run in &self.failed {
            let of = |&pod: &usize| {
                limit::check();
                service(pod)
            };
            for service in run.iter().filter_map(of).collect::<BTreeSet<&str>>() {
                *counted.entry(service).or_default() += 1;
            }
        }
        counted
    }
}

/// Counted runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// All of them.
    pub runs: u32,
    /// Those that placed every pod.
    pub complete: u32,
}

/// One simulated run: from the order of arrival and a seed for its ties to the
/// node of each pod, by the pod's place in the problem. Pods that were not in
/// the order may have any entry.
pub type Simulate<'a> = dyn FnMut(&[usize], u64) -> Vec<Option<usize>> + 'a;

/// Runs `runs` simulations over the pods, given as (place, wave) in the
/// modelled order. Equal seeds give equal answers; fewer runs are made when the
/// question's limit is reached, which widens the interval.
pub fn share(pods: &[(usize, u32)], runs: u32, seed: u64, simulate: &mut Simulate<'_>) -> Share {
    let mut sample = Sample::new(pods, seed);
    sample.run(runs, simulate);
    sample.share()
}

/// Runs that are made bit by bit.
pub(crate) struct Sample<'p> {
    pods: &'p [(usize, u32)],
    random: Random,
    share: Share,
}

impl<'p> Sample<'p> {
    pub(crate) fn new(pods: &'p [(usize, u32)], seed: u64) -> Self {
        Self { pods, random: Random::new(seed), share: Share::none() }
    }

    /// Makes runs until there are so many, or the question's limit is reached.
    pub(crate) fn run(&mut self, until: u32, simulate: &mut Simulate<'_>) {
        while self.share.runs() < until {
            if limit::spent() {
                break;
            }
            let shuffled = self.share.runs() % 2 == 1;
            let mut order = self.pods.to_vec();
            if shuffled {
                shuffle(&mut order, &mut self.random);
            }
            let order: Vec<usize> = order.into_iter().map(|(pod, _)| pod).collect();
            let seed = self.random.number();
            let Some(placed) = limit::catch(|| simulate(&order, seed)) else { break };
            self.count(&placed, shuffled);
        }
    }

    fn count(&mut self, placed: &[Option<usize>], shuffled: bool) {
        let (share, pods) = (&mut self.share, self.pods);
        let node = |pod: usize| placed.get(pod).copied().flatten();
        let missing: Vec<usize> =
            pods.iter().map(|&(pod, _)| pod).filter(|&pod| node(pod).is_none()).collect();
        if missing.is_empty() && share.witness.is_none() {
            share.witness =
                Some(pods.iter().filter_map(|&(pod, _)| Some((pod, node(pod)?))).collect());
        }
        let tally = if shuffled { &mut share.shuffled } else { &mut share.modelled };
        tally.runs += 1;
        tally.complete += u32::from(missing.is_empty());
        share.worst = share.worst.max(missing.len());
        for &pod in &missing {
            *share.left.entry(pod).or_default() += 1;
        }
        if !missing.is_empty() {
            share.failed.push(missing);
        }
    }

    /// How many runs there are.
    pub(crate) fn made(&self) -> u32 {
        self.share.runs()
    }

    /// The most pods any run left over so far.
    pub(crate) fn worst(&self) -> usize {
        self.share.worst
    }

    /// What they showed.
    pub(crate) fn share(mut self) -> Share {
        let modelled = wilson(self.share.modelled);
        (self.share.low, self.share.high) = (modelled.low, modelled.high);
        self.share.any_order = wilson(self.share.shuffled);
        self.share
    }
}

/// Any order within each wave.
fn shuffle(order: &mut [(usize, u32)], random: &mut Random) {
    for wave in order.chunk_by_mut(|one, next| one.1 == next.1) {
        for last in (1..wave.len()).rev() {
            wave.swap(last, random.below(last + 1));
        }
    }
}
