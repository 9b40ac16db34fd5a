//! What would make sure of a stack that may fit and may not. Each way is proven,
//! at both ends of what the nodes have, before it is told.

use terrarium_fit::change;
use terrarium_fit::guarantee::{Guarantee, guarantee};
use terrarium_fit::model::Problem;
use terrarium_fit::pack::{Meter, compile};

use super::advice::{STEPS, names, services};
use super::answer::Change;
use super::problem::Asked;
use super::words::{listed, mib};

/// Steps of one proof, and of all of one kind of advice.
const PROOF: u64 = STEPS;
const ALL: u64 = 200 * STEPS;
/// Pods that are worth tying to nodes by hand.
const PINS_MAX: usize = 8;

/// What would make every order of arrival place all.
pub(crate) fn to_be_sure(asked: &Asked, placement: &[(usize, usize)]) -> Vec<Change> {
    [requests(asked), order(asked), pins(asked, placement)].into_iter().flatten().collect()
}

/// The proof at both ends, within what is left of a budget.
fn prove(asked: &Asked, changed: &Problem, left: &mut u64) -> Guarantee {
    *left = left.saturating_sub(PROOF);
    if *left == 0 {
        return Guarantee::Open { pod: String::new(), why: "the budget was spent".to_owned() };
    }
    let proof = |problem| guarantee(&compile(problem, false), &mut Meter::new(PROOF, None));
    let low = proof(changed);
    if asked.low == asked.high || matches!(low, Guarantee::Open { .. }) {
        return low;
    }
    proof(&Problem { nodes: asked.high.nodes.clone(), pods: changed.pods.clone() })
}

/// Requests to cut.
fn requests(asked: &Asked) -> Option<Change> {
    let cut = |service: &change::Service| !service.fixed && service.memory_bytes > 0;
    let services: Vec<String> =
        services(asked).into_iter().filter(cut).map(|service| service.name).collect();
    let mut left = ALL;
    let cuts = change::cuts(&asked.low, &services, &mut |changed| {
        matches!(prove(asked, changed, &mut left), Guarantee::Proven { .. })
    })?;
    let now = |service: &str| {
        let own = asked.low.pods.iter().filter(|pod| pod.service == service);
        own.map(|pod| pod.requests.memory_bytes).max().unwrap_or_default()
    };
    let told: Vec<String> = cuts
        .iter()
        .map(|(name, to)| format!("`{name}` from {} to {}", mib(now(name)), mib(*to)))
        .collect();
    Some(Change {
        kind: "requests",
        what: format!(
            "if they need no more, let pods request less: {}; then every order places all",
            listed(&told)
        ),
    })
}

/// Services to install first.
fn order(asked: &Asked) -> Option<Change> {
    let mut left = ALL;
    let groups = change::order(&asked.low, &services(asked), &mut |changed| {
        prove(asked, changed, &mut left)
    })?;
    let groups: Vec<String> = groups.iter().map(|group| names(group)).collect();
    (!groups.is_empty()).then(|| Change {
        kind: "order",
        what: format!(
            "install {} first and the rest once that runs; then every order places all",
            groups.join(", then ")
        ),
    })
}

/// Pods to tie to the nodes of the placement.
fn pins(asked: &Asked, placement: &[(usize, usize)]) -> Option<Change> {
    let packings = [compile(&asked.low, false), compile(&asked.high, false)];
    let pins = change::pins(&packings, placement, &mut Meter::new(ALL, None))?;
    if pins.is_empty() || pins.len() > PINS_MAX {
        return None;
    }
    let pins: Vec<String> = pins
        .iter()
        .map(|&(pod, node)| {
            format!("`{}` to {}", asked.low.pods[pod].name, asked.low.nodes[node].name)
        })
        .collect();
    Some(Change {
        kind: "pin",
        what: format!("tie {} with a nodeSelector; then every order places all", listed(&pins)),
    })
}
