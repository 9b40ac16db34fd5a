//! First contact: whom a node has to be known to before it is sent anything.

use std::fs;

use serde_json::Value;

use crate::node::{Login, Node};
use crate::world::World;

const PASSWORD: &str = "correct horse battery";

/// Nodes that want a password, whose keys nobody has recorded.
fn strangers(names: &[&str]) -> World {
    let world = World::new(names);
    fs::remove_file(world.known_hosts()).unwrap();
    for node in &world.nodes {
        node.manner().login = Login::Password(PASSWORD.to_owned());
    }
    world
}

fn with_password(names: &[&str]) -> World {
    let mut world = strangers(names);
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), PASSWORD.to_owned());
    world
}

/// Nobody logged in, and nobody tried.
fn nothing_was_sent(world: &World) {
    for node in &world.nodes {
        assert_eq!(node.passwords(), [""; 0], "{}", node.name);
        assert!(node.calls().is_empty(), "{}", node.name);
    }
    assert!(!world.known_hosts().exists());
}

/// Writes `host_key` into the inventory's first node.
fn pin(world: &World, value: &str) {
    let host = format!("host = \"{}\"\n", world.nodes[0].address);
    let text = fs::read_to_string(world.inventory_path()).unwrap();
    let pinned = text.replace(&host, &format!("{host}host_key = {value}\n"));
    assert_ne!(text, pinned);
    fs::write(world.inventory_path(), pinned).unwrap();
}

pub(crate) fn an_unknown_node_gets_no_password_from_a_script() {
    let world = with_password(&["pi-1", "pi-2"]);
    for args in [&["plan"][..], &["status"], &["probe", "pi-1"], &[], &["--host-keys", "strict"]] {
        let ran = world.provision(args);
        ran.ended_with(3).says("not known yet").says(&world.node("pi-1").fingerprint());
        ran.says("provision trust pi-1").says("host_key = ");
        nothing_was_sent(&world);
    }
    world.provision(&["--host-keys", "ask", "plan"]).ended_with(2).says("not a terminal");
    nothing_was_sent(&world);
    let ran = world.provision(&["--host-keys", "accept-new", "plan"]);
    ran.succeeded().says("trusted on first use");
    assert_eq!(world.node("pi-1").passwords()[0], PASSWORD);
    // From then on it is known, and no word is needed.
    world.provision(&["plan"]).succeeded();
}

pub(crate) fn the_environment_says_what_the_option_says() {
    let mut world = with_password(&["pi-1"]);
    world.environment.insert("TERRARIUM_HOST_KEYS".to_owned(), "perhaps".to_owned());
    world.provision(&["plan"]).ended_with(2).says("`ask`, `accept-new` or `strict`");
    world.environment.insert("TERRARIUM_HOST_KEYS".to_owned(), "accept-new".to_owned());
    world.provision(&["--host-keys", "strict", "plan"]).ended_with(3);
    nothing_was_sent(&world);
    world.provision(&["plan"]).succeeded();
}

pub(crate) fn on_a_terminal_somebody_is_asked_about_one_node_after_another() {
    let world = with_password(&["pi-1", "pi-2"]);
    let mut run = world.start_on_terminal(&["plan"]);
    run.wait_for("node `pi-1`");
    run.wait_for("(yes/no/fingerprint)? ");
    assert!(run.said().contains(&world.node("pi-1").fingerprint()), "{}", run.said());
    assert!(!run.said().contains("pi-2"), "one at a time: {}", run.said());
    nothing_was_sent(&world);
    run.type_in("perhaps\n");
    run.wait_for("Type yes, no or the fingerprint: ");
    run.type_in(&format!("{}\n", world.node("pi-2").fingerprint()));
    run.wait_for("the fingerprint of none of its keys");
    run.type_in(&format!("{}\n", world.node("pi-1").fingerprint()));
    run.wait_for("node `pi-2`");
    run.type_in("yes\n");
    run.end().succeeded();
    let known = fs::read_to_string(world.known_hosts()).unwrap();
    for node in &world.nodes {
        assert!(known.contains(&node.known_line()), "{known}");
    }
    // Asked once and for all.
    world.start_on_terminal(&["plan"]).end().succeeded();
}

