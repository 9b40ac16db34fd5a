//! Nodes that do not do what they are told, one manner after another: that a
//! made-up node can be told to behave so, and what `provision` makes of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::model::Reply;
use crate::node::{Do, Login};
use crate::shell::Sudo;
use crate::world::World;

/// Waits are a twentieth of what they are for a Pi.
const QUICK: [&str; 2] = ["--patience", "0.05"];

pub(crate) fn a_probe_with_nonsense_in_it_is_told_with_the_value_and_the_key() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.node("pi-2").model().facts.insert("bits".to_owned(), "many".to_owned());
    world.node("pi-1").hook(|call| match call.what.as_str() {
        "probe" => Some(Do::Twist(Box::new(|reply| Reply::said(&reply.stdout[..40])))),
        _ => None,
    });
    let ran = world.provision(&QUICK);
    ran.ended_with(4).says("the probe's reply is cut off").says("`many` for `bits`");

    world.node("pi-1").behave();
    world.node("pi-2").model().facts.clear();
    world.provision(&QUICK).succeeded();
}

pub(crate) fn a_connection_that_ends_before_or_after_a_command_is_taken_up_again() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    let cuts = AtomicUsize::new(0);
    node.hook(move |call| match call.what.as_str() {
        "write /etc/hosts" if cuts.fetch_add(1, Ordering::Relaxed) == 0 => Some(Do::Cut),
        "write /etc/rancher/k3s/config.yaml" if cuts.fetch_add(1, Ordering::Relaxed) == 2 => {
            Some(Do::CutAfter)
        }
        _ => None,
    });
    let ran = world.provision(&QUICK);
    ran.succeeded().says("connection: lost: ").says("connection: there again after ");
    node.forget();
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
    assert!(node.calls().iter().any(|call| call.what == "probe" && call.number == 2));
}

pub(crate) fn a_command_that_fails_is_told_in_the_nodes_words() {
    let world = World::new(&["pi-1"]);
    world.node("pi-1").hook(|call| match call.what.as_str() {
        "write /etc/hosts" => Some(Do::Say(Reply::failed(1, "No space left on device\n"))),
        _ => None,
    });
    world.provision(&QUICK).ended_with(4).says("write /etc/hosts").says("No space left on device");
}

pub(crate) fn a_node_that_lets_nobody_in_is_told_by_its_name() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.node("pi-2").manner().login = Login::Refused;
    world.provision(&QUICK).ended_with(3).says("node `pi-2`");
}

pub(crate) fn a_login_shell_that_is_none_is_told_with_what_it_said() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    node.manner().banner = Some("Only for staff.\n".to_owned());
    node.manner().sudo = Sudo::Root;
    node.hook_requests(|_| Some(Reply::failed(1, "This account is currently not available.\n")));
    world.provision(&QUICK).ended_with(4).says("This account is currently not available.");
}

pub(crate) fn a_run_that_is_interrupted_ends_at_once_and_frees_the_lock() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    node.hook(|call| (call.what == "probe").then_some(Do::Hang));
    let run = world.start(&[]);
    run.wait_for("observe: connect to");
    while node.calls().iter().all(|call| call.what != "probe") {
        std::thread::yield_now();
    }
    assert!(node.run_dir().join("lock").exists());
    run.signal("INT");
    let ran = run.end_within(Duration::from_secs(10));
    ran.ended_with(130).says("interrupted");
    node.behave();
    world.provision(&QUICK).succeeded();
}

pub(crate) fn a_node_that_goes_away_for_good_does_not_keep_the_run() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.node("pi-2").hook(|call| (call.what == "probe").then_some(Do::Vanish));
    let run = world.start(&QUICK);
    while world.node("pi-2").calls().is_empty() {
        std::thread::yield_now();
    }
    run.signal("TERM");
    run.end().ended_with(130);
    world.node("pi-2").down(false);
    world.node("pi-2").behave();
    world.node("pi-2").cut();
    world.provision(&QUICK).succeeded();
}

pub(crate) fn a_host_key_is_said_in_full_at_the_first_contact() {
    let world = World::new(&["pi-1"]);
    std::fs::remove_file(world.known_hosts()).unwrap();
    world.provision(&QUICK).succeeded().says(&world.node("pi-1").fingerprint());
}

pub(crate) fn what_is_typed_on_a_terminal_reaches_the_prompt() {
    let world = World::new(&["pi-1"]);
    let node = world.node("pi-1");
    node.manner().login = Login::Password("secret phrase".to_owned());
    let mut args = QUICK.to_vec();
    args.push("--ask-password");
    let mut run = world.start_on_terminal(&args);
    run.wait_for("password");
    run.type_in("secret phrase\n");
    let ran = run.end();
    assert!(!ran.succeeded().stdout.contains("secret phrase"));
    assert_eq!(node.passwords()[0], "secret phrase");
}
