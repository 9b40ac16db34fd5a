use proptest::prelude::*;

use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Cause, Conflict, Meter};
use crate::search::{Outcome, search};

fn group(count: u64, demand: &[u64], nodes: usize) -> Group {
    Group { count, demand: demand.to_vec(), allowed: vec![true; nodes], apart: Vec::new() }
}

#[test]
fn what_only_a_full_packing_places_is_placed() {
    let groups = [6, 4, 7, 3].map(|size| group(1, &[size], 2));
    assert_eq!(recount(&[vec![10], vec![10]], &groups, 1000), Recount::Placed);
}

#[test]
fn what_cannot_be_placed_is_ruled_out_or_the_budget_is_said_to_be_spent() {
    let groups = [group(1, &[7], 2), group(2, &[6], 2)];
    let rooms = [vec![10], vec![10]];
    assert!(matches!(recount(&rooms, &groups, 1000), Recount::None(steps) if steps > 0));
    assert_eq!(recount(&rooms, &groups, 1), Recount::Spent);
}

proptest! {
    #[test]
    fn both_searches_agree(
        rooms in prop::collection::vec(prop::array::uniform2(5u64..25), 1..4),
        pods in prop::collection::vec(
            (1usize..4, prop::array::uniform2(0u64..9), prop::array::uniform3(any::<bool>())), 1..7),
        pairs in prop::collection::vec((0usize..6, 0usize..6), 0..4),
    ) {
        let slices: Vec<&[u64]> = rooms.iter().map(|room| &room[..]).collect();
        let classes: Vec<_> = pods.iter().map(|(count, demand, _)| class(*count, demand)).collect();
        let mut packing = packing(&slices, classes);
        let mut groups = Vec::new();
        for (class, (count, demand, eligible)) in packing.classes.iter_mut().zip(&pods) {
            class.eligible = (0..rooms.len()).map(|node| node == 0 || eligible[node]).collect();
            let mut group = group(*count as u64, demand, rooms.len());
            group.allowed.clone_from(&class.eligible);
            groups.push(group);
        }
        for (one, other) in pairs {
            let (one, other) = (one % pods.len(), other % pods.len());
            packing.conflicts.push(Conflict { one, other, topology: 0, cause: Cause::HostPort });
            groups[one].apart.push(other);
            groups[other].apart.push(one);
        }
        let rooms: Vec<Vec<u64>> = rooms.iter().map(|room| room.to_vec()).collect();
        let first = search(&packing, &mut Meter::new(1_000_000, None));
        let second = recount(&rooms, &groups, 10_000_000);
        prop_assert_eq!(matches!(first, Outcome::Found(_)), second == Recount::Placed);
        prop_assert!(second != Recount::Spent);
    }
}
