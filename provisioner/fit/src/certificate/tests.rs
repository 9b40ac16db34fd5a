use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Cap, Conflict, Meter, Tie, Tied};
use crate::search::{Outcome, search};

fn sentence(packing: &crate::pack::Packing) -> String {
    find(packing).map(|certificate| certificate.to_string()).unwrap_or_default()
}

#[test]
fn a_pod_larger_than_every_node_is_named_with_both_numbers() {
    let packing = packing(&[&[4000, 8 << 20], &[4000, 4 << 20]], vec![class(1, &[100, 9 << 20])]);
    assert_eq!(
        sentence(&packing),
        "default/0-0 is larger than every node it may go to: it needs 9 MiB of memory, and pi-1 \
         has 8 MiB and pi-2 has 4 MiB"
    );
}

#[test]
fn a_pod_no_filter_accepts_is_not_called_too_large() {
    let mut packing = packing(&[&[4000]], vec![class(1, &[100])]);
    packing.classes[0].eligible = vec![false];
    assert_eq!(
        sentence(&packing),
        "default/0-0 may not run on the only node: cordons, taints, labels, volumes or \
         neighbours keep it off"
    );
}

#[test]
fn pods_confined_to_some_nodes_are_counted_against_those() {
    let mut packing = packing(&[&[100], &[100], &[100]], vec![class(3, &[40]), class(3, &[30])]);
    assert_eq!(sentence(&packing), "");
    for class in &mut packing.classes {
        class.eligible[2] = false;
    }
    assert_eq!(
        sentence(&packing),
        "6 pods together need 0.21 cores; the nodes they may run on, pi-1 and pi-2, have 0.2 cores \
         left"
    );
}

#[test]
fn copies_above_half_a_node_need_a_node_each() {
    let packing = packing(&[&[100], &[100]], vec![class(3, &[51])]);
    assert_eq!(
        sentence(&packing),
        "3 pods like default/0-0 have only 2 places, 1 on pi-1 and 1 on pi-2: no node holds more \
         of that size"
    );
}

#[test]
fn pods_that_have_to_be_in_one_place_need_one_that_takes_all() {
    let mut packing = packing(&[&[100], &[100]], vec![class(2, &[50]), class(1, &[60])]);
    let tied = |classes: &[usize], tie| Tied { classes: classes.to_vec(), topology: 0, tie };
    packing.tied = vec![tied(&[0], Tie::Volume)];
    assert_eq!(sentence(&packing), "");
    packing.tied = vec![tied(&[0, 1], Tie::Volume)];
    let said = "default/0-0, default/0-1 and default/1-0 have to be on one node, where the volume \
                is that they share, and no node takes all of them";
    assert_eq!(sentence(&packing), said);
    // Enough room in sum, but not side by side.
    packing.classes[1].demand = vec![0];
    packing.tied = vec![tied(&[0], Tie::Affinity)];
    assert_eq!(sentence(&packing), "");
    let cause = Cause::AntiAffinity;
    packing.conflicts.push(Conflict { one: 0, other: 0, topology: 0, cause });
    assert!(sentence(&packing).contains("as they require each other"));
}

#[test]
fn copies_with_one_host_port_need_a_node_each() {
    let mut packing = packing(&[&[100], &[100]], vec![class(3, &[1])]);
    let cause = Cause::HostPort;
    packing.conflicts.push(Conflict { one: 0, other: 0, topology: 0, cause });
    assert!(sentence(&packing).ends_with("each takes the same port of its node"));
}

#[test]
fn a_domain_that_stays_empty_limits_the_others() {
    let mut packing = packing(&[&[100], &[100]], vec![class(3, &[1])]);
    packing.caps.push(Cap { class: 0, topology: 0, most: 1 });
    assert!(sentence(&packing).ends_with("a domain that stays empty limits the others"));
}

#[test]
fn different_large_pods_need_a_node_each() {
    let classes = vec![class(1, &[51, 1]), class(1, &[60, 1]), class(1, &[52, 1])];
    let packing = packing(&[&[100, 100], &[100, 100]], classes);
    assert_eq!(
        sentence(&packing),
        "no two of default/1-0, default/2-0 and default/0-0 can share a node, and they may run on \
         only 2 nodes: pi-1 and pi-2"
    );
}

