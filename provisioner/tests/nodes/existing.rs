//! A k3s that is on a node already, and clusters of others.

use std::fs;

use crate::model::existing::{MARK, UNIT};
use crate::model::tokens::{AGENT_CA, CONFIG, SERVER_TOKEN, TOKEN};
use crate::model::{Model, Reply};
use crate::node::Do;
use crate::world::World;

const THEIRS: &str = "# mine\ncluster-init: true\ndisable:\n- traefik\ntls-san: nas.lan\n";
const INSTALLED: &str = "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\n";

/// A server that its owner has set up by k3s' own installer.
fn install(model: &mut Model) {
    model.put(CONFIG, "644", THEIRS.as_bytes());
    model.put(UNIT, "644", INSTALLED.as_bytes());
    model.put("/usr/local/bin/k3s", "755", b"theirs");
    "pi-1".clone_into(&mut model.hostname);
    model.start("k3s.service");
}

fn theirs(names: &[&str]) -> World {
    let world = World::new(names);
    install(&mut world.node("pi-1").model());
    world
}

/// Puts something else into the inventory.
fn rewrite(world: &World, from: &str, to: &str) {
    let text = fs::read_to_string(world.inventory_path()).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(world.inventory_path(), text.replacen(from, to, 1)).unwrap();
}

fn adopt(world: &World, name: &str) {
    let line = format!("name = \"{name}\"\n");
    rewrite(world, &line, &format!("{line}adopt = true\n"));
}

/// Nothing on any node was written, started or taken away since these many calls.
fn untouched(world: &World, since: &[usize]) {
    for (node, since) in world.nodes.iter().zip(since) {
        let looks = ["lock", "probe", "boot", &format!("cat {MARK}")].map(str::to_owned);
        for call in &node.calls()[*since..] {
            assert!(looks.contains(&call.what), "{}: {}", node.name, call.what);
        }
    }
}

fn calls(world: &World) -> Vec<usize> {
    world.nodes.iter().map(|node| node.calls().len()).collect()
}

pub(crate) fn a_k3s_of_somebody_elses_is_refused_and_nothing_is_changed() {
    let world = theirs(&["pi-1", "pi-2"]);
    for args in [&["plan"][..], &[], &["--json"], &["--only", "pi-2"]] {
        world
            .provision(args)
            .ended_with(6)
            .says(UNIT)
            .says(CONFIG)
            .says("cluster-init, disable, tls-san")
            .says("adopt = true");
    }
    untouched(&world, &[0, 0]);
    let model = world.node("pi-1").model();
    assert_eq!((model.text(CONFIG).as_str(), model.text(UNIT).as_str()), (THEIRS, INSTALLED));
}

pub(crate) fn with_the_word_it_is_taken_over_with_copies_and_once() {
    let world = theirs(&["pi-1", "pi-2"]);
    adopt(&world, "pi-1");
    let token = world.node("pi-1").model().text(SERVER_TOKEN);
    let plan = world.provision(&["plan"]);
    plan.succeeded();
    for line in [
        "- tls-san: nas.lan",
        "+ node-name: pi-1",
        "-     server \\",
        "+ ExecStart=/usr/local/bin/k3s server",
    ] {
        assert!(plan.stdout.contains(line), "{line}: {}", plan.stdout);
    }
    plan.says("of its settings go disable (traefik), tls-san (nas.lan)");
    world.provision(&[]).succeeded();
    {
        let model = world.node("pi-1").model();
        assert_eq!(model.text(&format!("{CONFIG}.bak")), THEIRS);
        assert_eq!(model.text(&format!("{UNIT}.bak")), INSTALLED);
        assert!(model.text(CONFIG).starts_with("# Written by `provision`"));
        assert_eq!(model.text(SERVER_TOKEN), token);
        assert!(model.text(MARK).ends_with("\ncluster=terrarium\n"), "{}", model.text(MARK));
    }
    let second = world.provision(&["--json"]);
    assert_eq!(second.succeeded().changed(), [""; 0]);
    second.says("take the line out of the inventory");
    world.inventory("");
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

/// Wherever the takeover fails, the next run ends it, and never refuses what is half
/// ours.
pub(crate) fn a_takeover_that_fails_anywhere_is_ended_by_the_next_run() {
    for step in [
        "make a secret",
        "write /etc/rancher/k3s/config.yaml",
        "write /etc/systemd/system/k3s.service",
        "write /var/lib/rancher/k3s/cluster.terrarium",
        "start k3s.service",
    ] {
        let world = theirs(&["pi-1"]);
        adopt(&world, "pi-1");
        world.node("pi-1").hook(move |call| {
            (call.what == step).then(|| Do::Say(Reply::failed(1, "no space left on device\n")))
        });
        world.provision(&[]).ended_with(4);
        world.node("pi-1").behave();
        world.provision(&[]).succeeded();
        assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0], "{step}");
        let model = world.node("pi-1").model();
        assert_eq!(model.text(&format!("{CONFIG}.bak")), THEIRS, "{step}");
        assert_eq!(model.text(&format!("{UNIT}.bak")), INSTALLED, "{step}");
    }
}

