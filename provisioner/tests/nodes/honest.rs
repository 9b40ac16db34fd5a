//! Nodes that do what they are told: the model against the product.

use crate::node::{Login, lock};
use crate::shell::Sudo;
use crate::world::World;

const TWO: [&str; 2] = ["pi-1", "pi-2"];

pub(crate) fn fresh_nodes_become_a_cluster_and_a_second_run_changes_nothing() {
    let world = World::new(&TWO);
    let ran = world.provision(&["--json"]);
    let changed = ran.succeeded().changed();
    for change in ["pi-1: reboot", "pi-1: k3s.start", "pi-2: k3s.token", "pi-2: k3s.ready"] {
        assert!(changed.iter().any(|found| found == change), "{change} is not in {changed:?}");
    }
    assert!(world.kubeconfig().is_file());
    let joined: Vec<String> = lock(&world.cluster).keys().cloned().collect();
    assert_eq!(joined, TWO);
    for node in &world.nodes {
        assert_eq!(node.model().unknown, [""; 0], "the model of {} lags behind", node.name);
        assert_eq!(node.model().boots, 1);
    }
    let again = world.provision(&["--json"]);
    assert_eq!(again.succeeded().changed(), [""; 0]);
}

pub(crate) fn a_node_that_wants_a_password_gets_it_and_it_is_nowhere_else() {
    const PASSWORD: &str = "correct horse battery";
    let mut world = World::new(&["pi-1"]);
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), PASSWORD.to_owned());
    let node = world.node("pi-1");
    node.manner().login = Login::Password(PASSWORD.to_owned());
    node.manner().sudo = Sudo::Password(PASSWORD.to_owned());
    let ran = world.provision(&[]);
    ran.succeeded().says("1 nodes Ready");
    assert!(node.passwords().iter().all(|tried| tried == PASSWORD));
    assert!(!ran.stdout.contains(PASSWORD) && !ran.stderr.contains(PASSWORD));
    assert!(node.calls().iter().all(|call| !call.script.contains(PASSWORD)));

    node.manner().sudo = Sudo::Password("another".to_owned());
    let refused = world.provision(&[]);
    refused.ended_with(4).says("sudo refused the password");
    assert!(!refused.stderr.contains(PASSWORD));
}

pub(crate) fn a_run_on_a_terminal_shows_the_same() {
    let world = World::new(&["pi-1"]);
    world.start_on_terminal(&[]).end().succeeded().says("1 nodes Ready");
}
