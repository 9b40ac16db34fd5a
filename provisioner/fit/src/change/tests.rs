use super::*;

fn service(name: &str, priority: u32, memory: u64, depends: &[&str]) -> Service {
    Service {
        name: name.to_owned(),
        priority,
        depends: depends.iter().map(|&name| name.to_owned()).collect(),
        memory_bytes: memory,
        fixed: false,
    }
}

/// What is left must fit in so much memory.
fn room(services: &[Service], most: u64) -> impl FnMut(&BTreeSet<usize>) -> Option<bool> {
    move |dropped| {
        let kept = (0..services.len()).filter(|service| !dropped.contains(service));
        Some(kept.map(|service| services[service].memory_bytes).sum::<u64>() <= most)
    }
}

fn dropped(services: &[Service], most: u64) -> Option<Vec<String>> {
    drop(services, &mut room(services, most)).map(|dropped| dropped.services)
}

#[test]
fn nothing_is_dropped_from_what_fits() {
    let services = [service("a", 0, 5, &[])];
    assert_eq!(dropped(&services, 5), Some(vec![]));
}

#[test]
fn many_of_no_importance_go_before_one_of_some() {
    let services = [service("store", 2, 10, &[]), service("x", 0, 2, &[]), service("y", 0, 3, &[])];
    assert_eq!(dropped(&services, 10).unwrap(), ["x", "y"]);
    assert_eq!(dropped(&services, 12).unwrap(), ["y"]);
}

#[test]
fn what_needs_a_dropped_service_goes_with_it_and_is_counted() {
    // Dropping the store would take two with it; dropping the two large users is fewer.
    let services = [
        service("store", 0, 10, &[]),
        service("one", 0, 1, &["store"]),
        service("two", 0, 1, &["one"]),
        service("large", 0, 6, &[]),
        service("larger", 0, 7, &[]),
    ];
    assert_eq!(dropped(&services, 12).unwrap(), ["large", "larger"]);
    assert_eq!(dropped(&services, 11).unwrap(), ["two", "large", "larger"]);
}

#[test]
fn a_fixed_service_stays_and_so_may_leave_no_way_out() {
    let mut services = [service("a", 0, 5, &[]), service("b", 0, 5, &[])];
    services[0].fixed = true;
    assert_eq!(dropped(&services, 5).unwrap(), ["b"]);
    assert_eq!(dropped(&services, 4), None);
}

#[test]
fn an_undecided_question_is_not_taken_for_a_yes() {
    let services = [service("a", 0, 5, &[]), service("b", 0, 3, &[])];
    let mut fits = |dropped: &BTreeSet<usize>| match dropped.len() {
        0 => Some(false),
        1 => None,
        _ => Some(true),
    };
    let dropped = drop(&services, &mut fits).unwrap();
    assert_eq!(dropped, Dropped { services: vec!["a".into(), "b".into()], smallest: false });
}

#[test]
fn a_conflict_loses_its_conflict_with_any_one_left_out() {
    let services = [service("a", 0, 6, &[]), service("b", 0, 1, &[]), service("c", 0, 5, &[])];
    let conflict = conflict(&services, &mut room(&services, 10)).unwrap();
    assert_eq!(conflict, ["a", "c"]);
    assert_eq!(super::conflict(&services, &mut room(&services, 12)), None);
}

#[test]
fn the_largest_request_is_found_to_the_step() {
    let mut fits = |value: u64| Some(value <= 777);
    assert_eq!(largest(100, 10_000, 1, &mut fits), Some(777));
    assert_eq!(largest(100, 10_000, 100, &mut fits), Some(700));
    assert_eq!(largest(100, 500, 1, &mut fits), Some(500));
    assert_eq!(largest(800, 900, 1, &mut fits), None);
}

mod of_a_problem {
    use super::*;
    use crate::guarantee::{Guarantee, guarantee};
    use crate::model::Problem;
    use crate::pack::compile::tests::{nodes, pods};
    use crate::pack::{Meter, compile};

    const STEPS: u64 = 10_000;

    #[test]
    fn the_smallest_drop_of_a_real_problem_is_found() {
        let mut all = pods("store", 1, 100, 800);
        all.extend(pods("large", 1, 100, 700));
        all.extend(pods("small", 2, 100, 300));
        let problem = Problem { nodes: nodes(2), pods: all };
        let services: Vec<Service> =
            ["store", "large", "small"].map(|name| service(name, 0, 0, &[])).to_vec();
        let mut fits = |dropped: &BTreeSet<usize>| without(&problem, &services, dropped, STEPS);
        assert_eq!(fits(&BTreeSet::new()), Some(false), "2,100 MiB on 2,000");
        let dropped = drop(&services, &mut fits).unwrap();
        assert_eq!((dropped.services.len(), dropped.smallest), (1, true));
        assert_eq!(conflict(&services, &mut fits).unwrap().len(), 3);
    }

