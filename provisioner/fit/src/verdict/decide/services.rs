//! The answer for each service among the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Budget, Case, Kind, ServiceVerdict};
use crate::certificate::{self, Certificate};
use crate::guarantee::Proofs;
use crate::limit;
use crate::pack::Meter;
use crate::share::Share;

pub(super) fn services(
    case: &Case<'_>,
    budget: &Budget,
    runs: &Share,
    mut proofs: Option<&mut Proofs<'_>>,
) -> BTreeMap<String, ServiceVerdict> {
    let mut meter = Meter::new(budget.proof, case.stop);
    let known = limit::stage("the judging of each service", || Known::new(case, runs));
    case.services
        .iter()
        .map(|(name, pods)| {
            let judged = || {
                let (known, proofs) = (known.as_ref()?, proofs.as_deref_mut()?);
                Some(service(case, name, pods, runs, known, proofs, &mut meter))
            };
            let judged = limit::stage("the judging of each service", judged).flatten();
            (name.clone(), judged.unwrap_or_else(|| ServiceVerdict::nothing(runs)))
        })
        .collect()
}

/// What is counted once for all services.
struct Known<'c> {
    /// The class of each pod, by the pod's place.
    class: BTreeMap<usize, usize>,
    /// Runs that left over a pod of the service.
    incomplete: BTreeMap<&'c str, u32>,
}

impl<'c> Known<'c> {
    fn new(case: &'c Case<'_>, runs: &Share) -> Self {
        let class = case.packing.classes_of();
        let services: BTreeMap<usize, &str> = case
            .services
            .iter()
            .inspect(|_| limit::check())
            .flat_map(|(name, pods)| pods.iter().map(|&pod| (pod, name.as_str())))
            .collect();
        let incomplete = runs.incomplete(|pod| services.get(&pod).copied());
        Self { class, incomplete }
    }
}

/// The answer for the pods of one service.
fn service(
    case: &Case<'_>,
    name: &str,
    pods: &[usize],
    runs: &Share,
    known: &Known<'_>,
    proofs: &mut Proofs<'_>,
    meter: &mut Meter<'_>,
) -> ServiceVerdict {
    limit::check();
    let all = runs.runs();
    let complete = all - known.incomplete.get(name).copied().unwrap_or_default().min(all);
    let certificate = if complete > 0 { None } else { alone(case, pods) };
    let classes: BTreeSet<usize> =
        pods.iter().filter_map(|pod| known.class.get(pod).copied()).collect();
    let verdict = if certificate.is_some() {
        Kind::Impossible
    } else if complete == all
        && classes.into_iter().all(|class| proofs.unblockable(class, meter).is_ok())
    {
        Kind::Guaranteed
    } else if complete > 0 {
        Kind::Possible
    } else {
        Kind::Unknown
    };
    ServiceVerdict { verdict, complete, runs: all, certificate }
}

/// The proof that they fit not even alone.
fn alone(case: &Case<'_>, pods: &[usize]) -> Option<Certificate> {
    let pods: BTreeSet<usize> = pods.iter().copied().collect();
    let proof = certificate::find(&case.lasting.only(|pod| pods.contains(&pod)))?;
    (case.check)(&proof)
}
