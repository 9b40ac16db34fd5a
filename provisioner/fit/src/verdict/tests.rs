use std::collections::BTreeMap;

use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Packing, within};

/// A scheduler that takes the first node with room, or the last by the tie.
fn run(packing: &Packing, order: &[usize], tie: u64) -> Vec<Option<usize>> {
    let mut room: Vec<Vec<u64>> = packing.nodes.iter().map(|node| node.room.clone()).collect();
    let mut placed = vec![None; packing.names.len()];
    for &pod in order {
        let class = packing.classes.iter().find(|class| class.members.contains(&pod)).unwrap();
        let mut open = (0..room.len()).filter(|&node| within(&class.demand, &room[node]));
        let node = if tie.is_multiple_of(2) { open.next() } else { open.next_back() };
        if let Some(node) = node {
            room[node].iter_mut().zip(&class.demand).for_each(|(room, demand)| *room -= demand);
        }
        placed[pod] = node;
    }
    placed
}

fn judged(packing: &Packing) -> Verdict {
    let services = packing.classes.iter().enumerate();
    let mut case = Case {
        packing,
        lasting: packing,
        order: (0..packing.names.len()).map(|pod| (pod, 0)).collect(),
        services: services.map(|(i, class)| (format!("s{i}"), class.members.clone())).collect(),
        simulate: &mut |order, tie| run(packing, order, tie),
        replay: &|_| true,
        check: &|proof| Some(proof.clone()),
        stop: None,
    };
    decide(&mut case, &Budget { runs: 100, ..Budget::default() })
}

#[test]
fn each_of_the_four_is_said_and_only_where_it_holds() {
    let roomy = judged(&packing(&[&[100], &[100]], vec![class(4, &[10])]));
    assert_eq!((roomy.verdict, roomy.word), (Kind::Guaranteed, Word::Fits));
    assert_eq!(roomy.placement.len(), 4);

    let over = judged(&packing(&[&[100], &[100]], vec![class(5, &[50])]));
    assert_eq!((over.verdict, over.word), (Kind::Impossible, Word::DoesNotFit));
    assert!(over.reason.starts_with("5 pods like default/0-0 have only 4 places"));
    assert!(over.placement.is_empty());
    assert_eq!((over.share.low, over.share.high), (0.0, 0.0));

    let sizes = [20, 20, 90, 70].map(|size| class(1, &[size])).to_vec();
    let tight = judged(&packing(&[&[110], &[90]], sizes));
    assert_eq!((tight.verdict, tight.word), (Kind::Possible, Word::Tight));
    // 20 + 20 on the smaller node leave no 70 anywhere once the 90 is on the larger.
    assert!(tight.left["default/3-0"] > tight.left.get("default/2-0").copied().unwrap_or(0));
    assert!(tight.reason.ends_with("default/3-0 is left over most often"), "{}", tight.reason);
}

#[test]
fn what_a_check_does_not_confirm_is_not_called_impossible() {
    let packing = packing(&[&[100]], vec![class(3, &[50])]);
    let mut case = Case {
        packing: &packing,
        lasting: &packing,
        order: vec![(0, 0), (1, 0), (2, 0)],
        services: BTreeMap::new(),
        simulate: &mut |order, tie| run(&packing, order, tie),
        replay: &|_| true,
        check: &|_| None,
        stop: None,
    };
    let verdict = decide(&mut case, &Budget { runs: 10, ..Budget::default() });
    assert_eq!((verdict.verdict, verdict.word), (Kind::Unknown, Word::Tight));
    assert_eq!(verdict.bounds, Some(Bounds { placed: 2, most: 3 }));
}

#[test]
fn a_service_is_judged_among_the_others() {
    let packing =
        packing(&[&[100], &[100]], vec![class(2, &[20]), class(1, &[90]), class(1, &[101])]);
    let verdict = judged(&packing);
    assert_eq!(verdict.verdict, Kind::Impossible);
    assert_eq!(verdict.services["s0"].verdict, Kind::Guaranteed);
    assert_eq!(verdict.services["s1"].verdict, Kind::Possible);
    assert_eq!(verdict.services["s2"].verdict, Kind::Impossible);
}

#[test]
fn equal_inputs_give_equal_bytes() {
    let packing = packing(&[&[100], &[90]], vec![class(3, &[30]), class(2, &[45])]);
    let bytes = || serde_json::to_string(&judged(&packing)).unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_verdict_that_changes_within_the_boards_bounds_is_possible() {
    let at = |room: u64| judged(&packing(&[&[room]], vec![class(2, &[50])]));
    assert_eq!(between(at(99), at(100)).verdict, Kind::Possible);
    assert_eq!(between(at(99), at(100)).word, Word::Tight);
    assert_eq!(between(at(98), at(99)).verdict, Kind::Impossible);
    assert_eq!(between(at(100), at(120)).verdict, Kind::Guaranteed);
    let across = between(at(99), at(100));
    assert_eq!((across.share.low, across.share.high), (0.0, 1.0));
    assert_eq!(across.services["s0"].verdict, Kind::Possible);
}