#[test]
fn what_is_short_is_never_rounded_away() {
    for (dimension, needs, has, said) in [
        (
            "memory",
            5 << 20,
            (5 << 20) - 1,
            "need 5 MiB of memory; pi-1, the only node they may run on, has 4 MiB left",
        ),
        (
            "memory",
            (5 << 20) + 1,
            5 << 20,
            "need 6 MiB of memory; pi-1, the only node they may run on, has 5 MiB left",
        ),
        (
            "memory",
            5000,
            4999,
            "need 5 KiB of memory; pi-1, the only node they may run on, has 4 KiB left",
        ),
        ("cpu", 1500, 1000, "need 1.5 cores; pi-1, the only node they may run on, has 1 core left"),
        ("pods", 2, 1, "need 2 places; pi-1, the only node they may run on, has 1 place left"),
    ] {
        let (nodes, pods) = (vec!["pi-1".to_owned()], vec!["a".to_owned(), "b".to_owned()]);
        let dimension = dimension.to_owned();
        let certificate = Certificate::Confined { nodes, pods, dimension, needs, has };
        assert_eq!(certificate.to_string(), format!("2 pods together {said}"));
    }
}

#[test]
fn a_long_row_is_cut_and_says_by_how_much() {
    let names: Vec<String> = (1..=9).map(|number| format!("pi-{number}")).collect();
    let certificate = Certificate::Apart { pods: names[..2].to_vec(), nodes: names };
    let said = certificate.to_string();
    assert!(said.ends_with("9 nodes: pi-1, pi-2, pi-3, pi-4, pi-5, pi-6 and 3 more"), "{said}");
}

#[test]
fn the_documentation_shows_each_kind_as_it_is_printed() {
    let page = include_str!("../../../../docs/verdict/proofs.md");
    let quoted: String = page
        .split("\n\n")
        .filter(|part| part.starts_with("> "))
        .map(|part| part.replace("> ", "").replace('\n', " ") + "\n")
        .collect();
    let mut all = Vec::new();
    let mut add = |rooms: &[&[u64]], classes: Vec<crate::pack::Class>, first: &[&str]| {
        let mut packing = packing(rooms, classes);
        for (class, name) in packing.classes.iter().zip(first) {
            for (copy, &pod) in class.members.iter().enumerate() {
                packing.names[pod] = format!("default/{name}-{copy}");
            }
        }
        all.push(packing);
    };
    add(&[&[4000, 8 << 20], &[4000, 4 << 20]], vec![class(1, &[100, 9 << 20])], &["large"]);
    add(&[&[1]], vec![class(1, &[0])], &["lost"]);
    add(&[&[100][..]; 3], vec![class(3, &[40]), class(3, &[30])], &["a", "b"]);
    add(&[&[100][..]; 2], vec![class(3, &[51])], &["half"]);
    let three = vec![class(1, &[51, 1]), class(1, &[60, 1]), class(1, &[52, 1])];
    add(&[&[100, 100][..]; 2], three, &["a", "b", "c"]);
    add(&[&[100][..]; 2], vec![class(2, &[51])], &["web"]);
    all[1].classes[0].eligible = vec![false];
    all[5].tied.push(Tied { classes: vec![0], topology: 0, tie: Tie::Volume });
    all[2].classes.iter_mut().for_each(|class| class.eligible[2] = false);
    let mut sentences: Vec<String> = all.iter().map(sentence).collect();
    let packing = packing(&[&[10], &[10]], vec![class(1, &[7]), class(2, &[6])]);
    let Outcome::None { steps } = search(&packing, &mut Meter::new(1000, None)) else {
        panic!("7, 6 and 6 do not fit 10 and 10")
    };
    let claim = Certificate::Searched { pods: 3, nodes: 2, steps, again: 0 };
    let count = crate::checker::tests::count(&packing);
    sentences.push(crate::checker::check(&count, &claim, 1000).unwrap().to_string());
    assert_eq!(quoted.lines().collect::<Vec<_>>(), sentences);
}
