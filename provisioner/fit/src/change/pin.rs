//! Making it certain: pods tied to the nodes a placement gives them.

use std::collections::BTreeMap;

use crate::guarantee::{Guarantee, guarantee};
use crate::limit;
use crate::pack::{Class, Meter, Packing};

/// Pods, by their places, to tie to nodes so that every order of arrival
/// places everything in each of the packings, which are of the same pods: a set
/// none of which can be left out. None when even tying all of them is not proven
/// to help.
pub fn pins(
    packings: &[Packing],
    placement: &[(usize, usize)],
    meter: &mut Meter<'_>,
) -> Option<Vec<(usize, usize)>> {
    let packing = packings.first()?;
    let mut pins: BTreeMap<usize, usize> = placement.iter().copied().collect();
    let mut certain = |pins: &BTreeMap<usize, usize>| {
        packings.iter().all(|packing| {
            matches!(guarantee(&pinned(packing, pins), meter), Guarantee::Proven { .. })
        })
    };
    if !certain(&pins) {
        return None;
    }
    // The smallest first: the large ones are what ties are for.
    let mut pods: Vec<usize> = pins.keys().copied().collect();
    pods.sort_by_cached_key(|pod| {
        limit::check();
        let class = packing.classes.iter().position(|class| class.members.contains(pod));
        (class.map(|class| crate::search::weight(packing, class)), *pod)
    });
    for pod in pods {
        let Some(node) = pins.remove(&pod) else { continue };
        if !certain(&pins) {
            pins.insert(pod, node);
        }
    }
    Some(pins.into_iter().collect())
}

/// The packing with pods tied to nodes.
fn pinned(packing: &Packing, pins: &BTreeMap<usize, usize>) -> Packing {
    let mut pinned = Packing {
        classes: Vec::new(),
        conflicts: Vec::new(),
        caps: Vec::new(),
        tied: Vec::new(),
        ..packing.clone()
    };
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); packing.classes.len()];
    for (index, class) in packing.classes.iter().enumerate() {
        let mut by_node: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for &pod in &class.members {
            limit::check();
            by_node.entry(pins.get(&pod).copied()).or_default().push(pod);
        }
        for (pin, members) in by_node {
            let mut eligible = class.eligible.clone();
            if let Some(pin) = pin {
                for (node, eligible) in eligible.iter_mut().enumerate() {
                    *eligible &= node == pin;
                }
            }
            parts[index].push(pinned.classes.len());
            pinned.classes.push(Class { members, eligible, ..class.clone() });
        }
    }
    for conflict in &packing.conflicts {
        for &one in &parts[conflict.one] {
            for &other in &parts[conflict.other] {
                limit::check();
                pinned.conflicts.push(crate::pack::Conflict { one, other, ..conflict.clone() });
            }
        }
    }
    for cap in &packing.caps {
        pinned.caps.extend(
            parts[cap.class].iter().map(|&class| crate::pack::Cap { class, ..cap.clone() }),
        );
    }
    for group in &packing.tied {
        let classes = group.classes.iter().flat_map(|&class| parts[class].clone()).collect();
        pinned.tied.push(crate::pack::Tied { classes, ..group.clone() });
    }
    pinned
}
