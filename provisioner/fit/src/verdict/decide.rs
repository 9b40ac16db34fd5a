//! From a packing and a way to simulate to the verdict.

mod services;

use std::collections::BTreeMap;

use super::words::{reason, word};
use super::{Bounds, Budget, Ends, Kind, ServiceVerdict, Verdict};
use crate::certificate::{self, Certificate};
use crate::guarantee::{Guarantee, Proofs};
use crate::limit;
use crate::pack::{Meter, Packing};
use crate::search::{Outcome, search};
use crate::share::{Sample, Share, Simulate};
use services::services;

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

/// Runs before the proof for every order is tried: one in each kind of order.
const FIRST: u32 = 2;
/// Pods that are placed in runs once it is proven that each run places all.
const PROVEN: u32 = 40_000;

/// Judges a case.
pub fn decide(case: &mut Case<'_>, budget: &Budget) -> Verdict {
    let mut found = Findings::default();
    let mut proofs = limit::stage("the sorting of the pods", || Proofs::new(case.packing));
    let mut sample = Sample::new(&case.order, budget.seed);
    let mut wanted = budget.runs;
    // Also when it cannot fit, runs show which services get their place.
    limit::part("the simulated runs", 30, || sample.run(FIRST.min(wanted), case.simulate));
    if sample.worst() == 0 && sample.made() > 0 {
        found.guarantee = every_order(case, budget, proofs.as_mut());
        if matches!(found.guarantee, Some(Guarantee::Proven { .. })) {
            let pods = u32::try_from(case.order.len()).unwrap_or(u32::MAX);
            wanted = (PROVEN / pods.max(1)).clamp(FIRST, budget.runs.max(FIRST));
        }
    }
    // With runs alone nothing would be proven.
    limit::part("the simulated runs", 50, || sample.run(wanted, case.simulate));
    let runs = sample.share();
    found.witness.clone_from(&runs.witness);
    if found.witness.is_none() {
        let proof = limit::part("the search for a proof", 50, || certificate::find(case.lasting));
        found.certificate = proof.flatten().and_then(|proof| (case.check)(&proof));
    }
    if found.witness.is_none() && found.certificate.is_none() {
        exact(case, budget, &runs, &mut found);
    }
    let services = services(case, budget, &runs, proofs.as_mut());
    found.runs = Some(runs);
    verdict(case.packing, found, services, budget.runs)
}

/// The proof that every order places every pod.
fn every_order(
    case: &Case<'_>,
    budget: &Budget,
    proofs: Option<&mut Proofs<'_>>,
) -> Option<Guarantee> {
    let proofs = proofs?;
    let mut meter = Meter::new(budget.proof, case.stop);
    limit::part("the proof for every order", 50, || proofs.all(&mut meter))
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

fn verdict(
    packing: &Packing,
    mut found: Findings,
    services: BTreeMap<String, ServiceVerdict>,
    wanted: u32,
) -> Verdict {
    let (low, high) = found.runs.as_ref().map_or((0.0, 1.0), |runs| (runs.low, runs.high));
    let any = found.runs.as_ref().map_or(Ends { low: 0.0, high: 1.0 }, |runs| Ends {
        low: runs.any_order.low,
        high: runs.any_order.high,
    });
    let worst = found.runs.as_ref().map_or(0, |runs| runs.worst);
    // What a run has shown no proof makes undone.
    found.guarantee = found.guarantee.filter(|_| worst == 0);
    let proven = matches!(found.guarantee, Some(Guarantee::Proven { .. }));
    let at = |share: f64| Ends { low: share, high: share };
    let (verdict, share, any_order) = if found.certificate.is_some() {
        (Kind::Impossible, at(0.0), at(0.0))
    } else if proven {
        (Kind::Guaranteed, at(1.0), at(1.0))
    } else if found.witness.is_some() {
        (Kind::Possible, Ends { low, high }, any)
    } else {
        (Kind::Unknown, Ends { low: 0.0, high }, Ends { low: 0.0, ..any })
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
        any_order,
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