/// Nodes behind a jump host; nobody has recorded any of their keys.
fn behind(names: &[&str], more: &str) -> (World, World) {
    let (world, gate) = (with_password(names), World::new(&["gate"]));
    let text = fs::read_to_string(world.inventory_path()).unwrap();
    let jump = format!("[ssh]\njump = \"pi@{}\"\n", gate.nodes[0].address);
    let behind = text.replace("[ssh]\n", &format!("{jump}{more}"));
    assert_ne!(text, behind);
    fs::write(world.inventory_path(), behind).unwrap();
    (world, gate)
}

pub(crate) fn on_a_terminal_somebody_is_asked_about_a_jump_host_before_what_is_behind_it() {
    for command in ["plan", "doctor"] {
        let (world, gate) = behind(&["pi-1", "pi-2"], "");
        let mut run = world.start_on_terminal(&[command]);
        run.wait_for("jump host `");
        run.wait_for("on the way to node `pi-1`,");
        run.wait_for("(yes/no/fingerprint)? ");
        assert!(run.said().contains(&gate.nodes[0].fingerprint()), "{}", run.said());
        nothing_was_sent(&world);
        run.type_in(&format!("{}\n", gate.nodes[0].fingerprint()));
        for name in ["pi-1", "pi-2"] {
            run.wait_for(&format!("key of node `{name}` yet"));
            run.wait_for(&world.node(name).fingerprint());
            run.wait_for("(yes/no/fingerprint)? ");
            run.type_in("yes\n");
        }
        let ran = run.end();
        assert_eq!(ran.stdout.matches("jump host `").count(), 1, "{}", ran.stdout);
        let known = fs::read_to_string(world.known_hosts()).unwrap();
        for node in gate.nodes.iter().chain(&world.nodes) {
            assert!(known.contains(&node.known_line()), "{known}");
        }
        assert_eq!(gate.nodes[0].passwords(), [""; 0], "the way gets no password");
        assert_eq!(world.node("pi-1").passwords()[0], PASSWORD);
    }

    let (world, gate) = behind(&["pi-1"], "");
    let mut run = world.start_on_terminal(&["plan"]);
    run.wait_for("(yes/no/fingerprint)? ");
    run.type_in("no\n");
    run.end().ended_with(3).says("jump host `").says("was not accepted");
    nothing_was_sent(&world);
    assert!(gate.nodes[0].calls().is_empty());
}

pub(crate) fn the_policy_for_host_keys_holds_for_jump_hosts_too() {
    let (world, gate) = behind(&["pi-1"], "");
    let gate = &gate.nodes[0];
    for args in [&["plan"][..], &["--host-keys", "strict", "plan"]] {
        let ran = world.provision(args);
        ran.ended_with(3).says("jump host `").says(&gate.fingerprint()).says("provision trust");
        nothing_was_sent(&world);
    }
    world.start_on_terminal(&["--host-keys", "strict", "plan"]).end().ended_with(3);
    nothing_was_sent(&world);
    world.provision(&["--host-keys", "accept-new", "plan"]).succeeded();
    assert!(fs::read_to_string(world.known_hosts()).unwrap().contains(&gate.known_line()));

    let (world, gate) = behind(&["pi-1"], "");
    let shown = world.provision(&["trust"]);
    shown.ended_with(3).says(&gate.nodes[0].fingerprint()).says("NOT RECORDED");
    nothing_was_sent(&world);
    let told = world.provision(&["--json", "trust", "--yes"]);
    let document: Value = serde_json::from_str(&told.succeeded().stdout).unwrap();
    assert_eq!(document["nodes"][0]["jump"], true);
    assert_eq!(document["nodes"][1]["node"], "pi-1");
    assert_eq!(document["nodes"][1]["outcome"], "recorded");
    world.provision(&["plan"]).succeeded();
}

