//! The best there is after a loss: whatever no volume and no host ties is placed
//! anew, survivors included. It takes somebody to do that: to drain what is in
//! the way and to delete the lost node, which frees its `StatefulSet`s.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fate, Loss, Placed, Return, beside, fates, schedules};
use crate::change::{Service, drop, packs};
use crate::limit;
use crate::pack::Packing;

/// What is left at best when `lost` goes: all survivors, and of the services
/// that lost a pod the most important, as many as there is room for, however
/// the others have to move. Each question for room may take so many steps.
/// `here` is what happens by itself, which nothing can better without a control
/// plane, and which stays the best when no more services survive otherwise.
pub fn best(
    packing: &Packing,
    placed: &[Placed],
    lost: usize,
    controls: &BTreeSet<usize>,
    services: &[Service],
    here: &Loss,
    steps: u64,
) -> Loss {
    if !schedules(controls, lost) {
        return here.clone();
    }
    let moves =
        |pod: &Placed| !pod.pinned && matches!(pod.comes_back, Return::Elsewhere | Return::Held);
    let stay = placed.iter().filter(|pod| pod.node != lost && !moves(pod));
    let rest = beside(packing, stay, lost);
    let back = |pod: &&Placed| pod.node == lost && moves(pod);
    let hit: Vec<Service> = services
        .iter()
        .inspect(|_| limit::check())
        .filter(|service| placed.iter().filter(back).any(|pod| pod.service == service.name))
        // One that is given up takes nobody with it here.
        .map(|service| Service { depends: Vec::new(), fixed: false, ..service.clone() })
        .collect();
    let keeps = |dropped: &BTreeSet<usize>, pod: &Placed| {
        pod.node != lost || !dropped.iter().any(|&place| hit[place].name == pod.service)
    };
    let dropped = drop(&hit, &mut |dropped: &BTreeSet<usize>| {
        let wanted: BTreeSet<usize> = placed
            .iter()
            .inspect(|_| limit::check())
            .filter(|pod| moves(pod) && keeps(dropped, pod))
            .map(|pod| pod.pod)
            .collect();
        packs(&rest.only(|pod| wanted.contains(&pod)), steps)
    });
    // With all of them given up the survivors stay where they are.
    let (gone, certain) = dropped.map_or_else(
        || (hit.iter().map(|service| service.name.clone()).collect(), false),
        |dropped| (dropped.services, dropped.smallest),
    );
    let up = |pod: &Placed| pod.node != lost || moves(pod) && !gone.contains(&pod.service);
    let services = fates(placed, lost, up, |_| false);
    if survivors(&services) > survivors(&here.services) {
        Loss { node: here.node.clone(), services, others: 0, certain }
    } else {
        Loss { certain, ..here.clone() }
    }
}

/// How many services survive, and how many in part.
fn survivors(services: &BTreeMap<String, Fate>) -> (usize, usize) {
    let count = |fate: Fate| services.values().filter(|other| **other == fate).count();
    (count(Fate::Survives), count(Fate::Degraded))
}
