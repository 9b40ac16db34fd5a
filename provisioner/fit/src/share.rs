//! How often the default scheduler places everything, from simulated runs.
//!
//! What is random in reality is random here: which of equal nodes is taken,
//! and in which order pods of one wave arrive. Half the runs keep the modelled
//! order but for neighbours that overtake each other, as parallel controllers
//! let them; the other half shuffle each wave. Nobody knows how much a real
//! cluster shuffles, so the interval spans both halves: its ends are the lower
//! of the two lower ends and the higher of the two higher.

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
    /// Lower end of the share of runs that place everything.
    pub low: f64,
    /// Upper end.
    pub high: f64,
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
            modelled: Runs::default(),
            shuffled: Runs::default(),
            worst: 0,
            left: BTreeMap::new(),
            witness: None,
            failed: Vec::new(),
        }
    }

    /// Runs that placed all of these pods.
    pub fn complete_for(&self, pods: &[usize]) -> u32 {
        let pods: BTreeSet<usize> = pods.iter().copied().collect();
        let missed = |left: &&Vec<usize>| {
            limit::check();
            left.iter().any(|pod| pods.contains(pod))
        };
        let missed = self.failed.iter().filter(missed).count();
        (self.modelled.runs + self.shuffled.runs)
            .saturating_sub(u32::try_from(missed).unwrap_or(u32::MAX))
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
    let mut random = Random::new(seed);
    let mut tally = [Runs::default(); 2];
    let mut left: BTreeMap<usize, u32> = BTreeMap::new();
    let (mut worst, mut witness, mut failed) = (0, None, Vec::new());
    for run in 0..runs {
        if limit::spent() {
            break;
        }
        let shuffled = run % 2 == 1;
        let mut order = pods.to_vec();
        let disorder = if shuffled { shuffle } else { overtake };
        disorder(&mut order, &mut random);
        let order: Vec<usize> = order.into_iter().map(|(pod, _)| pod).collect();
        let seed = random.number();
        let Some(placed) = limit::catch(|| simulate(&order, seed)) else { break };
        let node = |pod: usize| placed.get(pod).copied().flatten();
        let missing: Vec<usize> =
            pods.iter().map(|&(pod, _)| pod).filter(|&pod| node(pod).is_none()).collect();
        if missing.is_empty() && witness.is_none() {
            witness = Some(pods.iter().filter_map(|&(pod, _)| Some((pod, node(pod)?))).collect());
        }
        let tally = &mut tally[usize::from(shuffled)];
        tally.runs += 1;
        tally.complete += u32::from(missing.is_empty());
        worst = worst.max(missing.len());
        for &pod in &missing {
            *left.entry(pod).or_default() += 1;
        }
        if !missing.is_empty() {
            failed.push(missing);
        }
    }
    let [modelled, shuffled] = tally;
    let ends = [wilson(modelled), wilson(shuffled)];
    Share {
        low: ends[0].low.min(ends[1].low),
        high: ends[0].high.max(ends[1].high),
        modelled,
        shuffled,
        worst,
        left,
        witness,
        failed,
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

/// The given order, but one in eight pods overtakes the one before it.
fn overtake(order: &mut [(usize, u32)], random: &mut Random) {
    for place in 1..order.len() {
        if order[place].1 == order[place - 1].1 && random.below(8) == 0 {
            order.swap(place, place - 1);
        }
    }
}