pub(crate) fn the_ssh_config_may_be_strict_with_a_jump_host_alone() {
    let (world, gate) = behind(&["pi-1"], "config = \"ssh_config\"\n");
    let address = gate.nodes[0].address;
    let lenient = format!("Host {address}\n StrictHostKeyChecking accept-new\n");
    fs::write(world.path("inventory/ssh_config"), lenient).unwrap();
    let mut run = world.start_on_terminal(&["plan"]);
    run.wait_for("key of node `pi-1` yet");
    run.wait_for("(yes/no/fingerprint)? ");
    run.type_in("yes\n");
    let ran = run.end();
    ran.succeeded();
    assert!(!ran.stdout.contains("jump host `"), "{}", ran.stdout);
}

pub(crate) fn a_password_that_was_typed_waits_for_the_answer() {
    let world = strangers(&["pi-1"]);
    let mut run = world.start_on_terminal(&["--ask-password", "plan"]);
    run.wait_for("password of the nodes");
    run.type_in(&format!("{PASSWORD}\n"));
    run.wait_for("(yes/no/fingerprint)? ");
    nothing_was_sent(&world);
    run.type_in("yes\n");
    let ran = run.end();
    assert!(!ran.succeeded().stdout.contains(PASSWORD));
    assert_eq!(world.node("pi-1").passwords()[0], PASSWORD);
}

pub(crate) fn a_no_ends_the_run_before_anything_was_sent() {
    for answer in ["no\n", "\u{4}"] {
        let world = with_password(&["pi-1"]);
        let mut run = world.start_on_terminal(&["plan"]);
        run.wait_for("(yes/no/fingerprint)? ");
        run.type_in(answer);
        run.end().ended_with(3).says("was not accepted");
        nothing_was_sent(&world);
    }
}

pub(crate) fn a_host_key_of_the_inventory_is_believed_and_nothing_else() {
    let world = with_password(&["pi-1"]);
    let node = world.node("pi-1");
    let right = node.fingerprint();
    let other = "SHA256:uNiVztksCsDhcc0u9e8BrQXVU1rhB6F53q7RzMwq0Tc";
    pin(&world, &format!("[\"{other}\", \"{right}\"]"));
    // Neither a question nor a record, and a record of another key says nothing.
    world.provision(&["plan"]).succeeded();
    let stale = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    fs::write(world.known_hosts(), format!("{} {stale}\n", node.address)).unwrap();
    world.provision(&["plan"]).succeeded();
    // A revoked one stays revoked.
    fs::write(world.known_hosts(), format!("@revoked {}", node.known_line())).unwrap();
    world.provision(&["plan"]).ended_with(3).says("is revoked");

    let world = with_password(&["pi-1"]);
    pin(&world, &format!("\"{other}\""));
    for args in [&["plan"][..], &["--host-keys", "accept-new", "plan"]] {
        let ran = world.provision(args);
        ran.ended_with(3).says(other).says(&world.node("pi-1").fingerprint());
        nothing_was_sent(&world);
    }
    pin(&world, "\"SHA256:abc\"");
    world.provision(&["plan"]).ended_with(2);
}

pub(crate) fn trust_shows_the_keys_and_records_them_when_told() {
    let world = strangers(&["pi-1", "pi-2"]);
    let fingerprints: Vec<String> = world.nodes.iter().map(Node::fingerprint).collect();
    let shown = world.provision(&["trust"]);
    shown.ended_with(3).says(&fingerprints[0]).says(&fingerprints[1]).says("NOT RECORDED");
    nothing_was_sent(&world);
    // A fingerprint vouches for the node that has it, and for no other.
    world.provision(&["trust", "--fingerprint", &fingerprints[0]]).ended_with(3).says("pi-1 (");
    let known = || fs::read_to_string(world.known_hosts()).unwrap();
    assert_eq!(known(), world.nodes[0].known_line());
    let told = world.provision(&["--json", "trust", "--yes", "pi-2"]);
    let document: Value = serde_json::from_str(&told.succeeded().stdout).unwrap();
    assert_eq!(document["nodes"][0]["outcome"], "recorded");
    assert_eq!(document["nodes"][0]["offered"][0]["fingerprint"], fingerprints[1]);
    assert_eq!(known(), world.nodes[0].known_line() + &world.nodes[1].known_line());
    world.provision(&["trust"]).succeeded();
    for node in &world.nodes {
        assert_eq!(node.passwords(), [""; 0]);
    }
    world.provision(&["trust", "pi-9"]).ended_with(2).says("its nodes are pi-1, pi-2");
}

