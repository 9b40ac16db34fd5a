use super::*;
use crate::certificate::find;
use crate::checker::{check, translate};
use crate::model::{HostPort, Operator, Owner, PodTerm, Requirement, SpreadConstraint, Toleration};
use crate::pack::{Cause, Order};

/// Nodes `pi-1`, `pi-2`, ... of 1,000 thousandths of a core and 1,000 MiB.
pub(crate) fn nodes(count: usize) -> Vec<Node> {
    (1..=count)
        .map(|number| {
            let name = format!("pi-{number}");
            let amounts = Resources {
                cpu_milli: 1000,
                memory_bytes: 1000 << 20,
                pods: 110,
                ..Resources::default()
            };
            Node {
                labels: [("kubernetes.io/hostname".to_owned(), name.clone())].into(),
                name,
                allocatable: amounts.clone(),
                capacity: amounts,
                ..Node::default()
            }
        })
        .collect()
}

pub(crate) fn pods(name: &str, count: usize, cpu: u64, mib: u64) -> Vec<Pod> {
    (0..count)
        .map(|copy| Pod {
            namespace: "default".to_owned(),
            name: format!("{name}-{copy}"),
            service: name.to_owned(),
            labels: [("app".to_owned(), name.to_owned())].into(),
            requests: Resources {
                cpu_milli: cpu,
                memory_bytes: mib << 20,
                pods: 1,
                ..Resources::default()
            },
            ..Pod::default()
        })
        .collect()
}

fn app(name: &str) -> Vec<Requirement> {
    let values = vec![name.to_owned()];
    vec![Requirement { key: "app".to_owned(), operator: Operator::In, values }]
}

fn near(name: &str) -> PodTerm {
    PodTerm {
        namespaces: Vec::new(),
        namespace_selector: Some(Vec::new()),
        selector: Some(app(name)),
        topology_key: "kubernetes.io/hostname".to_owned(),
    }
}

fn spread(name: &str) -> SpreadConstraint {
    SpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        hard: true,
        selector: Some(app(name)),
        min_domains: None,
        honor_affinity: true,
        honor_taints: false,
    }
}

/// The certificate found and confirmed, as a sentence.
fn proof(problem: &Problem) -> String {
    let found = find(&compile(problem, true));
    let Some(found) = found else { return String::new() };
    let checked = check(&translate(problem, None), &found, 1000);
    assert_eq!(checked.as_ref(), Some(&found), "the checker disagrees with {found}");
    found.to_string()
}

#[test]
fn pods_that_differ_in_nothing_that_matters_are_one_class() {
    let mut all = pods("a", 3, 100, 100);
    all[1].labels.insert("statefulset.kubernetes.io/pod-name".to_owned(), "a-1".to_owned());
    let packing = compile(&Problem { nodes: nodes(2), pods: all.clone() }, false);
    assert_eq!(packing.classes.len(), 1);
    all[2].wave = 1;
    let packing = compile(&Problem { nodes: nodes(2), pods: all }, false);
    assert_eq!(packing.classes.len(), 2);
}

#[test]
fn taints_cordons_labels_and_volumes_decide_who_may_go_where() {
    let mut nodes = nodes(4);
    nodes[0].taints.push(Taint {
        key: "dedicated".to_owned(),
        value: "server".to_owned(),
        effect: Effect::NoSchedule,
    });
    nodes[1].unschedulable = true;
    let mut all = pods("a", 4, 1, 1);
    all[1].tolerations.push(Toleration { key: None, value: None, effect: None });
    all[2].node_selector.insert("kubernetes.io/hostname".to_owned(), "pi-3".to_owned());
    all[3].claims.push(crate::model::Claim {
        name: "data".to_owned(),
        bytes: 1,
        nodes: Some(vec!["pi-4".to_owned()]),
        ephemeral: false,
        anywhere: false,
        alone: false,
    });
    let packing = compile(&Problem { nodes, pods: all }, false);
    let eligible: Vec<&[bool]> = packing.classes.iter().map(|class| &class.eligible[..]).collect();
    assert_eq!(
        eligible,
        [
            &[false, false, true, true],
            &[true, true, true, true],
            &[false, false, true, false],
            &[false, false, false, true],
        ]
    );
}