pub(crate) fn what_cannot_change_in_the_cluster_is_asked_into_the_inventory() {
    let world = theirs(&["pi-1"]);
    world.node("pi-1").model().put(CONFIG, "600", b"cluster-cidr: 10.52.0.0/16\n");
    adopt(&world, "pi-1");
    for args in [&["plan"][..], &[]] {
        world
            .provision(args)
            .ended_with(6)
            .says("`cluster-cidr = \"10.52.0.0/16\"` into [k3s.server]");
    }
    untouched(&world, &[0]);
    world.inventory("[k3s.server]\ncluster-cidr = \"10.52.0.0/16\"\n");
    adopt(&world, "pi-1");
    world.provision(&[]).succeeded();
    assert!(world.node("pi-1").model().text(CONFIG).contains("cluster-cidr: \"10.52.0.0/16\""));
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

pub(crate) fn another_kubernetes_is_refused_with_the_word_too() {
    let world = World::new(&["pi-1", "pi-2"]);
    let line = "kubernetes microk8s\t/var/snap/microk8s/current".to_owned();
    world.node("pi-2").model().extra.push(line);
    for _ in 0..2 {
        for args in [&["plan"][..], &[]] {
            world
                .provision(args)
                .ended_with(6)
                .says("/var/snap/microk8s/current")
                .says("snap remove");
        }
        untouched(&world, &[0, 0]);
        adopt(&world, "pi-2");
        if fs::read_to_string(world.inventory_path()).unwrap().matches("adopt").count() > 1 {
            break;
        }
    }
}

pub(crate) fn a_node_of_another_cluster_is_told_and_keeps_what_it_has() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    let before = {
        let mut agent = world.node("pi-2").model();
        let at = world.node("pi-1").address.to_string();
        let config = agent.text(CONFIG).replace(&at, "10.9.9.9");
        agent.put(CONFIG, "600", config.as_bytes());
        agent.put(AGENT_CA, "644", b"of another cluster\n");
        (agent.text(CONFIG), agent.text(TOKEN))
    };
    let since = calls(&world);
    for args in [&["plan"][..], &[]] {
        world.provision(args).ended_with(6).says("https://10.9.9.9:6443").says("adopt = true");
    }
    untouched(&world, &since);
    {
        let agent = world.node("pi-2").model();
        assert_eq!((agent.text(CONFIG), agent.text(TOKEN)), before);
        assert_eq!(agent.text(AGENT_CA), "of another cluster\n");
    }
    adopt(&world, "pi-2");
    let ran = world.provision(&["--json"]);
    assert!(ran.succeeded().changed().contains(&"pi-2: k3s.forget".to_owned()));
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

pub(crate) fn a_cluster_of_another_inventory_is_told_before_anything_is_changed() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    let since = calls(&world);
    rewrite(&world, "[cluster]\n", "[cluster]\nname = \"other\"\n");
    for args in [&["plan"][..], &[]] {
        world
            .provision(args)
            .ended_with(6)
            .says("`terrarium`")
            .says("`other`")
            .says("name = \"terrarium\"");
    }
    // Neither one node alone, nor what is in the cluster.
    let others = [
        &["--only", "pi-2"][..],
        &["stack", "remove", "redis", "--delete-data"],
        &["verify"],
        &["credentials"],
        &["kubeconfig"],
    ];
    for args in others {
        world.provision(args).ended_with(6).says("`terrarium`").says("`other`");
    }
    untouched(&world, &since);
    // The same cluster by another name: the server's word is enough.
    adopt(&world, "pi-1");
    let mut changed = world.provision(&["--json"]).succeeded().changed();
    changed.sort();
    assert_eq!(changed, ["cluster: kubeconfig", "pi-1: k3s.cluster", "pi-2: k3s.cluster"]);
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

/// A cluster of a version before the mark gets it, and nothing else happens.
pub(crate) fn a_cluster_without_a_mark_gets_it_silently() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    for node in &world.nodes {
        node.model().files.remove(MARK);
    }
    let mut changed = world.provision(&["--json"]).succeeded().changed();
    changed.sort();
    assert_eq!(changed, ["pi-1: k3s.cluster", "pi-2: k3s.cluster"]);
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}
