//! The nodes of an answer, with what is on them and how their boards bear it.

use terrarium_fit::model::{Pod, bytes};
use terrarium_fit::reading::{self, Load, Reading};
use terrarium_fit::simulate::Run;
use terrarium_fit::{k3s, limit};
use terrarium_inventory::Role;

use crate::fit::answer::{self, Node, Range, Word};
use crate::fit::problem::Asked;
use crate::fit::words::{listed, mib};

pub(super) fn nodes(asked: &Asked, run: &Run, stock: bool) -> Vec<Node> {
    let mut here: Vec<Vec<&Pod>> = vec![Vec::new(); asked.low.nodes.len()];
    for (pod, at) in asked.low.pods.iter().zip(&run.placed) {
        limit::check();
        if let Some(here) = at.and_then(|at| here.get_mut(at)) {
            here.push(pod);
        }
    }
    here.into_iter().enumerate().map(|(place, pods)| node(asked, pods, place, stock)).collect()
}

fn node(asked: &Asked, mut pods: Vec<&Pod>, place: usize, stock: bool) -> Node {
    let (low, high) = (&asked.low.nodes[place], &asked.high.nodes[place]);
    let site = asked.sites.get(place);
    pods.sort_by_cached_key(|pod| {
        (asked.about(&pod.service).group, pod.service.clone(), pod.key())
    });
    let lasting = |pod: &&&Pod, silent: fn(&terrarium_fit::model::Container) -> bool| {
        pod.containers.iter().any(|container| !container.init && silent(container))
    };
    let load = Load {
        requested: pods.iter().map(|pod| pod.requests.memory_bytes).sum(),
        limited: pods
            .iter()
            .map(|pod| pod.memory_limit().unwrap_or(pod.requests.memory_bytes))
            .sum(),
        without_request: pods.iter().filter(|p| lasting(p, |c| c.memory_request.is_none())).count(),
        without_limit: pods.iter().filter(|p| lasting(p, |c| c.memory_limit.is_none())).count(),
    };
    let memory = Range { low: low.capacity.memory_bytes, high: high.capacity.memory_bytes };
    let servers = asked.sites.iter().filter(|site| site.role == Role::Server).count();
    let own = site.map(|site| site.own(servers > 1));
    let (bears, mut text) = read(memory, own.map(|own| own.total()), &load, stock);
    let stack = || pods.iter().filter(|pod| pod.service != k3s::SERVICE);
    if bears == Word::Fits && stack().next().is_some() && stack().all(|pod| !bounded(pod)) {
        // No sum of limits there are none of.
        text = format!(
            "no pod has a memory limit, so nothing bounds what they use; they request {}",
            mib(load.requested)
        );
    }
    Node {
        name: low.name.clone(),
        board: site.and_then(|site| site.title.clone()),
        role: site.map(|site| match site.role {
            Role::Server => "server",
            Role::Agent => "agent",
        }),
        memory,
        allocatable: Range {
            low: low.allocatable.memory_bytes,
            high: high.allocatable.memory_bytes,
        },
        allocatable_cpu: low.allocatable.cpu_milli,
        requested: load.requested,
        requested_cpu: pods.iter().map(|pod| pod.requests.cpu_milli).sum(),
        limited: load.limited,
        without_request: load.without_request,
        without_limit: load.without_limit,
        own,
        bears,
        reading: text,
        volumes: bytes(pods.iter().copied()),
        disk_free: site.and_then(|site| site.disk_free),
        pods: pods
            .into_iter()
            .map(|pod| answer::Pod {
                key: pod.key(),
                service: pod.service.clone(),
                group: asked.about(&pod.service).group,
                request: pod.requests.memory_bytes,
                limit: pod.memory_limit(),
            })
            .collect(),
    }
}

/// Whether anything bounds the memory of a pod.
fn bounded(pod: &Pod) -> bool {
    pod.memory_limit().is_some()
}

/// The board's reading, in a word and a sentence.
pub(crate) fn read(memory: Range, own: Option<Range>, load: &Load, stock: bool) -> (Word, String) {
    let range = |range: Range| reading::Range { low: range.low, high: range.high };
    let used = own.unwrap_or(Range { low: 0, high: 0 });
    let (word, mut text) = match reading::read(range(memory), range(used), load) {
        Reading::Roomy { spare } => {
            (Word::Fits, format!("if every pod used its limit, {} would be left", mib(spare)))
        }
        Reading::Overcommitted { spare, missing } => (
            Word::Fits,
            format!(
                "the requests leave {}; if every pod used its limit, {} would be missing",
                mib(spare),
                mib(missing)
            ),
        ),
        Reading::Tight { missing } => (
            Word::Tight,
            format!(
                "the requests, k3s and the system may need {} more than there is",
                mib(missing)
            ),
        ),
        Reading::Short { missing } => (
            Word::DoesNotFit,
            format!("the requests, k3s and the system need {} more than there is", mib(missing)),
        ),
    };
    if own.is_none() {
        text.push_str(", not counting what k3s and the system use: the board is unknown");
    } else if stock {
        text.push_str("; nothing is reserved, so the kernel decides what is killed");
    }
    let mut silent = Vec::new();
    for (number, what) in [(load.without_request, "request"), (load.without_limit, "limit")] {
        if number > 0 {
            let pods = if number == 1 { "1 pod has" } else { &format!("{number} pods have") };
            silent.push(format!("{pods} no memory {what}"));
        }
    }
    if !silent.is_empty() {
        text.push_str("; ");
        text.push_str(&listed(&silent));
    }
    (word, text)
}
