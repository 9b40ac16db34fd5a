//! The login of the node agents.

use crate::node::Do;
use crate::world::{World, sha256};

const NAMES: [&str; 3] = ["pi-1", "pi-2", "pi-3"];
const PASSWORD: &str = "/etc/terrarium/agent.password";
const KEY: &str = "/etc/terrarium/agent.key";
const WEB: &str = "/etc/terrarium/agent.web.yml";
const PARTS: [(&str, &str); 4] =
    [("/etc/terrarium/agent.crt", "644"), (KEY, "600"), (PASSWORD, "600"), (WEB, "644")];

/// The login all nodes have: its password.
fn shared(world: &World) -> String {
    for name in NAMES {
        for (path, mode) in PARTS {
            let expected = world.node("pi-1").model().text(path);
            assert!(!expected.is_empty(), "{path}");
            let node = world.node(name).model();
            assert!(node.text(path) == expected, "{name}: {path} is another than the server's");
            assert_eq!(node.files[path].mode, mode, "{name}: {path}");
        }
    }
    world.node("pi-1").model().text(PASSWORD).trim().to_owned()
}

pub(crate) fn all_agents_have_one_login_from_their_first_start_on() {
    let world = World::new(&NAMES);
    let ran = world.provision(&["--json"]);
    ran.succeeded();
    let password = shared(&world);
    assert!(!ran.stdout.contains(&password) && !ran.stderr.contains(&password));
    for name in NAMES {
        let calls = world.node(name).calls();
        assert!(calls.iter().all(|call| !call.script.contains(&password)), "{name}");
        // The package starts the agent.
        let at = |what: &str| calls.iter().position(|call| call.what == what).unwrap();
        let installed = at("install the agent");
        let unit = "write /etc/systemd/system/terrarium-agent.service.d/10-generation.conf";
        for (path, _) in PARTS {
            assert!(at(&format!("write {path}")) < installed, "{name}: {path}");
        }
        assert!(at(unit) < installed, "{name}");
    }
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

/// Each part of it gone from the server, and from another node.
pub(crate) fn a_login_that_is_not_whole_is_made_anew_and_a_copy_is_copied() {
    let world = World::new(&NAMES);
    world.provision(&[]).succeeded();
    let mut password = shared(&world);
    for (path, _) in PARTS {
        world.node("pi-1").model().files.remove(path);
        world.provision(&[]).succeeded();
        let other = shared(&world);
        assert_ne!(password, other, "without {path}");
        password = other;
        world.node("pi-3").model().files.remove(path);
        let changed = world.provision(&["--json"]).succeeded().changed();
        assert_eq!(changed, ["pi-3: agent.login"], "without {path}");
        assert_eq!(password, shared(&world));
    }
    let key = world.node("pi-1").model().text(KEY);
    world.node("pi-1").model().put(KEY, "644", key.as_bytes());
    world.provision(&[]).succeeded();
    assert_ne!(password, shared(&world), "others could read the key");
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

/// The server has parts that do not belong together, all of them named in its
/// list: they are given to no other node.
pub(crate) fn a_login_of_parts_that_do_not_belong_together_goes_to_no_node() {
    let world = World::new(&NAMES);
    world.provision(&[]).succeeded();
    {
        let mut server = world.node("pi-1").model();
        server.put(WEB, "644", b"basic_auth_users: {}\n");
        let digests = PARTS.map(|(path, _)| sha256(server.text(path).as_bytes()));
        let lines = PARTS.iter().zip(&digests).map(|((path, _), digest)| {
            [
                digest, " ", path, "
",
            ]
            .concat()
        });
        let list: String = lines.collect();
        server.put("/etc/terrarium/agent.login", "644", list.as_bytes());
    }
    let before = world.node("pi-2").model().text(WEB);
    let ran = world.provision(&[]);
    ran.ended_with(4).says("do not belong together").says("sudo rm /etc/terrarium/agent.password");
    assert_eq!(world.node("pi-2").model().text(WEB), before);
    world.node("pi-1").model().files.remove(PASSWORD);
    world.provision(&[]).succeeded();
    shared(&world);
}

pub(crate) fn without_the_server_a_node_keeps_its_login() {
    let world = World::new(&NAMES);
    world.provision(&[]).succeeded();
    let password = shared(&world);
    world.node("pi-1").hook(|_| Some(Do::Vanish));
    let plan = world.provision(&["plan", "--json", "--patience", "0.05"]);
    plan.ended_with(3);
    assert!(!plan.stdout.contains("agent."), "{}", plan.stdout);
    world.node("pi-1").behave();
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
    assert_eq!(password, shared(&world));
}

pub(crate) fn one_key_opens_the_agents_and_closes_them_again() {
    let world = World::new(&NAMES);
    world.inventory("[agent]\nlogin = false\n");
    world.provision(&[]).succeeded().says("http://");
    let unit = "/etc/systemd/system/terrarium-agent.service.d/10-generation.conf";
    for name in NAMES {
        let node = world.node(name).model();
        assert!(!node.files.contains_key(PASSWORD) && !node.text(unit).contains("web.config"));
    }
    world.inventory("");
    world.provision(&[]).succeeded().says("https://");
    shared(&world);
    assert!(world.node("pi-2").model().text(unit).contains("--web.config.file="));
}
