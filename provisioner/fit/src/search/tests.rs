use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Cause, Conflict};

fn run(packing: &Packing) -> Outcome {
    search(packing, &mut Meter::new(1_000_000, None))
}

#[test]
fn a_packing_greedy_orders_miss_is_found() {
    // 6+4, 5+5 and 7+3 fill three nodes to the last unit.
    let classes = [6, 4, 5, 5, 7, 3].map(|size| class(1, &[size])).to_vec();
    let Outcome::Found(nodes) = run(&packing(&[&[10], &[10], &[10]], classes)) else {
        panic!("a placement exists")
    };
    assert_eq!(nodes[0], nodes[1]);
    assert_eq!(nodes[4], nodes[5]);
}

#[test]
fn what_sums_allow_but_no_placement_does_is_ruled_out() {
    let outcome = run(&packing(&[&[10], &[10]], vec![class(1, &[7]), class(2, &[6])]));
    assert!(matches!(outcome, Outcome::None { .. }));
    let outcome = run(&packing(&[&[10], &[10], &[10]], vec![class(4, &[6])]));
    assert!(matches!(outcome, Outcome::None { .. }));
}

#[test]
fn excluded_pods_are_kept_apart() {
    let mut packing = packing(&[&[10], &[10]], vec![class(1, &[1]), class(1, &[1])]);
    packing.conflicts.push(Conflict { one: 0, other: 1, topology: 0, cause: Cause::HostPort });
    let Outcome::Found(nodes) = run(&packing) else { panic!("a placement exists") };
    assert_ne!(nodes[0], nodes[1]);
    packing.topologies[0] = vec![Some(0), Some(0)];
    assert!(matches!(run(&packing), Outcome::None { .. }));
}

#[test]
fn a_spent_budget_is_said_and_nothing_is_claimed() {
    let classes = (0..40).map(|size| class(1, &[100 + size])).collect();
    let packing = packing(&[&[1200], &[1200], &[1200], &[1190]], classes);
    let outcome = search(&packing, &mut Meter::new(20, None));
    assert!(matches!(outcome, Outcome::Spent { placed } if placed > 0));
}

pub(crate) mod props {
    use super::*;
    use proptest::prelude::*;

    /// All assignments, without any of the search's short cuts.
    fn by_hand(packing: &Packing) -> bool {
        let pods: Vec<usize> = packing
            .classes
            .iter()
            .enumerate()
            .flat_map(|(class, pods)| vec![class; pods.members.len()])
            .collect();
        let nodes = packing.nodes.len();
        (0..nodes.pow(u32::try_from(pods.len()).unwrap())).any(|mut code| {
            let mut room: Vec<Vec<u64>> = packing.nodes.iter().map(|n| n.room.clone()).collect();
            let mut at = Vec::new();
            for &class in &pods {
                let node = code % nodes;
                code /= nodes;
                let wanted = &packing.classes[class];
                let excluded = packing.conflicts.iter().any(|conflict| {
                    let domains = &packing.topologies[conflict.topology];
                    at.iter().any(|&(other, there): &(usize, usize)| {
                        let pair = (conflict.one, conflict.other);
                        (pair == (class, other) || pair == (other, class))
                            && domains[there].is_some()
                            && domains[there] == domains[node]
                    })
                });
                if excluded || !wanted.eligible[node] || !within(&wanted.demand, &room[node]) {
                    return false;
                }
                for (room, demand) in room[node].iter_mut().zip(&wanted.demand) {
                    *room -= demand;
                }
                at.push((class, node));
            }
            true
        })
    }

    pub(crate) fn any_packing() -> impl Strategy<Value = Packing> {
        let rooms = prop::collection::vec(prop::array::uniform2(5u64..20), 1..4);
        let pods = prop::collection::vec(
            (1usize..3, prop::array::uniform2(0u64..9), prop::array::uniform3(any::<bool>())),
            1..5,
        );
        let pairs = prop::collection::vec((0usize..4, 0usize..4, 0usize..2), 0..3);
        (rooms, pods, pairs, any::<bool>()).prop_map(|(rooms, pods, pairs, wide)| {
            let rooms: Vec<&[u64]> = rooms.iter().map(|room| &room[..]).collect();
            let classes = pods.iter().map(|(count, demand, _)| class(*count, demand)).collect();
            let mut packing = packing(&rooms, classes);
            for (class, (_, _, eligible)) in packing.classes.iter_mut().zip(&pods) {
                class.eligible = (0..rooms.len()).map(|node| node == 0 || eligible[node]).collect();
            }
            let domains = (0..rooms.len()).map(|node| if wide { Some(node / 2) } else { None });
            packing.topologies.push(domains.collect());
            for (one, other, topology) in pairs {
                let classes = packing.classes.len();
                let (one, other) = (one % classes, other % classes);
                packing.conflicts.push(Conflict { one, other, topology, cause: Cause::HostPort });
            }
            packing
        })
    }

    proptest! {
        #[test]
        fn the_search_agrees_with_trying_everything(packing in any_packing()) {
            match run(&packing) {
                Outcome::Found(_) => prop_assert!(by_hand(&packing)),
                Outcome::None { .. } => prop_assert!(!by_hand(&packing)),
                Outcome::Spent { .. } => prop_assert!(false, "so small a problem is decided"),
            }
        }

        #[test]
        fn a_certificate_is_found_only_where_nothing_fits(packing in any_packing()) {
            if crate::certificate::find(&packing).is_some() {
                prop_assert!(!by_hand(&packing));
            }
        }

        #[test]
        fn one_more_node_never_makes_it_worse(packing in any_packing(), room in 5u64..20) {
            let before = run(&packing);
            let mut more = packing;
            more.nodes.push(crate::pack::Bin { name: "pi-9".to_owned(), room: vec![room; 2] });
            for class in &mut more.classes {
                class.eligible.push(true);
            }
            for (topology, domains) in more.topologies.iter_mut().enumerate() {
                domains.push((topology == 0).then_some(99));
            }
            if matches!(before, Outcome::Found(_)) {
                prop_assert!(matches!(run(&more), Outcome::Found(_)));
            }
        }

        #[test]
        fn one_class_less_never_makes_it_worse(packing in any_packing()) {
            if matches!(run(&packing), Outcome::Found(_)) {
                let gone = packing.classes[0].members.clone();
                let less = packing.only(|pod| !gone.contains(&pod));
                prop_assert!(matches!(run(&less), Outcome::Found(_)));
            }
        }
    }
}
