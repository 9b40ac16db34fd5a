//! What is planned for Kubernetes on one node.

use terrarium_k3s::nodes::KubeNode;

use super::*;
use crate::fixture::{TOKEN, apply, context, facts, node};
use crate::{AgentSecret, Cluster, Facts};

fn planned(name: &str, own: &Facts, server: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    context(own, |context| {
        changes = plan(&node(name), &Context { server: Some(server), ..*context });
    });
    changes
}

fn ids(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.id.as_str()).collect()
}

fn cluster(names: &[&str]) -> Cluster {
    let labels: BTreeMap<_, _> = [("terrarium/board", "pi5-8gb"), ("terrarium/cpu", "armv8.2-a")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let nodes = names.iter().map(|name| KubeNode {
        name: (*name).to_owned(),
        ready: true,
        labels: labels.clone(),
        ..KubeNode::default()
    });
    Cluster { nodes: nodes.collect(), ..Cluster::default() }
}

/// A server that runs, with a token for agent nodes.
fn server() -> Facts {
    Facts {
        cluster: Some(cluster(&["pi-1", "pi-2"])),
        agent_secret: Some(AgentSecret::InForce),
        token_sha256: Some(TOKEN.to_owned()),
        ..facts()
    }
}

#[test]
fn a_fresh_server_starts_at_once_and_a_fresh_worker_waits_for_it() {
    let facts = Facts { agent_secret: Some(AgentSecret::Missing), ..facts() };
    let server = planned("pi-1", &facts, &facts);
    assert_eq!(
        ids(&server),
        [
            "k3s.binary",
            "k3s.agent-token",
            "k3s.config",
            "k3s.unit",
            "k3s.cluster",
            "k3s.start",
            "k3s.ready",
            "k3s.labels"
        ]
    );
    assert!(server.iter().all(|change| change.after.is_none()));
    let worker = planned("pi-2", &facts, &facts);
    assert_eq!(
        ids(&worker),
        [
            "k3s.binary",
            "k3s.config",
            "k3s.unit",
            "k3s.cluster",
            "k3s.token",
            "k3s.start",
            "k3s.ready",
            "k3s.labels"
        ]
    );
    let waits: Vec<bool> = worker.iter().map(|change| change.after.is_some()).collect();
    assert_eq!(
        waits,
        [false, false, false, false, true, true, true, true],
        "everything before the token overlaps the server's start"
    );
}

#[test]
fn a_converged_node_needs_nothing() {
    for name in ["pi-1", "pi-2"] {
        let mut facts = server();
        let changes = planned(name, &facts, &facts.clone());
        apply(&mut facts, &changes);
        assert_eq!(ids(&planned(name, &facts, &facts)), [""; 0], "{name}");
    }
}

#[test]
fn no_secret_is_in_a_plan() {
    let facts = Facts { agent_secret: Some(AgentSecret::Missing), ..facts() };
    for name in ["pi-1", "pi-2"] {
        let json = serde_json::to_string(&planned(name, &facts, &facts)).unwrap();
        assert!(!json.contains("K10"), "{json}");
        assert_eq!(json.contains("join-token"), name == "pi-2", "{json}");
    }
}

#[test]
fn labels_are_set_through_the_api_and_do_not_restart_k3s() {
    let mut own = server();
    let mut changes = planned("pi-1", &own, &own.clone());
    apply(&mut own, &changes);
    let mut labelled = node("pi-1");
    labelled.labels.insert("shelf".to_owned(), "top".to_owned());
    context(&own, |context| changes = plan(&labelled, context));
    assert_eq!(ids(&changes), ["k3s.labels"]);
}

/// Files are there as they should be, and what runs is not of them; or the other
/// way round.
#[test]
fn what_runs_is_judged_by_itself_and_not_by_its_files() {
    type Spoil = fn(&mut Facts);
    let cases: [(&str, Spoil, &[&str]); 9] = [
        (
            "it does not run",
            |f| {
                f.units.remove("k3s.service");
            },
            &["k3s.start"],
        ),
        (
            "it failed",
            |f| f.units.get_mut("k3s.service").unwrap().active = "failed".into(),
            &["k3s.start"],
        ),
        (
            "it runs with another configuration",
            |f| {
                f.units.get_mut("k3s.service").unwrap().generation = Some("0".repeat(64));
            },
            &["k3s.start"],
        ),
        (
            "it was started by hand",
            |f| f.units.get_mut("k3s.service").unwrap().generation = None,
            &["k3s.start"],
        ),
        (
            "systemd has not read the unit",
            |f| f.units.get_mut("k3s.service").unwrap().needs_reload = true,
            &["k3s.start"],
        ),
        (
            "it is masked",
            |f| f.units.get_mut("k3s.service").unwrap().enabled = "masked".into(),
            &["k3s.start"],
        ),
        (
            "it would not start at boot",
            |f| f.units.get_mut("k3s.service").unwrap().enabled = "disabled".into(),
            &["k3s.start"],
        ),
        (
            "it runs, its unit is gone",
            |f| {
                f.files.remove("/etc/systemd/system/k3s.service");
            },
            &["k3s.unit"],
        ),
        (
            "it runs, its configuration is open to all",
            |f| {
                f.files.get_mut("/etc/rancher/k3s/config.yaml").unwrap().mode = "644".into();
            },
            &["k3s.config"],
        ),
    ];
    for (what, spoil, expected) in cases {
        let mut facts = server();
        let changes = planned("pi-1", &facts, &facts.clone());
        apply(&mut facts, &changes);
        spoil(&mut facts);
        assert_eq!(ids(&planned("pi-1", &facts, &facts.clone())), expected, "{what}");
    }
}
