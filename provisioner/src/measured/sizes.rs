//! What each container should ask for: by our rules, cut down to what fits
//! together, and by another tool's rules.

use std::collections::BTreeMap;

use terrarium_fit::model::Problem;
use terrarium_fit::sizing::{Advice, Container, Method, Resource, Rules, Size, advise, jointly};
use terrarium_helm::release::NAMESPACE;

use super::answer::{Other, Sizing};

/// The advice for each of them, in their order, and whether a placement was
/// found with all of it.
pub(crate) fn sizes(
    problem: &Problem,
    containers: &[Container],
    rules: &Rules,
    other: Option<Method>,
) -> (Vec<Sizing>, bool) {
    let advice: Vec<Advice> =
        containers.iter().map(|one| advise(Method::Ours, one, rules)).collect();
    let wanted: Vec<(usize, Size)> = advice
        .iter()
        .enumerate()
        // The rest stays as it is: nobody here could change it.
        .filter(|(index, _)| containers[*index].namespace == NAMESPACE)
        .filter_map(|(index, advice)| match advice {
            Advice::Enough(size) => Some((index, size.clone())),
            Advice::NotEnough { .. } => None,
        })
        .collect();
    let joint = jointly(problem, &wanted, containers);
    let placed = wanted.is_empty() || joint.placement.is_some();
    let mut given: BTreeMap<usize, Size> = joint.sizes.into_iter().collect();
    let mut sizes = Vec::new();
    for (index, (container, advice)) in containers.iter().zip(advice).enumerate() {
        let (advice, short) = match (advice, given.remove(&index)) {
            (Advice::Enough(wanted), Some(given)) => {
                let short = short(&wanted.request, &given.request);
                (Advice::Enough(given), short)
            }
            (advice, _) => (advice, None),
        };
        sizes.push(Sizing {
            service: container.service.clone(),
            namespace: container.namespace.clone(),
            workload: container.workload.clone(),
            container: container.container.clone(),
            request: container.request,
            limit: container.limit,
            advice,
            short,
            other: other.map(|method| Other { method, advice: advise(method, container, rules) }),
        });
    }
    (sizes, placed)
}

/// What is lacking of what was wanted.
fn short(wanted: &Resource, given: &Resource) -> Option<Resource> {
    let lack = |wanted: Option<u64>, given: Option<u64>| {
        Some(wanted?.saturating_sub(given.unwrap_or(0))).filter(|lack| *lack > 0)
    };
    let short =
        Resource { cpu: lack(wanted.cpu, given.cpu), memory: lack(wanted.memory, given.memory) };
    (short != Resource::default()).then_some(short)
}
