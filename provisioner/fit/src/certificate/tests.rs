use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Cap, Conflict, Meter};
use crate::search::{Outcome, search};

fn sentence(packing: &crate::pack::Packing) -> String {
    find(packing).map(|certificate| certificate.to_string()).unwrap_or_default()
}

#[test]
fn a_pod_larger_than_every_node_is_named_with_both_numbers() {
    let packing = packing(&[&[4000, 8 << 20], &[4000, 4 << 20]], vec![class(1, &[100, 9 << 20])]);
    assert_eq!(
        sentence(&packing),
        "default/0-0 is larger than every node it may go to: it needs 9 MiB memory and pi-1 has \
         8 MiB memory; it needs 9 MiB memory and pi-2 has 4 MiB memory"
    );
}

#[test]
fn a_pod_no_filter_accepts_is_not_called_too_large() {
    let mut packing = packing(&[&[4000]], vec![class(1, &[100])]);
    packing.classes[0].eligible = vec![false];
    assert_eq!(sentence(&packing), "default/0-0 is accepted by none of 1 node");
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
        "6 pods that can only go to pi-1, pi-2 need 210m cpu together, 200m cpu left there"
    );
}

#[test]
fn copies_above_half_a_node_need_a_node_each() {
    let packing = packing(&[&[100], &[100]], vec![class(3, &[51])]);
    assert_eq!(
        sentence(&packing),
        "3 pods like default/0-0 have 2 places (1 on pi-1, 1 on pi-2): a node holds only so many \
         of that size"
    );
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
        "3 pods no two of which share a node (default/1-0, default/2-0, default/0-0) have only 2 \
         nodes: pi-1, pi-2"
    );
}

#[test]
fn amounts_that_differ_never_look_alike() {
    assert_eq!(amount("memory", 5 << 20), "5 MiB memory");
    assert_eq!(amount("memory", (5 << 20) + 1024), "5121 KiB memory");
    assert_eq!(amount("memory", (5 << 20) + 1), "5242881 bytes memory");
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
    all[1].classes[0].eligible = vec![false];
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
