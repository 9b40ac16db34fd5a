//! How large a request may be.

use super::packs;
use crate::model::{Problem, Resources};
use crate::pack::compile;

/// What a request may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// In bytes.
    Memory,
    /// In thousandths of a core.
    Cpu,
}

impl Dimension {
    const fn amount(self, resources: &mut Resources) -> &mut u64 {
        match self {
            Self::Memory => &mut resources.memory_bytes,
            Self::Cpu => &mut resources.cpu_milli,
        }
    }

    /// How much of it these are.
    pub(super) const fn of(self, resources: &Resources) -> u64 {
        match self {
            Self::Memory => resources.memory_bytes,
            Self::Cpu => resources.cpu_milli,
        }
    }

    /// To how much it is found: a MiB, or a hundredth of a core.
    pub(super) const fn step(self) -> u64 {
        match self {
            Self::Memory => 1 << 20,
            Self::Cpu => 10,
        }
    }
}

/// The largest request for each pod of a service with which everything still
/// fits, all else as it is; none when it does not fit as it is.
pub fn largest_of(of: Dimension, problem: &Problem, service: &str, steps: u64) -> Option<u64> {
    let own = problem.pods.iter().filter(|pod| pod.service == service);
    let now = own.map(|pod| of.of(&pod.requests)).max()?;
    let all = || problem.nodes.iter().map(|node| of.of(&node.allocatable));
    // It cannot grow by more than is free on all nodes together.
    let taken: u64 = problem.pods.iter().map(|pod| of.of(&pod.requests)).sum();
    let most = all().max()?.min(now + all().sum::<u64>().saturating_sub(taken));
    largest(now, most, of.step(), &mut |wanted| {
        let mut changed = problem.clone();
        for pod in changed.pods.iter_mut().filter(|pod| pod.service == service) {
            let request = of.amount(&mut pod.requests);
            // Nobody shrinks: only those at the top of the service grow.
            if *request == now {
                *request = wanted;
            }
        }
        packs(&compile(&changed, false), steps)
    })
}

/// The largest value from `now` up to `most` that still fits, to within
/// `step`; none when not even `now` does. An undecided probe counts as no, so
/// the answer errs on the small side.
pub fn largest(
    now: u64,
    most: u64,
    step: u64,
    fits: &mut dyn FnMut(u64) -> Option<bool>,
) -> Option<u64> {
    if fits(now) != Some(true) {
        return None;
    }
    let step = step.max(1);
    let (mut good, mut steps) = (0, most.saturating_sub(now) / step + 1);
    // `good` steps fit, `steps` do not or are beyond the end.
    while steps - good > 1 {
        let middle = good + (steps - good) / 2;
        if fits(now + middle * step) == Some(true) { good = middle } else { steps = middle }
    }
    Some(now + good * step)
}
