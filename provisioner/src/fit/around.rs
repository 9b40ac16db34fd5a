//! What no scheduler checks: processors, pages and kernels the images need,
//! disks, room for one more pod during an update or for a job, pods that say
//! nothing of what they use.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_fit::model::{Pod, bytes};
use terrarium_fit::{k3s, limit};

use super::answer::{Remark, Weight};
use super::hazard::hazards;
use super::problem::Asked;
use super::room;
use super::words::{gib, listed, mib};

/// Services named before the rest is counted.
const NAMES_MAX: usize = 6;

/// All remarks on a placement, node of each pod by place.
pub(crate) fn remarks(asked: &Asked, placed: &[Option<usize>], stock: bool) -> Vec<Remark> {
    let mut remarks = images(asked, placed);
    remarks.extend(reservation(asked, stock));
    if placed.iter().all(Option::is_some) {
        remarks.extend(room::remarks(asked, placed));
    }
    remarks.extend(disks(asked, placed));
    remarks.extend(unpriced(asked));
    remarks.extend(starts(asked));
    remarks
}

/// Images on nodes that cannot run them.
fn images(asked: &Asked, placed: &[Option<usize>]) -> Vec<Remark> {
    let mut found: Vec<Remark> = Vec::new();
    for (pod, node) in asked.low.pods.iter().zip(placed) {
        let Some(site) = node.and_then(|node| asked.sites.get(node)) else { continue };
        limit::check();
        for image in pod.containers.iter().map(|container| container.image.as_str()) {
            for mut remark in hazards(image, site) {
                remark.what = format!("`{}` on {}: {}", pod.service, site.name, remark.what);
                remark.service = Some(pod.service.clone());
                limit::check();
                if !found.contains(&remark) {
                    found.push(remark);
                }
            }
        }
    }
    found
}

/// Nodes that keep nothing from pods.
fn reservation(asked: &Asked, stock: bool) -> Option<Remark> {
    let open = asked.low.nodes.iter().filter(|node| {
        node.allocatable.memory_bytes > 0
            && node.allocatable.memory_bytes >= node.capacity.memory_bytes
    });
    let open: Vec<&str> = open.map(|node| node.name.as_str()).collect();
    if open.is_empty() {
        return None;
    }
    Some(Remark {
        about: "reservation",
        service: None,
        weight: Weight::Warning,
        what: format!(
            "all memory of {} is handed out: nothing is kept for k3s and the system, and the \
             kubelet evicts no pod for memory, so the kernel kills what it likes when memory ends, \
             k3s included",
            listed(&open)
        ),
        hint: Some(if stock {
            "`provision` writes reservations and the eviction threshold; judge without \
             --stock-k3s to see them"
                .to_owned()
        } else {
            "set kube-reserved, system-reserved and eviction-hard, as `provision` does".to_owned()
        }),
    })
}

/// Volumes against free disks.
fn disks(asked: &Asked, placed: &[Option<usize>]) -> Vec<Remark> {
    let mut here: BTreeMap<usize, Vec<&Pod>> = BTreeMap::new();
    for (pod, node) in asked.low.pods.iter().zip(placed) {
        if let Some(node) = node {
            here.entry(*node).or_default().push(pod);
        }
    }
    let sums = here.into_iter().map(|(node, pods)| (node, bytes(pods.into_iter())));
    let mut remarks = Vec::new();
    let mut unknown = Vec::new();
    for (node, bytes) in sums.filter(|(_, bytes)| *bytes > 0) {
        let name = &asked.low.nodes[node].name;
        match asked.sites.get(node).and_then(|site| site.disk_free) {
            Some(free) if free < bytes => remarks.push(Remark {
                about: "disk",
                service: None,
                weight: Weight::Warning,
                what: format!(
                    "volumes of {} go onto {name}, which has {} free; a local volume is given \
                     without looking at its size",
                    gib(bytes),
                    gib(free)
                ),
                hint: Some("a larger disk, or smaller volumes".to_owned()),
            }),
            Some(_) => {}
            None => unknown.push(format!("{} on {name}", gib(bytes))),
        }
    }
    if !unknown.is_empty() {
        remarks.push(Remark {
            about: "disk",
            service: None,
            weight: Weight::Note,
            what: format!("volumes will take up to {}; disk sizes are unknown", listed(&unknown)),
            hint: Some("say what is free with --disk".to_owned()),
        });
    }
    remarks
}

/// Pods that request no memory: the scheduler counts them as nothing.
fn unpriced(asked: &Asked) -> Option<Remark> {
    let silent = |pod: &&Pod| {
        pod.service != k3s::SERVICE
            && !pod.whole.requested
            && pod.containers.iter().any(|c| !c.init && c.memory_request.is_none())
    };
    let mut services: Vec<&str> =
        asked.low.pods.iter().filter(silent).map(|pod| pod.service.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    if services.is_empty() {
        return None;
    }
    let more = services.len().saturating_sub(NAMES_MAX);
    let mut named: Vec<String> =
        services.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    Some(Remark {
        about: "requests",
        service: None,
        weight: Weight::Warning,
        what: format!(
            "no memory is requested by {}: the scheduler counts that as nothing, and what says \
             nothing is killed first when memory ends",
            listed(&named)
        ),
        hint: Some("give their containers requests".to_owned()),
    })
}

/// Services that need more to start than to run.
fn starts(asked: &Asked) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for pod in &asked.low.pods {
        limit::check();
        let lasting = pod.containers.iter().filter(|container| !container.init);
        let running: u64 = lasting.filter_map(|container| container.memory_request).sum();
        let peak = pod.requests.memory_bytes;
        let known = told.contains(pod.service.as_str());
        let starts = pod.containers.iter().any(|container| container.init);
        if starts && peak > running && running > 0 && !known {
            told.insert(&pod.service);
            remarks.push(Remark {
                about: "start",
                service: Some(pod.service.clone()),
                weight: Weight::Note,
                what: format!(
                    "`{}` is set aside {} for its start, {} more than it requests once it runs",
                    pod.service,
                    mib(peak),
                    mib(peak - running)
                ),
                hint: None,
            });
        }
    }
    remarks
}
