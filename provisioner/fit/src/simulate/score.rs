//! The scores of the default scheduler, with its weights and its integer
//! divisions: 100 is the most a plugin gives.

use super::counter::Spread;
use super::state::State;

/// The most a plugin gives.
const MAX: i64 = 100;
/// What a plugin's score is multiplied by.
const TAINTS: i64 = 3;
const AFFINITY: i64 = 2;
const SPREAD: i64 = 2;
const NEIGHBOURS: i64 = 2;

impl State<'_> {
    /// The scores of these nodes for a pod.
    pub fn scores(&self, pod: usize, nodes: &[usize]) -> Vec<i64> {
        let row = &self.compiled.pods[pod];
        let mut scores: Vec<i64> =
            nodes.iter().map(|&node| self.least(pod, node) + self.balanced(pod, node)).collect();
        let mut add = |weight: i64, more: Vec<i64>| {
            for (score, more) in scores.iter_mut().zip(more) {
                *score += weight * more;
            }
        };
        if !row.by_node.taints.is_empty() {
            add(TAINTS, self.taints(pod, nodes));
        }
        if !row.by_node.affinity.is_empty() {
            add(AFFINITY, self.affinity(pod, nodes));
        }
        if row.spread.iter().any(|spread| !spread.hard) {
            add(SPREAD, self.spread(pod, nodes));
        }
        if !row.likes.is_empty() {
            add(NEIGHBOURS, self.neighbours(pod, nodes));
        }
        scores
    }

    /// `TaintToleration`: the fewer taints it had rather avoided, the better.
    pub(crate) fn taints(&self, pod: usize, nodes: &[usize]) -> Vec<i64> {
        let taints = &self.compiled.pods[pod].by_node.taints;
        let raw: Vec<i64> =
            nodes.iter().map(|&node| taints.get(node).copied().unwrap_or(0)).collect();
        let most = raw.iter().copied().max().unwrap_or(0);
        let reversed = |raw: i64| if most == 0 { MAX } else { MAX - MAX * raw / most };
        raw.into_iter().map(reversed).collect()
    }

    /// `NodeAffinity`: the more of its preferred terms hold, the better.
    pub(crate) fn affinity(&self, pod: usize, nodes: &[usize]) -> Vec<i64> {
        let affinity = &self.compiled.pods[pod].by_node.affinity;
        let raw: Vec<i64> =
            nodes.iter().map(|&node| affinity.get(node).copied().unwrap_or(0)).collect();
        let most = raw.iter().copied().max().unwrap_or(0);
        let scaled = |raw: i64| if most == 0 { raw } else { MAX * raw / most };
        raw.into_iter().map(scaled).collect()
    }

    /// `LeastAllocated`: the emptier, the better.
    pub(crate) fn least(&self, pod: usize, node: usize) -> i64 {
        let (row, used, all) =
            (&self.compiled.pods[pod], &self.nodes[node], &self.compiled.nodes[node]);
        let parts = [
            (used.scored.0.saturating_add(row.scored.0), all.cpu),
            (used.scored.1.saturating_add(row.scored.1), all.memory),
        ];
        let (mut sum, mut number) = (0, 0);
        for (asked, all) in parts.into_iter().filter(|(_, all)| *all > 0) {
            sum += whole(all.saturating_sub(asked).saturating_mul(100) / all);
            number += 1;
        }
        sum / number.max(1)
    }

    /// `BalancedAllocation`: what the pod does to how alike CPU and memory are used. At
    /// 75 nothing, more where it evens them out; without meaning for pods that request
    /// neither. Before Kubernetes 1.36 it was how alike they are with the pod.
    pub(crate) fn balanced(&self, pod: usize, node: usize) -> i64 {
        let (row, used, all) =
            (&self.compiled.pods[pod], &self.nodes[node], &self.compiled.nodes[node]);
        if row.cpu == 0 && row.memory == 0 {
            return 0;
        }
        let all = (all.cpu, all.memory);
        let without = balance((used.cpu, used.memory), all);
        let with = (used.cpu.saturating_add(row.cpu), used.memory.saturating_add(row.memory));
        MAX / 2 + (MAX / 2 + balance(with, all) - without) / 2
    }

    /// `PodTopologySpread`: the fewer copies, the better.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the scheduler's own arithmetic"
    )]
    pub(crate) fn spread(&self, pod: usize, nodes: &[usize]) -> Vec<i64> {
        let (ignored, sizes) = self.domains(pod, nodes);
        let raw: Vec<Option<i64>> = nodes
            .iter()
            .zip(&ignored)
            .map(|(&node, ignored)| {
                if *ignored {
                    return None;
                }
                let mut score = 0.0;
                for (spread, size) in self.soft(pod).zip(&sizes) {
                    let topology = &self.compiled.topologies[spread.topology];
                    if let Some(domain) = topology.domain[node] {
                        let count = self.counts[spread.counter][domain as usize] as f64;
                        score += count * ((size + 2) as f64).ln();
                        score += f64::from(spread.max_skew.saturating_sub(1));
                    }
                }
                Some(score.round() as i64)
            })
            .collect();
        let least = raw.iter().flatten().copied().min().unwrap_or(0);
        let most = raw.iter().flatten().copied().max().unwrap_or(0);
        raw.into_iter()
            .map(|raw| match raw {
                None => 0,
                Some(_) if most == 0 => MAX,
                Some(raw) => MAX * (most + least - raw) / most,
            })
            .collect()
    }

    fn soft(&self, pod: usize) -> impl Iterator<Item = &Spread> {
        self.compiled.pods[pod].spread.iter().filter(|spread| !spread.hard)
    }

    /// What the soft constraints are weighed by: which of the nodes count for
    /// nothing, since they lack a label of the pod's own constraints, and how
    /// many domains the others make, by constraint.
    pub(crate) fn domains(&self, pod: usize, nodes: &[usize]) -> (Vec<bool>, Vec<usize>) {
        let topology = |spread: &Spread| &self.compiled.topologies[spread.topology];
        let lacks = |spread: &Spread, node: usize| topology(spread).domain[node].is_none();
        let ignores = |&node: &usize| self.soft(pod).any(|s| !s.default && lacks(s, node));
        let ignored: Vec<bool> = nodes.iter().map(ignores).collect();
        let among = || nodes.iter().zip(&ignored).filter(|(_, ignored)| !**ignored);
        let size = |spread: &Spread| {
            // By the system's defaults, nodes without the label make a domain
            // together.
            let mut domains: Vec<Option<u32>> =
                among().map(|(&node, _)| topology(spread).domain[node]).collect();
            domains.sort_unstable();
            domains.dedup();
            domains.len()
        };
        let sizes = self.soft(pod).map(size).collect();
        (ignored, sizes)
    }

    /// `InterPodAffinity`: wished-for neighbours, of either side.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the scheduler's own arithmetic"
    )]
    pub(crate) fn neighbours(&self, pod: usize, nodes: &[usize]) -> Vec<i64> {
        let row = &self.compiled.pods[pod];
        let raw = |&node: &usize| -> i64 {
            let parts = row.likes.iter().filter_map(|&(counter, weight)| {
                let topology = self.compiled.counters[counter].topology;
                let domain = self.compiled.topologies[topology].domain[node]?;
                Some(weight * self.counts[counter][domain as usize])
            });
            parts.sum()
        };
        let raw: Vec<i64> = nodes.iter().map(raw).collect();
        let least = raw.iter().copied().min().unwrap_or(0);
        let most = raw.iter().copied().max().unwrap_or(0);
        if most == least {
            return vec![0; raw.len()];
        }
        let width = (most - least) as f64;
        raw.into_iter().map(|raw| (MAX as f64 * ((raw - least) as f64 / width)) as i64).collect()
    }
}

/// How alike CPU and memory are used, in floating point, as the scheduler has it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the scheduler's own arithmetic"
)]
fn balance(used: (u64, u64), all: (u64, u64)) -> i64 {
    if all.0 == 0 || all.1 == 0 {
        return MAX;
    }
    let share = |used: u64, all: u64| (used as f64 / all as f64).min(1.0);
    let deviation = ((share(used.0, all.0) - share(used.1, all.1)) / 2.0).abs();
    ((1.0 - deviation) * MAX as f64) as i64
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