#[test]
fn bound_pods_take_room_and_keep_others_away() {
    let mut all = pods("a", 2, 600, 10);
    all[0].node_name = Some("pi-1".to_owned());
    let problem = Problem { nodes: nodes(1), pods: all.clone() };
    assert_eq!(compile(&problem, false).nodes[0].room[0], 400);
    assert_eq!(
        proof(&problem),
        "default/a-1 is larger than every node it may go to: it needs 0.6 cores, and pi-1 has 0.4 cores"
    );
    all[0].requests.cpu_milli = 0;
    all[0].anti_affinity.required.push(near("a"));
    let problem = Problem { nodes: nodes(1), pods: all.clone() };
    assert_eq!(
        proof(&problem),
        "default/a-1 may not run on the only node: cordons, taints, labels, volumes or neighbours keep it off"
    );
    // A critical newcomer may push the bound one aside: no proof.
    all[1].priority = 2_000_000_000;
    assert_eq!(proof(&Problem { nodes: nodes(1), pods: all }), "");
}

#[test]
fn a_jobs_pod_ends_and_so_proves_nothing() {
    let mut all = pods("a", 3, 600, 10);
    all[2].owner = Owner::Job { name: "a".to_owned() };
    let problem = Problem { nodes: nodes(2), pods: all };
    assert_eq!(proof(&problem), "");
    assert!(find(&compile(&problem, false)).is_some());
}

#[test]
fn one_host_port_or_one_grudge_each_needs_a_node_each() {
    let mut all = pods("a", 3, 1, 1);
    for pod in &mut all {
        let (ip, protocol) = ("0.0.0.0".to_owned(), "TCP".to_owned());
        pod.host_ports.push(HostPort { ip, protocol, port: 443 });
    }
    let two = Problem { nodes: nodes(2), pods: all.clone() };
    assert!(proof(&two).ends_with("each takes the same port of its node"), "{}", proof(&two));
    for pod in &mut all {
        pod.host_ports.clear();
        pod.anti_affinity.required.push(near("a"));
    }
    let two = Problem { nodes: nodes(2), pods: all.clone() };
    assert!(proof(&two).ends_with("they exclude each other"));
    let packing = compile(&two, false);
    assert_eq!(packing.topologies.len(), 1, "a host name's domains are the nodes'");
    assert_eq!(packing.conflicts[0].cause, Cause::AntiAffinity);
    assert_eq!(proof(&Problem { nodes: nodes(3), pods: all }), "");
}

#[test]
fn a_tainted_server_that_counts_as_a_domain_stops_a_spread() {
    let mut nodes = nodes(3);
    nodes[0].taints.push(Taint {
        key: "dedicated".to_owned(),
        value: String::new(),
        effect: Effect::NoSchedule,
    });
    let mut all = pods("a", 3, 1, 1);
    for pod in &mut all {
        pod.spread.push(spread("a"));
    }
    let problem = Problem { nodes: nodes.clone(), pods: all.clone() };
    assert_eq!(
        proof(&problem),
        "3 pods like default/a-0 have only 2 places, 1 on pi-2 and 1 on pi-3: a domain that stays empty \
         limits the others"
    );
    for pod in &mut all {
        pod.spread[0].honor_taints = true;
    }
    assert_eq!(proof(&Problem { nodes, pods: all }), "");
}

#[test]
fn what_depends_on_the_order_is_left_to_runs() {
    let mut all = pods("a", 1, 1, 1);
    all.extend(pods("b", 1, 1, 1));
    all[0].affinity.required.push(near("b"));
    all[1].spread.push(spread("b"));
    let packing = compile(&Problem { nodes: nodes(2), pods: all }, false);
    assert!(matches!(packing.classes[0].order, Order::Bound(_)));
    assert_eq!(packing.classes[1].order, Order::Spread { topology: 0 });
}
