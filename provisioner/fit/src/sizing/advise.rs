//! One container's advice: refused for want of history, or by one of the
//! methods.

use super::{Advice, Container, Method, Quantiles, Rules, Used, krr, ours, vpa};

/// What a container should ask for. Equal inputs give equal answers.
pub fn advise(method: Method, container: &Container, rules: &Rules) -> Advice {
    let (seconds, samples) = container.history();
    if !container.pods.iter().any(measured)
        || seconds < rules.least_seconds
        || samples < rules.least_samples
    {
        return Advice::NotEnough { seconds, samples };
    }
    let mut size = match method {
        Method::Ours => ours::size(container),
        Method::Krr => krr::size(container),
        Method::Vpa => vpa::size(container),
    };
    let peaks = || container.pods.iter().filter_map(|pod| Some(memory(pod)?.max));
    size.spread = peaks().min().zip(peaks().max()).unwrap_or_default();
    Advice::Enough(size)
}

/// Whether anything of a pod is known that a size could come from.
pub(super) fn measured(pod: &Used) -> bool {
    memory(pod).is_some() || cpu(pod).is_some()
}

/// A pod's memory, counted from whole samples when nothing else is known.
pub(super) fn memory(pod: &Used) -> Option<Quantiles> {
    let samples = || pod.series.as_ref().and_then(|all| Quantiles::of_samples(&all.memory));
    pod.memory.or_else(samples)
}

/// A pod's CPU, the same way.
pub(super) fn cpu(pod: &Used) -> Option<Quantiles> {
    let samples = || pod.series.as_ref().and_then(|all| Quantiles::of_samples(&all.cpu));
    pod.cpu.or_else(samples)
}

/// The pod with the largest of some figure, and the figure; of equal ones the
/// first by name.
pub(super) fn largest(
    container: &Container,
    figure: impl Fn(&Used) -> Option<u64>,
) -> Option<(&str, u64)> {
    let all = container.pods.iter().filter_map(|pod| Some((pod.pod.as_str(), figure(pod)?)));
    all.max_by(|one, other| one.1.cmp(&other.1).then_with(|| other.0.cmp(one.0)))
}
