//! What becomes of services when a node is lost.

use std::collections::BTreeSet;

use terrarium_fit::loss::{self, Fate, Placed, Return};
use terrarium_fit::model::Owner;
use terrarium_fit::pack::{Meter, compile};

use super::advice::STEPS;
use super::answer::{self, Loss};
use super::problem::Asked;
use super::words::listed;

/// Each node lost, from this placement.
pub(crate) fn losses(asked: &Asked, placement: &[(usize, usize)]) -> Vec<Loss> {
    let problem = &asked.low;
    if problem.nodes.len() < 2 {
        return Vec::new();
    }
    let packing = compile(problem, false);
    let mut controls: BTreeSet<usize> = problem
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.labels.contains_key("node-role.kubernetes.io/control-plane"))
        .map(|(place, _)| place)
        .collect();
    // A control plane on none of the nodes is elsewhere, and stays.
    if controls.is_empty() {
        controls.insert(problem.nodes.len());
    }
    let placed: Vec<Placed> = placement
        .iter()
        .map(|&(pod, node)| {
            let pod_ = &problem.pods[pod];
            Placed {
                pod,
                service: pod_.service.clone(),
                node,
                comes_back: match pod_.owner {
                    Owner::Pod => Return::Never,
                    Owner::Deployment { .. } | Owner::Job { .. } => Return::Elsewhere,
                    Owner::StatefulSet { .. } => Return::Held,
                    Owner::DaemonSet { .. } => Return::WithNode,
                },
                pinned: !pod_.claims.is_empty(),
            }
        })
        .collect();
    (0..problem.nodes.len())
        .map(|lost| {
            let mut meter = Meter::new(STEPS * 10, None);
            let found = loss::loss(&packing, &placed, lost, &controls, &mut meter);
            let quorum = 2 * controls.iter().filter(|node| **node != lost).count() > controls.len();
            told(&found, !quorum)
        })
        .collect()
}

fn told(found: &loss::Loss, headless: bool) -> Loss {
    let count = |fate: Fate| found.services.values().filter(|other| **other == fate).count();
    let down = [
        (count(Fate::Lost), "lost until it returns"),
        (count(Fate::NeverRescheduled), "down, and nobody starts them elsewhere"),
        (count(Fate::Degraded), "degraded"),
    ];
    let mut parts: Vec<String> = down
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    parts.insert(
        0,
        format!("{} of {} services survive", count(Fate::Survives), found.services.len()),
    );
    let mut summary = listed(&parts);
    if headless {
        summary.push_str("; the control plane is gone with it: nothing is rescheduled");
    }
    if !found.certain {
        summary.push_str("; the search for room was cut short, so more may survive");
    }
    let word = |fate: Fate| match fate {
        Fate::Survives => "survives",
        Fate::Degraded => "degraded",
        Fate::Lost => "lost",
        Fate::NeverRescheduled => "never rescheduled",
    };
    let fates = found
        .services
        .iter()
        .map(|(service, fate)| (service.clone(), answer::Fate { here: word(*fate), best: None }));
    Loss { node: found.node.clone(), summary, services: fates.collect() }
}
