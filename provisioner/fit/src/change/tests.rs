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
