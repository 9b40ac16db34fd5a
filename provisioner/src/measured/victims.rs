//! Who the kernel kills first when a node's memory is used up: the container
//! with the highest sum of what it uses and what the kubelet adds to that, in
//! thousandths of the memory.

use super::answer::Victim;
use super::cluster::{Container, Pod};
use super::snapshot::{self, whole};

/// How many are told.
const TOLD: usize = 3;

/// What the kubelet adds (pkg/kubelet/qos): to pods that ask for nothing, and
/// to those whose limits are their requests or that the node cannot do without.
const BEST_EFFORT: i64 = 1000;
const GUARANTEED: i64 = -997;
/// To all others at least and at most.
const BURSTABLE: (i64, i64) = (3, 999);

/// The first of these pods of a node with so much memory, with what was
/// measured of each.
pub(crate) fn victims(memory: u64, pods: &[(&Pod, Option<&snapshot::Pod>)]) -> Vec<Victim> {
    let mut victims = Vec::new();
    for (pod, measured) in pods {
        for container in &pod.containers {
            let adjustment = adjustment(pod, container, memory);
            let seen = measured
                .and_then(|seen| seen.containers.iter().find(|seen| seen.name == container.name));
            let used = seen.and_then(|seen| seen.history.as_ref()?.memory_bytes);
            let used = used.map_or(0, |used| thousandths(whole(used.last), memory));
            victims.push(Victim {
                pod: pod.key(),
                container: container.name.clone(),
                adjustment,
                score: adjustment + used,
            });
        }
    }
    victims.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.pod.cmp(&b.pod)));
    victims.truncate(TOLD);
    victims
}

fn adjustment(pod: &Pod, container: &Container, memory: u64) -> i64 {
    let says = |container: &Container| {
        let (request, limit) = (container.request, container.limit);
        [request.cpu, request.memory, limit.cpu, limit.memory].iter().flatten().any(|n| *n > 0)
    };
    let whole = |container: &Container| {
        let (request, limit) = (container.request, container.limit);
        limit.cpu.is_some_and(|cpu| cpu > 0 && request.cpu == Some(cpu))
            && limit.memory.is_some_and(|memory| memory > 0 && request.memory == Some(memory))
    };
    if pod.critical || pod.containers.iter().all(whole) {
        GUARANTEED
    } else if !pod.containers.iter().any(says) {
        BEST_EFFORT
    } else {
        let asked = thousandths(container.request.memory.unwrap_or(0), memory);
        (1000 - asked).clamp(BURSTABLE.0, BURSTABLE.1)
    }
}

fn thousandths(part: u64, whole: u64) -> i64 {
    let share = (u128::from(part) * 1000).checked_div(u128::from(whole)).unwrap_or_default();
    i64::try_from(share).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use terrarium_fit::sizing::Resource;

    use super::*;

    fn pod(name: &str, request: Resource, limit: Resource) -> Pod {
        let container = Container { name: name.to_owned(), request, limit, ..Container::default() };
        Pod { name: name.to_owned(), containers: vec![container], ..Pod::default() }
    }

    fn seen(name: &str, used: u64) -> snapshot::Pod {
        let json = format!(
            r#"{{"namespace":"","pod":"{name}","containers":[{{"name":"{name}","history":
            {{"since_seconds":0,"samples":1,"memory_bytes":{{"last":{used},"p50":0,"p95":0,
            "p99":0,"max":0}}}}}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn who_asks_for_nothing_goes_first_and_who_is_guaranteed_last() {
        let both = |cpu, memory| Resource { cpu: Some(cpu), memory: Some(memory) };
        let none = Resource::default();
        let mut critical = pod("proxy", none, none);
        critical.critical = true;
        let pods = [
            (pod("bare", none, none), 10),
            (pod("small", both(100, 50), none), 700),
            (pod("large", both(100, 600), none), 700),
            (pod("whole", both(100, 100), both(100, 100)), 100),
            (critical, 10),
            (pod("full", both(0, 1000), none), 0),
        ];
        let seen: Vec<_> = pods.iter().map(|(pod, used)| seen(&pod.name, *used)).collect();
        let pairs: Vec<_> = pods.iter().map(|(pod, _)| pod).zip(seen.iter().map(Some)).collect();
        let first: Vec<_> = victims(1000, &pairs)
            .into_iter()
            .map(|victim| (victim.container, victim.adjustment, victim.score))
            .collect();
        let expected = [("small", 950, 1650), ("large", 400, 1100), ("bare", 1000, 1010)];
        assert_eq!(
            first,
            expected.map(|(name, adjustment, score)| (name.to_owned(), adjustment, score))
        );
        let adjusted =
            |index: usize| adjustment(&pods[index].0, &pods[index].0.containers[0], 1000);
        assert_eq!((adjusted(3), adjusted(4), adjusted(5)), (-997, -997, 3));
    }
}
