//! Making it certain: which services to install before the others.

use std::collections::BTreeMap;

use super::Service;
use crate::guarantee::Guarantee;
use crate::limit;
use crate::model::Problem;

/// More steps than anybody installs in.
const STAGES: usize = 4;

/// Groups of services, each to be installed once the one before runs, so that
/// every order within a group places all; those not named come last. Nothing is
/// before what it needs, and nothing is named without need. None when no such
/// order was proven to help.
pub fn order(
    problem: &Problem,
    services: &[Service],
    prove: &mut dyn FnMut(&Problem) -> Guarantee,
) -> Option<Vec<Vec<String>>> {
    let service_of: BTreeMap<String, usize> = problem
        .pods
        .iter()
        .inspect(|_| limit::check())
        .filter_map(|pod| Some((pod.key(), services.iter().position(|s| s.name == pod.service)?)))
        .collect();
    // How many steps before the last each comes.
    let mut ahead = vec![0; services.len()];
    loop {
        match prove(&staged(problem, services, &ahead)) {
            Guarantee::Proven { .. } => break,
            Guarantee::Open { pod, .. } => {
                let blocked = *service_of.get(&pod)?;
                let sooner = ahead[blocked] + 1;
                if sooner >= STAGES {
                    return None;
                }
                raise(services, &mut ahead, blocked, sooner);
            }
        }
    }
    let mut proven = |ahead: &[usize]| {
        matches!(prove(&staged(problem, services, ahead)), Guarantee::Proven { .. })
    };
    for service in 0..services.len() {
        for later in 0..ahead[service] {
            let mut relaxed = ahead.clone();
            relaxed[service] = later;
            if in_order(services, &relaxed) && proven(&relaxed) {
                ahead = relaxed;
                break;
            }
        }
    }
    let group = |stage: usize| -> Vec<String> {
        let here =
            services.iter().zip(&ahead).filter(|(service, at)| **at == stage && !service.fixed);
        here.map(|(service, _)| service.name.clone()).collect()
    };
    Some((1..STAGES).rev().map(group).filter(|group| !group.is_empty()).collect())
}

/// Has a service come so much sooner, and what it needs no later.
fn raise(services: &[Service], ahead: &mut [usize], service: usize, to: usize) {
    if ahead[service] >= to {
        return;
    }
    ahead[service] = to;
    for needed in &services[service].depends {
        if let Some(place) = services.iter().position(|other| other.name == *needed) {
            raise(services, ahead, place, to);
        }
    }
}

/// Whether nothing is before what it needs.
fn in_order(services: &[Service], ahead: &[usize]) -> bool {
    services.iter().zip(ahead).all(|(service, at)| {
        limit::check();
        let needed = services.iter().zip(ahead).filter(|(o, _)| service.depends.contains(&o.name));
        needed.into_iter().all(|(_, before)| before >= at)
    })
}

/// The same pods in waves by stage; within one as they were.
fn staged(problem: &Problem, services: &[Service], ahead: &[usize]) -> Problem {
    let waves = problem.pods.iter().map(|pod| pod.wave).max().unwrap_or_default() + 1;
    let mut changed = problem.clone();
    for pod in &mut changed.pods {
        limit::check();
        let service = services.iter().position(|service| service.name == pod.service);
        // What must stay is there before all others.
        let stage = match service {
            Some(place) if !services[place].fixed => STAGES - ahead[place],
            _ => 0,
        };
        pod.wave += waves * u32::try_from(stage).unwrap_or(u32::MAX);
    }
    changed
}