pub(crate) fn trust_replaces_a_changed_key_only_when_told() {
    let world = strangers(&["pi-1", "pi-2"]);
    let (one, two) = (world.node("pi-1"), world.node("pi-2"));
    // pi-1 was flashed anew: its address is recorded with another key.
    let (_, key) =
        two.known_line().split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let before = format!("# ours\n{},other.lan {key}{}", one.address, two.known_line());
    fs::write(world.known_hosts(), &before).unwrap();
    for args in [&["trust", "pi-1"][..], &["trust", "--yes", "pi-1"]] {
        let ran = world.provision(args);
        ran.ended_with(3).says("--replace").says(&one.fingerprint()).says(&two.fingerprint());
        assert_eq!(fs::read_to_string(world.known_hosts()).unwrap(), before);
    }
    world.provision(&["plan"]).ended_with(3).says("host key changed");
    world.provision(&["trust", "--yes", "--replace", "pi-1"]).succeeded();
    let after = format!("# ours\nother.lan {key}{}{}", two.known_line(), one.known_line());
    assert_eq!(fs::read_to_string(world.known_hosts()).unwrap(), after);
}

pub(crate) fn what_a_node_says_before_the_login_is_shown() {
    let world = World::new(&["pi-1"]);
    world.node("pi-1").manner().banner = Some("Only\n for staff.\n".repeat(200));
    let ran = world.provision(&["plan"]);
    ran.succeeded().says("before the login the node says: Only for staff.");
    assert!(ran.stderr.len() < 4000, "{}", ran.stderr);
    let known = world.node("pi-1").known_line();
    fs::write(world.known_hosts(), format!("@cert-authority {known}")).unwrap();
    world.provision(&["plan"]).succeeded().says("has no host certificate");
}

pub(crate) fn a_locked_key_is_unlocked_on_the_terminal_once_for_all_nodes() {
    let world = World::new(&["pi-1", "pi-2"]);
    let key = world.path("locked");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", PASSWORD, "-f"])
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let shown = std::process::Command::new("ssh-keygen").arg("-lf").arg(&key).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let fingerprint = shown.split(' ').nth(1).unwrap();
    for node in &world.nodes {
        node.manner().login = Login::Key(fingerprint.to_owned());
    }
    let text = fs::read_to_string(world.inventory_path()).unwrap();
    let named = text.replace("[ssh]\n", &format!("[ssh]\nidentity = \"{}\"\n", key.display()));
    assert_ne!(text, named);
    fs::write(world.inventory_path(), named).unwrap();

    let mut run = world.start_on_terminal(&["plan"]);
    run.wait_for("passphrase of the key");
    run.type_in("another\n");
    run.wait_for("that is not it");
    run.type_in(&format!("{PASSWORD}\n"));
    let ran = run.end();
    ran.succeeded();
    assert!(!ran.stdout.contains(PASSWORD) && !ran.stderr.contains(PASSWORD));
    assert_eq!(ran.stdout.matches("passphrase of the key").count(), 2, "{}", ran.stdout);

    // An empty line leaves the key out; without a terminal nobody is asked.
    let mut run = world.start_on_terminal(&["plan"]);
    run.wait_for("passphrase of the key");
    run.type_in("\n");
    run.end().ended_with(3).says("passphrase needed");
    world.provision(&["plan"]).ended_with(3).says("ssh-add");
}
