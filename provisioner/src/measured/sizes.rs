//! What each container should ask for: by our rules, cut down to what fits
//! together, and by another tool's rules.

use std::collections::BTreeMap;

use terrarium_fit::model::Problem;
use terrarium_fit::sizing::{Advice, Container, Method, Resource, Rules, Size, advise, jointly};
use terrarium_helm::release::NAMESPACE;

use super::answer::{Other, Sizing};

/// The advice for containers, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sizes {
    pub told: Vec<Sizing>,
    /// Those of the stack's containers that can be given to them, by place.
    pub given: Vec<(usize, Size)>,
    /// Whether a placement of all pods was found with these.
    pub placed: bool,
}

/// Works it out.
pub(crate) fn sizes(
    problem: &Problem,
    containers: &[Container],
    rules: &Rules,
    other: Option<Method>,
) -> Sizes {
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
    let mut given: BTreeMap<usize, &Size> =
        joint.sizes.iter().map(|(index, size)| (*index, size)).collect();
    let mut told = Vec::new();
    for (index, (container, advice)) in containers.iter().zip(advice).enumerate() {
        let (advice, short) = match (advice, given.remove(&index)) {
            (Advice::Enough(wanted), Some(given)) => {
                let short = short(&wanted.request, &given.request);
                (Advice::Enough(given.clone()), short)
            }
            (advice, _) => (advice, None),
        };
        told.push(Sizing {
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
    let placed = wanted.is_empty() || joint.placement.is_some();
    Sizes { told, given: joint.sizes, placed }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::cluster;
    use crate::measured::history::History;
    use crate::measured::join::{Joined, join};
    use crate::measured::snapshot;

    const MIB: u64 = 1 << 20;

    /// Sizes where the scheduler may hand out so many MiB of each node.
    fn sized(allocatable: u64) -> (Joined, Sizes) {
        let mut json = include_str!("fixtures/cluster.json").to_owned();
        for mib in [5962_u64, 2889] {
            json = json.replace(&format!("{}Ki", mib * 1024), &format!("{allocatable}Mi"));
        }
        let cluster = cluster::parse(&json).unwrap();
        let pi_2 = snapshot::parse(include_bytes!("fixtures/pi-2.json")).unwrap();
        let joined = join(&cluster, &[("pi-2".to_owned(), pi_2)].into(), &History::default());
        let rules = Rules { least_seconds: 3600, ..Rules::default() };
        let sizes = sizes(&cluster.problem, &joined.containers, &rules, None);
        (joined, sizes)
    }

    fn memory<'a>(sizes: &'a Sizes, name: &str) -> (&'a Sizing, u64) {
        let told = sizes.told.iter().find(|told| told.container == name).unwrap();
        let Advice::Enough(size) = &told.advice else { panic!("{told:?}") };
        (told, size.request.memory.unwrap())
    }

    #[test]
    fn who_can_grow_gets_all_it_wants() {
        let (joined, sizes) = sized(2889);
        assert!(sizes.placed);
        let (told, kafka) = memory(&sizes, "kafka");
        assert!(kafka > 1309 * MIB, "p99 and a tenth: {kafka}");
        assert_eq!(told.short, None);
        let names: Vec<&str> =
            sizes.given.iter().map(|(at, _)| joined.containers[*at].container.as_str()).collect();
        assert_eq!(names, ["fastapi", "exporter", "kafka", "redis"]);
    }

    #[test]
    fn who_cannot_is_short_by_what_is_lacking() {
        let (_, whole) = sized(2889);
        let (_, sizes) = sized(1300);
        assert!(sizes.placed);
        let wanted = memory(&whole, "kafka").1;
        let (told, given) = memory(&sizes, "kafka");
        assert!(given < 1300 * MIB, "{given}");
        assert_eq!(told.short.and_then(|short| short.memory), Some(wanted - given));
    }
}
