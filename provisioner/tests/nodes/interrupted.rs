//! Ctrl-C and requests to end, at every command a run sends to a node.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use crate::node::{Do, Node};
use crate::run::Running;
use crate::world::World;

/// A person waits for no more than a second; the machine may be busy.
const SOON: Duration = Duration::from_secs(3);
const SIGNALS: [&str; 3] = ["INT", "TERM", "HUP"];

fn ends(run: Running, signal: &str, stage: &str) {
    run.signal(signal);
    let ran = run.end_within(SOON);
    assert_eq!(ran.code, Some(130), "{stage}, {signal}: {}", ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("error: interrupted hint: run the same command again"), "{said}");
}

/// Waits until the node was asked this.
fn asked(node: &Node, what: &str) {
    while node.calls().iter().all(|call| call.what != what) {
        std::thread::yield_now();
    }
}

/// The steps a first run and these arguments take on a node.
fn steps(prepared: bool, args: &[&str]) -> BTreeSet<String> {
    let world = World::new(&["pi-1"]);
    if prepared {
        world.provision(&[]).succeeded();
        world.node("pi-1").forget();
    }
    world.provision(args);
    world.node("pi-1").calls().into_iter().map(|call| call.what).collect()
}

fn each_step(prepared: bool, args: &[&str]) {
    let steps = steps(prepared, args);
    assert!(!steps.is_empty(), "{args:?}");
    for (step, signal) in steps.into_iter().zip(SIGNALS.into_iter().cycle()) {
        let world = World::new(&["pi-1"]);
        let node = world.node("pi-1");
        if prepared {
            world.provision(&[]).succeeded();
            node.forget();
        }
        let hung = step.clone();
        node.hook(move |call| (call.what == hung).then_some(Do::Hang));
        let run = world.start(args);
        asked(node, &step);
        ends(run, signal, &format!("{args:?} at `{step}`"));
    }
}

pub(crate) fn a_signal_is_heard_at_every_step_of_a_first_run() {
    each_step(false, &[]);
}

pub(crate) fn a_signal_is_heard_at_every_step_of_the_commands_that_look() {
    each_step(true, &["status"]);
    each_step(true, &["plan"]);
    each_step(true, &["credentials"]);
}

pub(crate) fn a_signal_is_heard_while_a_node_restarts() {
    for signal in SIGNALS {
        let world = World::new(&["pi-1"]);
        let node = world.node("pi-1");
        node.hook(|call| (call.what == "reboot").then_some(Do::Vanish));
        let run = world.start(&[]);
        asked(node, "reboot");
        ends(run, signal, "the restart of a node");
    }
}

pub(crate) fn a_signal_is_heard_while_nothing_answers_at_the_port() {
    let commands: [&[&str]; 6] =
        [&[], &["status"], &["report"], &["verify"], &["fit"], &["credentials"]];
    for (args, signal) in commands.into_iter().zip(SIGNALS.into_iter().cycle()) {
        let world = World::new(&["pi-1"]);
        let silent = TcpListener::bind("10.127.255.254:22").unwrap();
        let inventory = std::fs::read_to_string(world.inventory_path()).unwrap();
        let address = world.node("pi-1").address.to_string();
        let inventory = inventory.replace(&address, "10.127.255.254");
        std::fs::write(world.inventory_path(), inventory).unwrap();
        let run = world.start(args);
        // It is called, and says nothing.
        let called = silent.accept().unwrap();
        ends(run, signal, &format!("{args:?} at the greeting of a node"));
        drop(called);
    }
}
