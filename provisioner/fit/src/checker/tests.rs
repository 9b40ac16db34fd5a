use super::*;
use crate::certificate::find;
use crate::pack::Packing;
use crate::pack::tests::{class, packing};

/// The same facts pod by pod.
pub(crate) fn count(packing: &Packing) -> Count {
    let mut pods: Vec<(usize, Counted)> = Vec::new();
    for class in &packing.classes {
        for &member in &class.members {
            let name = packing.names[member].clone();
            let (demand, welcome) = (class.demand.clone(), class.eligible.clone());
            pods.push((member, Counted { name, demand, welcome }));
        }
    }
    pods.sort_by_key(|(member, _)| *member);
    let members = |class: usize| packing.classes[class].members.clone();
    let mut apart = Vec::new();
    for conflict in &packing.conflicts {
        for one in members(conflict.one) {
            for other in members(conflict.other) {
                let domains = packing.topologies[conflict.topology].clone();
                if one != other {
                    apart.push(Apart { one, other, domains });
                }
            }
        }
    }
    let limits = packing.caps.iter().map(|cap| Limit {
        pods: members(cap.class).into_iter().collect(),
        domains: packing.topologies[cap.topology].clone(),
        most: cap.most,
    });
    Count {
        dimensions: packing.dimensions.clone(),
        nodes: packing.nodes.iter().map(|node| (node.name.clone(), node.room.clone())).collect(),
        pods: pods.into_iter().map(|(_, pod)| pod).collect(),
        apart,
        limits: limits.collect(),
        together: Vec::new(),
    }
}

#[test]
fn a_certificate_with_any_number_changed_does_not_pass() {
    let packing = packing(&[&[100], &[100]], vec![class(3, &[40]), class(3, &[30])]);
    let count = count(&packing);
    let Some(Certificate::Confined { nodes, pods, dimension, needs, has }) = find(&packing) else {
        panic!("the sums exceed the nodes")
    };
    let with = |nodes: &[String], pods: &[String], needs, has| {
        let (nodes, pods, dimension) = (nodes.to_vec(), pods.to_vec(), dimension.clone());
        check(&count, &Certificate::Confined { nodes, pods, dimension, needs, has }, 0).is_some()
    };
    assert!(with(&nodes, &pods, needs, has));
    assert!(!with(&nodes, &pods, needs + 1, has));
    assert!(!with(&nodes, &pods, needs, has - 1));
    assert!(!with(&nodes[..1], &pods, needs, has));
    assert!(!with(&nodes, &pods[1..], needs, has));
    let twice: Vec<String> = pods.iter().chain(&pods[..1]).cloned().collect();
    assert!(!with(&nodes, &twice, needs + 40, has));
}

#[test]
fn a_pod_that_fits_a_node_is_not_accepted_as_too_large() {
    let packing = packing(&[&[100], &[10]], vec![class(1, &[40])]);
    let short = Short { node: "pi-2".into(), dimension: "cpu".into(), needs: 40, has: 10 };
    let claim = Certificate::TooLarge { pod: "default/0-0".into(), short: vec![short] };
    assert_eq!(check(&count(&packing), &claim, 0), None);
}

#[test]
fn an_exhausted_search_passes_only_if_the_second_agrees() {
    let claim = |pods, steps| {
        let packing = packing(&[&[10], &[10]], vec![class(1, &[7]), class(pods - 1, &[6])]);
        let claim = Certificate::Searched { pods, nodes: 2, steps: 9, again: 0 };
        check(&count(&packing), &claim, steps)
    };
    assert!(matches!(claim(3, 1000), Some(Certificate::Searched { again, .. }) if again > 0));
    assert_eq!(claim(2, 1000), None, "7 and 6 have a node each");
    assert_eq!(claim(3, 1), None, "an unfinished search confirms nothing");
}

mod props {
    use super::*;
    use crate::pack::Meter;
    use crate::search::tests::props::any_packing;
    use crate::search::{Outcome, search};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_certificate_passes(packing in any_packing()) {
            if let Some(certificate) = find(&packing) {
                prop_assert_eq!(check(&count(&packing), &certificate, 0), Some(certificate));
            }
        }

        #[test]
        fn no_exhausted_search_passes_where_a_placement_exists(packing in any_packing()) {
            if let Outcome::Found(_) = search(&packing, &mut Meter::new(1_000_000, None)) {
                let (pods, nodes) = (packing.pods(), packing.nodes.len());
                let claim = Certificate::Searched { pods, nodes, steps: 1, again: 0 };
                prop_assert_eq!(check(&count(&packing), &claim, 1_000_000), None);
            }
        }
    }
}
