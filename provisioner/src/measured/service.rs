//! The services: their pods together, whatever nodes they are on.

use std::collections::BTreeMap;

use super::About;
use super::answer::{Pressure, Service, Share};
use super::join::{PodUse, Use};

/// Each service, those of the stack in the order of their groups.
pub(crate) fn services(pods: &[PodUse], about: &About) -> Vec<Service> {
    let mut by_name: BTreeMap<&str, Vec<&PodUse>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !pod.pod.once) {
        by_name.entry(&pod.pod.service).or_default().push(pod);
    }
    let mut services: Vec<Service> =
        by_name.into_iter().map(|(name, pods)| service(name, &pods, about)).collect();
    services.sort_by_key(|service| super::rank(&service.group));
    services
}

fn service(name: &str, pods: &[&PodUse], about: &About) -> Service {
    let containers = || pods.iter().flat_map(|pod| &pod.pod.containers);
    let (mut memory, mut cpu): (Option<Use>, Option<Use>) = (None, None);
    let (mut pressure, mut throttled) = (Pressure::default(), None);
    for pod in pods {
        for (sum, part) in [(&mut memory, pod.memory), (&mut cpu, pod.cpu)] {
            if let Some(part) = part {
                sum.get_or_insert_default().add(&part);
            }
        }
        for (most, part) in [
            (&mut pressure.cpu, pod.pressure.cpu),
            (&mut pressure.memory, pod.pressure.memory),
            (&mut pressure.io, pod.pressure.io),
        ] {
            if let Some((p95, p99)) = part {
                let old = most.unwrap_or_default();
                *most = Some(Share { p95: old.p95.max(p95), p99: old.p99.max(p99) });
            }
        }
        if let Some(share) = pod.throttled {
            throttled = Some(share.max(throttled.unwrap_or(0.0)));
        }
    }
    let mut nodes: Vec<String> = pods.iter().filter_map(|pod| pod.pod.node.clone()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let namespace = pods.first().map_or("", |pod| pod.pod.namespace.as_str());
    let (title, group) = about.of(name, namespace);
    let limit: Option<u64> = containers().map(|container| container.limit.memory).sum();
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    Service {
        name: name.to_owned(),
        title,
        group,
        nodes,
        request: containers().filter_map(|container| container.request.memory).sum(),
        limit,
        request_cpu: containers().filter_map(|container| container.request.cpu).sum(),
        used: memory.map(|memory| memory.of),
        used_cpu: cpu.map(|cpu| cpu.of),
        headroom: limit.zip(memory).map(|(limit, used)| signed(limit) - signed(used.of.max)),
        pressure,
        oom_kills: pods.iter().map(|pod| pod.oom_kills).sum(),
        throttled,
        restarts: pods.iter().map(|pod| pod.restarts).sum(),
    }
}
