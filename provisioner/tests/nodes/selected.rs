//! Runs on some of the nodes: `--without-node` and `--only`.

use crate::world::World;

const QUICK: [&str; 2] = ["--patience", "0.05"];

fn with(words: &[&'static str]) -> Vec<&'static str> {
    [words, &QUICK].concat()
}

fn three() -> World {
    World::new(&["pi-1", "pi-2", "pi-3"])
}

pub(crate) fn a_node_that_is_off_is_left_out_when_that_is_said_and_nothing_fails() {
    let world = three();
    world.provision(&[]).succeeded();
    world.node("pi-3").down(true);
    let ran = world.provision(&QUICK);
    ran.ended_with(3).says("`--without-node pi-3` goes on without it");
    world.node("pi-3").forget();

    world.node("pi-2").model().files.remove("/etc/rancher/k3s/config.yaml");
    let ran = world.provision(&with(&["--without-node", "pi-3"]));
    ran.succeeded().says("is left out of this run").says("2 nodes Ready");
    world.provision(&with(&["plan", "--without-node", "pi-3", "--exit-code"])).succeeded();
    let status = world.provision(&with(&["status", "--without-node", "pi-3"]));
    status.succeeded();
    assert!(!status.stdout.lines().any(|line| line.starts_with("pi-3")), "{}", status.stdout);
    assert!(world.node("pi-3").calls().is_empty());

    world.node("pi-3").down(false);
    world.provision(&[]).succeeded().says("Nothing to do: 3 nodes");
}

pub(crate) fn one_node_alone_is_set_up_and_no_other_is_changed() {
    let world = three();
    world.provision(&["--only", "pi-1"]).succeeded().says("Done");
    assert!(world.node("pi-3").calls().is_empty());
    // What the server lacks is not this run's matter.
    world.node("pi-1").model().files.remove("/etc/rancher/k3s/config.yaml");
    let before = world.node("pi-1").calls().len();
    let ran = world.provision(&["--only", "pi-2", "--json"]);
    ran.succeeded();
    assert!(ran.changed().iter().all(|change| change.starts_with("pi-2")), "{:?}", ran.changed());
    assert!(!ran.changed().is_empty());
    let server = world.node("pi-1").calls();
    let written = server[before..].iter().find(|call| call.what.starts_with("write "));
    assert!(written.is_none(), "{written:?}");
    assert!(world.node("pi-3").calls().is_empty());
    // What is still to be done is done by a whole run.
    let ran = world.provision(&["--json"]);
    ran.succeeded();
    assert!(ran.changed().iter().any(|change| change.starts_with("pi-3")), "{:?}", ran.changed());
}

pub(crate) fn a_selection_that_makes_no_sense_is_refused_before_any_node_is_asked() {
    let world = three();
    for (words, says) in [
        (&["--without-node", "pi-9"][..], "its nodes are pi-1, pi-2, pi-3"),
        (&["--without-node", "pi-1"], "`pi-1` is the server"),
        (&["--only", "pi-2", "--without-node", "pi-3"], "cannot be used with"),
        (&["--only", "pi-2", "verify"], "`--only` is about the nodes of a run"),
        (&["plan", "--only", "pi-9"], "no node `pi-9` in the inventory"),
    ] {
        world.provision(words).ended_with(2).says(says);
    }
    for node in ["pi-1", "pi-2", "pi-3"] {
        assert!(world.node(node).calls().is_empty());
    }
}
