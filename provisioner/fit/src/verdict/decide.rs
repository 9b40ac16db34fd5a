//! From a packing and a way to simulate to the verdict.

use std::collections::BTreeMap;

use super::words::{reason, word};
use super::{Bounds, Budget, Ends, Kind, ServiceVerdict, Verdict};
use crate::certificate::{self, Certificate};
use crate::guarantee::{Guarantee, guarantee, unblockable};
use crate::pack::{Meter, Packing};
use crate::search::{Outcome, search};
use crate::share::{Share, Simulate, share};

/// Pods a search goes into: it is as deep as there are pods.
const SEARCHED: usize = 1_000;

/// Whether a placement, pods and their nodes, passes a replay.
pub type Replay<'a> = dyn Fn(&[(usize, usize)]) -> bool + 'a;

/// What is to be judged.
pub struct Case<'a> {
    /// All pods.
    pub packing: &'a Packing,
    /// Those that stay: without pods of jobs, which end and make room.
    pub lasting: &'a Packing,
    /// Pods and their waves in the modelled order of arrival.
    pub order: Vec<(usize, u32)>,
    /// The pods of each service, by their places in the problem.
    pub services: BTreeMap<String, Vec<usize>>,
    /// Runs the scheduler.
    pub simulate: &'a mut Simulate<'a>,
    /// Replays a placement, pod by pod, through the real filters.
    pub replay: &'a Replay<'a>,
    /// Re-counts a certificate from the problem itself. For an exhausted
    /// search it gives the steps of the second one.
    pub check: &'a dyn Fn(&Certificate) -> Option<Certificate>,
    /// Ends the work early, for callers with a clock.
    pub stop: Option<&'a dyn Fn() -> bool>,
}

impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Case")
            .field("packing", &self.packing)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// What is found out on the way.
#[derive(Default)]
struct Findings {
    certificate: Option<Certificate>,
    witness: Option<Vec<(usize, usize)>>,
    runs: Option<Share>,
    guarantee: Option<Guarantee>,
    bounds: Option<Bounds>,
}

/// Judges a case.
pub fn decide(case: &mut Case<'_>, budget: &Budget) -> Verdict {
    let mut found = Findings::default();
    // Also when it cannot fit, runs show which services get their place.
    let runs = share(&case.order, budget.runs, budget.seed, case.simulate);
    found.witness.clone_from(&runs.witness);
    if found.witness.is_none() {
        found.certificate = certificate::find(case.lasting).and_then(|proof| (case.check)(&proof));
    }
    if found.witness.is_none() && found.certificate.is_none() {
        exact(case, budget, &runs, &mut found);
    }
    if found.witness.is_some() && runs.worst == 0 {
        let mut meter = Meter::new(budget.proof, case.stop);
        found.guarantee = Some(guarantee(case.packing, &mut meter));
    }
    let services = services(case, budget, &runs);
    found.runs = Some(runs);
    verdict(case.packing, found, services)
}

/// The exact search, for a witness first and then for a proof.
fn exact(case: &Case<'_>, budget: &Budget, runs: &Share, found: &mut Findings) {
    let pods = case.packing.pods();
    let mut bounds = Bounds { placed: pods.saturating_sub(runs.worst), most: pods };
    if pods <= SEARCHED {
        match search(case.packing, &mut Meter::new(budget.search, case.stop)) {
            Outcome::Found(nodes) => {
                let pairs = pairs(case.packing, &nodes);
                if (case.replay)(&pairs) {
                    found.witness = Some(pairs);
                    return;
                }
            }
            Outcome::None { .. } => found.certificate = ruled_out(case, budget),
            Outcome::Spent { placed } => bounds.placed = bounds.placed.max(placed),
        }
    }
    if found.certificate.is_none() {
        found.bounds = Some(bounds);
    }
}

/// The exhausted search over what stays, if the second search agrees.
fn ruled_out(case: &Case<'_>, budget: &Budget) -> Option<Certificate> {
    let outcome = search(case.lasting, &mut Meter::new(budget.search, case.stop));
    let Outcome::None { steps } = outcome else { return None };
    (case.check)(&Certificate::Searched {
        pods: case.lasting.pods(),
        nodes: case.lasting.nodes.len(),
        steps,
        again: 0,
    })
}

fn pairs(packing: &Packing, nodes: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let classes = packing.classes.iter().zip(nodes);
    classes
        .flat_map(|(class, nodes)| class.members.iter().copied().zip(nodes.iter().copied()))
        .collect()
}

fn services(case: &Case<'_>, budget: &Budget, runs: &Share) -> BTreeMap<String, ServiceVerdict> {
    let mut meter = Meter::new(budget.proof, case.stop);
    case.services
        .iter()
        .map(|(name, pods)| {
            let all = runs.modelled.runs + runs.shuffled.runs;
            let complete = runs.complete_for(pods);
            let own = case.lasting.only(|pod| pods.contains(&pod));
            let certificate = if complete > 0 { None } else { certificate::find(&own) };
            let certificate = certificate.and_then(|proof| (case.check)(&proof));
            let classes = case.packing.classes.iter().enumerate();
            let mut classes =
                classes.filter(|(_, class)| class.members.iter().any(|pod| pods.contains(pod)));
            let verdict = if certificate.is_some() {
                Kind::Impossible
            } else if complete == all
                && classes.all(|(class, _)| unblockable(case.packing, class, &mut meter).is_ok())
            {
                Kind::Guaranteed
            } else if complete > 0 {
                Kind::Possible
            } else {
                Kind::Unknown
            };
            (name.clone(), ServiceVerdict { verdict, complete, runs: all, certificate })
        })
        .collect()
}

fn verdict(
    packing: &Packing,
    found: Findings,
    services: BTreeMap<String, ServiceVerdict>,
) -> Verdict {
    let (low, high) = found.runs.as_ref().map_or((0.0, 1.0), |runs| (runs.low, runs.high));
    let proven = matches!(found.guarantee, Some(Guarantee::Proven { .. }));
    let (verdict, share) = if found.certificate.is_some() {
        (Kind::Impossible, Ends { low: 0.0, high: 0.0 })
    } else if proven {
        (Kind::Guaranteed, Ends { low: 1.0, high: 1.0 })
    } else if found.witness.is_some() {
        (Kind::Possible, Ends { low, high })
    } else {
        (Kind::Unknown, Ends { low: 0.0, high })
    };
    let left = found.runs.iter().flat_map(|runs| &runs.left);
    let placement = found.witness.iter().flatten();
    let mut verdict = Verdict {
        verdict,
        word: word(verdict, found.runs.as_ref()),
        reason: String::new(),
        placement: placement
            .map(|&(pod, node)| (packing.names[pod].clone(), packing.nodes[node].name.clone()))
            .collect(),
        share,
        left: left.map(|(&pod, &runs)| (packing.names[pod].clone(), runs)).collect(),
        runs: found.runs,
        certificate: found.certificate,
        guarantee: found.guarantee,
        bounds: found.bounds,
        services,
    };
    verdict.reason = reason(&verdict);
    verdict
}
