//! What becomes of services when a node is lost.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use terrarium_fit::loss::{self, Fate, Placed, Return};
use terrarium_fit::model::{Owner, Problem};
use terrarium_fit::pack::{Meter, compile};

use super::advice::{STEPS, services};
use super::answer::{self, Loss};
use super::problem::Asked;

/// Steps of each question for room.
const ROOM: u64 = STEPS / 4;

/// Each node lost: what happens by itself, and what could be had at best.
pub(crate) fn losses(asked: &Asked, placement: &[(usize, usize)]) -> Vec<Loss> {
    if asked.low.nodes.len() < 2 {
        return Vec::new();
    }
    // What runs may be made again elsewhere as well as what is yet to come.
    let mut problem = Problem::clone(&asked.low);
    for pod in &mut problem.pods {
        pod.node_name = None;
    }
    let packing = compile(&problem, false);
    let controls = controls(&problem);
    let placed: Vec<Placed> =
        placement.iter().map(|&(pod, node)| placed(&problem, pod, node)).collect();
    let services = services(asked);
    let cluster = loss::Cluster::new(&packing, &placed, &controls);
    (0..problem.nodes.len())
        .map(|lost| {
            let quorum = 2 * controls.iter().filter(|node| **node != lost).count() > controls.len();
            if let Some((here, best)) = cluster.loss(lost) {
                return told(&here, &best, !quorum);
            }
            let mut meter = Meter::new(STEPS * 10, None);
            let here = loss::loss(&packing, &placed, lost, &controls, &mut meter);
            let best = loss::best(&packing, &placed, lost, &controls, &services, &here, ROOM);
            told(&here, &best, !quorum)
        })
        .collect()
}

/// The nodes with a control plane; one elsewhere stays.
fn controls(problem: &Problem) -> BTreeSet<usize> {
    let label = "node-role.kubernetes.io/control-plane";
    let nodes = problem.nodes.iter().enumerate();
    let mut controls: BTreeSet<usize> =
        nodes.filter(|(_, node)| node.labels.contains_key(label)).map(|(place, _)| place).collect();
    if controls.is_empty() {
        controls.insert(problem.nodes.len());
    }
    controls
}

fn placed(problem: &Problem, pod: usize, node: usize) -> Placed {
    let found = &problem.pods[pod];
    Placed {
        pod,
        service: found.service.clone(),
        node,
        comes_back: match found.owner {
            Owner::Pod => Return::Never,
            Owner::Deployment { .. } | Owner::Job { .. } => Return::Elsewhere,
            Owner::StatefulSet { .. } => Return::Held,
            Owner::DaemonSet { .. } => Return::WithNode,
        },
        pinned: !found.claims.is_empty(),
    }
}

fn told(here: &loss::Loss, best: &loss::Loss, headless: bool) -> Loss {
    let count = |loss: &loss::Loss, fate: Fate| {
        loss.services.values().filter(|other| **other == fate).count()
    };
    let down = [
        (count(here, Fate::Lost), "lost until it returns"),
        (count(here, Fate::NeverRescheduled), "down and not rescheduled"),
        (count(here, Fate::Degraded), "degraded"),
    ];
    let survive = count(here, Fate::Survives) + here.others;
    let of = here.services.len() + here.others;
    let mut parts = vec![match survive {
        1 => format!("1 of {of} services survives"),
        _ => format!("{survive} of {of} services survive"),
    }];
    for (number, what) in down.into_iter().filter(|(number, _)| *number > 0) {
        parts.push(format!("{number} {} {what}", if number == 1 { "is" } else { "are" }));
    }
    let mut summary = parts.join("; ");
    if headless {
        summary.push_str("; the control plane is gone with it: nothing is rescheduled");
    } else if best.services != here.services {
        let at_best = match count(best, Fate::Survives) + best.others {
            more if more > survive => format!("{more} at best"),
            _ => "at best fewer are lost".to_owned(),
        };
        let _ = write!(summary, "; {at_best}, once the node is deleted and what may move is moved");
    }
    if !here.certain || !best.certain {
        summary.push_str("; the search for room was cut short, so more may survive");
    }
    let fates = here.services.iter().map(|(service, fate)| {
        let best = best.services.get(service).map(|fate| word(*fate));
        (service.clone(), answer::Fate { here: word(*fate), best })
    });
    Loss { node: here.node.clone(), summary, services: fates.collect() }
}

const fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Survives => "survives",
        Fate::Degraded => "degraded",
        Fate::Lost => "lost",
        Fate::NeverRescheduled => "not rescheduled",
    }
}
