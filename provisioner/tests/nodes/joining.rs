//! How agent nodes join, and clusters that an earlier version has made.

use crate::model::Reply;
use crate::model::tokens::{
    AGENT_CA, AGENT_TOKEN, CONFIG, SECRET, SERVER_TOKEN, TOKEN, TOKEN_MARK,
};
use crate::node::Do;
use crate::world::{World, sha256};

const TWO: [&str; 2] = ["pi-1", "pi-2"];

/// Two nodes as the version before there was a token for agent nodes left them.
fn earlier() -> World {
    let world = World::new(&TWO);
    world.provision(&[]).succeeded();
    degrade(&world);
    world
}

fn degrade(world: &World) {
    let own = {
        let mut server = world.node("pi-1").model();
        server.files.remove(SECRET);
        let config = server.text(CONFIG).replace("agent-token-file", "# agent-token-file");
        server.put(CONFIG, "600", config.as_bytes());
        server.restart();
        assert!(server.text(AGENT_TOKEN).contains("::server:"));
        server.text(SERVER_TOKEN)
    };
    let mut agent = world.node("pi-2").model();
    agent.files.remove(TOKEN_MARK);
    agent.put(TOKEN, "600", own.as_bytes());
    agent.restart();
}

/// The agent node runs with the token of its own, and has the server's nowhere.
fn is_moved(world: &World) {
    let server = world.node("pi-1").model();
    let agent = world.node("pi-2").model();
    let own = server.text(SERVER_TOKEN);
    for (path, file) in &agent.files {
        assert!(!String::from_utf8_lossy(&file.bytes).contains(own.trim()), "{path}");
    }
    assert!(server.text(AGENT_TOKEN).contains("::node:"));
    assert_eq!(agent.text(TOKEN), server.text(AGENT_TOKEN));
    let digest = sha256(server.text(AGENT_TOKEN).as_bytes());
    assert_eq!(agent.units["k3s-agent.service"].token, digest);
}

pub(crate) fn agent_nodes_get_a_token_that_is_good_for_joining_only() {
    let world = World::new(&TWO);
    let ran = world.provision(&["--json"]);
    ran.succeeded();
    is_moved(&world);
    let secrets = [SECRET, SERVER_TOKEN].map(|path| {
        let text = world.node("pi-1").model().text(path);
        text.trim().rsplit(':').next().unwrap().to_owned()
    });
    for secret in &secrets {
        assert!(secret.len() >= 32);
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
        for node in &world.nodes {
            let scripts = node.calls();
            assert!(scripts.iter().all(|call| !call.script.contains(secret)), "{}", node.name);
        }
    }
    let plan = world.provision(&["plan"]);
    assert!(!plan.succeeded().stdout.contains("server-token"), "{}", plan.stdout);
}

pub(crate) fn a_cluster_of_an_earlier_version_is_moved_over_and_told_of_its_token() {
    let world = earlier();
    let plan = world.provision(&["plan"]);
    plan.says("the server's own token, an administrator's").says("make a join token");
    let ran = world.provision(&["--json"]);
    let changed = ran.succeeded().changed();
    for change in ["pi-1: k3s.agent-token", "pi-1: k3s.start", "pi-2: k3s.token", "pi-2: k3s.start"]
    {
        assert!(changed.iter().any(|found| found == change), "{change} is not in {changed:?}");
    }
    is_moved(&world);
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
    world.provision(&["plan"]).says("sudo k3s token rotate");
}

pub(crate) fn a_move_that_fails_anywhere_is_ended_by_the_next_run() {
    let world = earlier();
    for (node, step) in [
        ("pi-1", "make a secret"),
        ("pi-1", "write /etc/rancher/k3s/config.yaml"),
        ("pi-1", "start k3s.service"),
        ("pi-1", "cat /var/lib/rancher/k3s/server/agent-token"),
        ("pi-2", "write /etc/rancher/k3s/cluster-token"),
        ("pi-2", "write /etc/rancher/k3s/cluster-token.env"),
        ("pi-2", "start k3s-agent.service"),
    ] {
        degrade(&world);
        world.node(node).hook(move |call| {
            (call.what == step).then(|| Do::Say(Reply::failed(1, "no space left on device\n")))
        });
        world.provision(&[]).ended_with(4);
        world.node(node).behave();
        world.provision(&[]).succeeded();
        is_moved(&world);
        assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0], "{node}: {step}");
    }
}

pub(crate) fn a_node_that_is_away_during_the_move_is_moved_when_it_is_back() {
    let world = earlier();
    world.node("pi-2").down(true);
    let away = world.provision(&["--patience", "0.02"]);
    assert_ne!(away.code, Some(0), "{}", away.stderr);
    world.node("pi-2").behave();
    world.provision(&[]).succeeded();
    is_moved(&world);
}

/// Whatever the server has in the place of the agent nodes' token: its own is
/// not copied.
pub(crate) fn a_server_that_offers_its_own_token_is_not_believed() {
    let world = earlier();
    world.node("pi-1").hook(|call| {
        let own = format!("K10{}::server:{}\n", "a".repeat(64), "5".repeat(32));
        (call.script == "cat /var/lib/rancher/k3s/server/agent-token")
            .then(|| Do::Say(Reply::said(own)))
    });
    let ran = world.provision(&[]);
    ran.ended_with(4).says("it is the server's own token");
    assert!(!ran.stderr.contains(&"5".repeat(32)), "{}", ran.stderr);
    let calls = world.node("pi-2").calls();
    let start = calls.iter().rposition(|call| call.what == "lock").unwrap();
    assert!(
        calls[start..].iter().all(|call| !call.what.starts_with("write /etc/rancher/k3s/cluster"))
    );
}

/// The server's card died: the same name, another cluster.
pub(crate) fn agent_nodes_join_a_server_that_was_flashed_anew() {
    let world = World::new(&TWO);
    world.provision(&[]).succeeded();
    world.node("pi-1").flash("another authority\n");
    // What it is given when it joins.
    "another authority\n".clone_into(&mut world.node("pi-2").model().authority);
    world.node("pi-2").forget();
    let plan = world.provision(&["plan"]);
    plan.says("remove certificates and keys of the cluster the node was in");
    let ran = world.provision(&["--json"]);
    let changed = ran.succeeded().changed();
    for change in ["pi-2: k3s.token", "pi-2: k3s.forget", "pi-2: k3s.start"] {
        assert!(changed.iter().any(|found| found == change), "{change} is not in {changed:?}");
    }
    is_moved(&world);
    assert_eq!(world.node("pi-2").model().text(AGENT_CA), "another authority\n");
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}