    #[test]
    fn a_request_may_grow_until_the_pods_no_longer_pack() {
        let mut all = pods("a", 2, 100, 100);
        all.extend(pods("b", 1, 100, 400));
        let problem = Problem { nodes: nodes(2), pods: all };
        // One beside 400 and one alone: 600 is the most for both.
        assert_eq!(largest_of(Dimension::Memory, &problem, "a", STEPS), Some(600 << 20));
        assert_eq!(largest_of(Dimension::Cpu, &problem, "a", STEPS), Some(900), "one beside 100");
        assert_eq!(largest_of(Dimension::Cpu, &problem, "nobody", STEPS), None);
    }

    #[test]
    fn boards_that_help_are_named_with_what_they_replace_and_by_price() {
        let problem = Problem { nodes: nodes(2), pods: pods("a", 3, 100, 900) };
        let candidate = |board: &str, mib: u64, price| {
            let mut node = nodes(3).remove(2);
            node.allocatable.memory_bytes = mib << 20;
            Candidate { board: board.to_owned(), node, price }
        };
        let candidates = [
            candidate("small", 500, Some(1)),
            candidate("same", 1000, Some(3)),
            candidate("double", 1800, Some(2)),
        ];
        let found = boards(&problem, &candidates, STEPS);
        let found: Vec<(&str, Option<&str>)> =
            found.iter().map(|b| (b.board.as_str(), b.replaces.as_deref())).collect();
        assert_eq!(
            found,
            [("double", None), ("double", Some("pi-1")), ("double", Some("pi-2")), ("same", None),]
        );
    }

    #[test]
    fn only_pods_that_can_get_in_each_others_way_are_tied() {
        let mut all = pods("small", 2, 100, 200);
        all.extend(pods("large", 1, 100, 900));
        all.extend(pods("tiny", 1, 100, 10));
        let packing = compile(&Problem { nodes: nodes(2), pods: all }, false);
        let placement = [(0, 0), (1, 0), (2, 1), (3, 1)];
        let pins = pins(&[packing], &placement, &mut Meter::new(100_000, None)).unwrap();
        // A loose small one could take the large one's node, and the large one
        // theirs; the tiny one fits beside any of them.
        assert_eq!(pins, placement[..3]);
    }

    /// A large pod that small ones can keep from every node.
    fn chancy() -> Problem {
        let mut all = pods("small", 2, 100, 200);
        all.extend(pods("large", 1, 100, 900));
        Problem { nodes: nodes(2), pods: all }
    }

    fn prove(problem: &Problem) -> Guarantee {
        guarantee(&compile(problem, false), &mut Meter::new(100_000, None))
    }

    fn certain(problem: &Problem) -> bool {
        matches!(prove(problem), Guarantee::Proven { .. })
    }

    #[test]
    fn the_least_cut_that_makes_it_certain_is_named() {
        let problem = chancy();
        assert!(!certain(&problem));
        let services = ["large", "small"].map(str::to_owned);
        // 900 less 12 in a hundred fits beside a small one; these would be halved.
        let found = cuts(&problem, &services, &mut certain).unwrap();
        assert_eq!(found, [("large".to_owned(), 792 << 20)]);
        let found = cuts(&problem, &services[1..], &mut certain).unwrap();
        assert_eq!(found, [("small".to_owned(), 100 << 20)]);
        assert_eq!(cuts(&problem, &[], &mut certain), None);
    }

    #[test]
    fn two_are_cut_where_one_is_not_enough() {
        let mut all = pods("one", 1, 100, 800);
        all.extend(pods("other", 1, 100, 800));
        all.extend(pods("small", 1, 100, 400));
        let problem = Problem { nodes: nodes(2), pods: all };
        let services = ["one", "other"].map(str::to_owned);
        let found = cuts(&problem, &services, &mut certain).unwrap();
        // Of a node of 1000 a small one leaves 600.
        assert_eq!(found, [("one".to_owned(), 600 << 20), ("other".to_owned(), 600 << 20)]);
    }

    #[test]
    fn what_is_to_be_installed_first_comes_with_what_it_needs_and_nothing_else() {
        let mut problem = chancy();
        problem.pods.extend(pods("store", 1, 100, 50));
        problem.pods.extend(pods("tiny", 1, 100, 10));
        let order = |needs: &[&str]| {
            let services = [
                service("small", 0, 0, &[]),
                service("large", 0, 0, needs),
                service("store", 0, 0, &[]),
                service("tiny", 0, 0, &[]),
            ];
            order(&problem, &services, &mut prove)
        };
        assert_eq!(order(&[]).unwrap(), [["large"]]);
        assert_eq!(order(&["store"]).unwrap(), [["large", "store"]]);
        // Before what it needs it cannot be.
        assert_eq!(order(&["small"]), None);
    }
}
