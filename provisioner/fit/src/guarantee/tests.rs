use super::*;
use crate::pack::tests::{class, packing};

fn proven(packing: &Packing) -> bool {
    matches!(guarantee(packing, &mut Meter::new(1_000_000, None)), Guarantee::Proven { .. })
}

#[test]
fn pods_far_below_the_room_are_guaranteed() {
    let packing =
        packing(&[&[4000, 8000][..]; 3], vec![class(20, &[100, 300]), class(5, &[500, 800])]);
    assert!(proven(&packing));
}

#[test]
fn a_large_pod_that_small_ones_may_block_is_not_guaranteed() {
    // Ten pods of 30 spread over two nodes leave no hole of 90 although 100 + 100 hold all.
    let packing = packing(&[&[100], &[100]], vec![class(2, &[20]), class(1, &[90])]);
    let Guarantee::Open { pod, why } = guarantee(&packing, &mut Meter::new(1000, None)) else {
        panic!("two small pods, one on each node, leave 80 on both")
    };
    assert_eq!(pod, "default/1-0");
    assert_eq!(why, "the others might block it: pi-1 by cpu, pi-2 by cpu");
}

#[test]
fn pods_that_fill_the_nodes_exactly_are_guaranteed_as_what_stands_there_is_whole_pods() {
    assert!(proven(&packing(&[&[30][..]; 3], vec![class(9, &[10])])));
    assert!(!proven(&packing(&[&[30][..]; 3], vec![class(10, &[10])])));
    // Each node takes one of 20, whatever is left beside it.
    assert!(proven(&packing(&[&[30][..]; 3], vec![class(3, &[20])])));
    assert!(!proven(&packing(&[&[30][..]; 3], vec![class(3, &[20]), class(2, &[10])])));
}

#[test]
fn pods_of_later_waves_block_nothing() {
    let mut packing = packing(&[&[100], &[100]], vec![class(2, &[20]), class(1, &[90])]);
    packing.classes[0].wave = 1;
    // The small ones then find 10 + 100 left, which the large one never blocks.
    assert!(proven(&packing));
}

#[test]
fn replicas_that_exclude_each_other_are_guaranteed_a_node_each_and_no_more() {
    let mut packing = packing(&[&[100], &[100], &[100]], vec![class(3, &[10])]);
    packing.conflicts.push(crate::pack::Conflict {
        one: 0,
        other: 0,
        topology: 0,
        cause: crate::pack::Cause::AntiAffinity,
    });
    assert!(proven(&packing));
    packing.classes[0].members.push(3);
    packing.names.push("default/0-3".to_owned());
    assert!(!proven(&packing));
}

#[test]
fn a_spread_pod_must_fit_every_domain_that_may_be_the_emptiest() {
    let mut packing = packing(&[&[100], &[100]], vec![class(1, &[60]), class(1, &[50])]);
    assert!(proven(&packing));
    packing.classes[1].order = Order::Spread { topology: 0 };
    assert!(!proven(&packing));
}

mod props {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The proof against its definition: random arrival, random feasible node.
        #[test]
        fn what_is_guaranteed_no_random_order_can_break(
            rooms in prop::collection::vec(prop::array::uniform2(20u64..60), 1..4),
            pods in prop::collection::vec((1usize..4, prop::array::uniform2(1u64..20)), 1..6),
            seed in any::<u64>(),
        ) {
            let rooms: Vec<&[u64]> = rooms.iter().map(|room| &room[..]).collect();
            let classes = pods.iter().map(|(count, demand)| class(*count, demand)).collect();
            let packing = packing(&rooms, classes);
            prop_assume!(proven(&packing));
            let mut state = seed | 1;
            let mut next = |below: usize| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                usize::try_from(state >> 33).unwrap() % below
            };
            for _ in 0..50 {
                let mut room: Vec<Vec<u64>> =
                    packing.nodes.iter().map(|node| node.room.clone()).collect();
                let mut left: Vec<usize> = packing.classes.iter().enumerate()
                    .flat_map(|(class, pods)| vec![class; pods.members.len()]).collect();
                while !left.is_empty() {
                    let class = left.swap_remove(next(left.len()));
                    let demand = &packing.classes[class].demand;
                    let open: Vec<usize> = (0..room.len())
                        .filter(|&node| crate::pack::within(demand, &room[node])).collect();
                    prop_assert!(!open.is_empty());
                    let node = open[next(open.len())];
                    for (room, demand) in room[node].iter_mut().zip(demand) {
                        *room -= demand;
                    }
                }
            }
        }
    }
}
