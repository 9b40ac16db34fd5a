//! Small packings, for the tests of what works on them.

use super::*;

/// So many pods, each asking for so much, welcome everywhere.
pub(crate) fn class(count: usize, demand: &[u64]) -> Class {
    Class {
        members: vec![0; count],
        demand: demand.to_vec(),
        eligible: Vec::new(),
        wave: 0,
        order: Order::Free,
    }
}

/// Nodes `pi-1`, `pi-2`, ... with such rooms in CPU and memory, and the
/// classes' pods `default/CLASS-MEMBER`.
pub(crate) fn packing(rooms: &[&[u64]], mut classes: Vec<Class>) -> Packing {
    let mut names = Vec::new();
    for (index, class) in classes.iter_mut().enumerate() {
        class.eligible = vec![true; rooms.len()];
        for (copy, member) in class.members.iter_mut().enumerate() {
            *member = names.len();
            names.push(format!("default/{index}-{copy}"));
        }
    }
    let dimensions = ["cpu", "memory"].into_iter().take(rooms.first().map_or(0, |r| r.len()));
    Packing {
        dimensions: dimensions.map(str::to_owned).collect(),
        names,
        nodes: rooms
            .iter()
            .enumerate()
            .map(|(node, room)| Bin { name: format!("pi-{}", node + 1), room: room.to_vec() })
            .collect(),
        classes,
        topologies: vec![(0..rooms.len()).map(Some).collect()],
        conflicts: Vec::new(),
        caps: Vec::new(),
        tied: Vec::new(),
    }
}
