//! From a packing and a way to simulate to the verdict.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{reason, word};
use super::{Bounds, Budget, Ends, Kind, ServiceVerdict, Verdict};
use crate::certificate::{self, Certificate};
use crate::guarantee::{Guarantee, guarantee, unblockable};
use crate::limit;
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
    let run = || share(&case.order, budget.runs, budget.seed, case.simulate);
    // With runs alone nothing would be proven.
    let runs = limit::part("the simulated runs", 50, run).unwrap_or_else(Share::none);
    found.witness.clone_from(&runs.witness);
    if found.witness.is_none() {
        let proof = limit::part("the search for a proof", 50, || certificate::find(case.lasting));
        found.certificate = proof.flatten().and_then(|proof| (case.check)(&proof));
    }
    if found.witness.is_none() && found.certificate.is_none() {
        exact(case, budget, &runs, &mut found);
    }
    if found.witness.is_some() && runs.worst == 0 {
        let mut meter = Meter::new(budget.proof, case.stop);
        let proof = || guarantee(case.packing, &mut meter);
        found.guarantee = limit::part("the proof for every order", 70, proof);
    }
    let services = services(case, budget, &runs);
    found.runs = Some(runs);
    verdict(case.packing, found, services, budget.runs)
}

/// The exact search, for a witness first and then for a proof.
fn exact(case: &Case<'_>, budget: &Budget, runs: &Share, found: &mut Findings) {
    let pods = case.packing.pods();
    let mut bounds = Bounds { placed: pods.saturating_sub(runs.worst), most: pods };
    if pods <= SEARCHED {
        let looked = || search(case.packing, &mut Meter::new(budget.search, case.stop));
        let nothing = Outcome::Spent { placed: 0 };
        match limit::part("the search for a placement", 50, looked).unwrap_or(nothing) {
            Outcome::Found(nodes) => {
                let pairs = pairs(case.packing, &nodes);
                if limit::catch(|| (case.replay)(&pairs)) == Some(true) {
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
    let looked = || search(case.lasting, &mut Meter::new(budget.search, case.stop));
    let outcome = limit::part("the second search", 50, looked)?;
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
            let judged = || service(case, pods, runs, &mut meter);
            let judged = limit::stage("the judging of each service", judged);
            (name.clone(), judged.unwrap_or_else(|| ServiceVerdict::nothing(runs)))
        })
        .collect()
}

/// The answer for the pods of one service.
fn service(case: &Case<'_>, pods: &[usize], runs: &Share, meter: &mut Meter<'_>) -> ServiceVerdict {
    let all = runs.modelled.runs + runs.shuffled.runs;
    let complete = runs.complete_for(pods);
    let pods: BTreeSet<usize> = pods.iter().copied().collect();
    let certificate = if complete > 0 {
        None
    } else {
        certificate::find(&case.lasting.only(|pod| pods.contains(&pod)))
    };
    let certificate = certificate.and_then(|proof| (case.check)(&proof));
    let classes = case.packing.classes.iter().enumerate();
    let mut classes =
        classes.filter(|(_, class)| class.members.iter().any(|pod| pods.contains(pod)));
    let verdict = if certificate.is_some() {
        Kind::Impossible
    } else if complete == all
        && classes.all(|(class, _)| unblockable(case.packing, class, meter).is_ok())
    {
        Kind::Guaranteed
    } else if complete > 0 {
        Kind::Possible
    } else {
        Kind::Unknown
    };
    ServiceVerdict { verdict, complete, runs: all, certificate }
}

fn verdict(
    packing: &Packing,
    found: Findings,
    services: BTreeMap<String, ServiceVerdict>,
    wanted: u32,
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
        word: word(verdict, found.runs.as_ref(), wanted),
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
        cut: limit::cut().map(str::to_owned),
    };
    verdict.reason = reason(&verdict);
    verdict
}
