//! How clusters come to a token of their own for agent nodes, from whatever state.

use std::fs;
use std::process::Command;

use super::*;
use crate::FileFact;
use crate::fixture::{TOKEN, apply, context, facts, inventory, node};
use crate::k3s;

const OTHER: &str = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

fn file(sha256: &str, mode: &str) -> FileFact {
    let owner = "root:root".to_owned();
    FileFact { sha256: sha256.to_owned(), mode: mode.to_owned(), owner, modified: 0 }
}

/// A server that has been started with its secret.
fn server() -> Facts {
    let mut facts = Facts {
        agent_secret: Some(AgentSecret::InForce),
        token_sha256: Some(TOKEN.to_owned()),
        ..facts()
    };
    facts.files.insert(paths::AGENT_SECRET.to_owned(), file(OTHER, "600"));
    facts.files.insert(paths::SERVER_CA.to_owned(), file(OTHER, "644"));
    facts
}

fn planned(name: &str, own: &Facts, server: Option<&Facts>) -> Vec<Change> {
    let mut changes = Vec::new();
    context(own, |context| {
        changes = k3s::plan(&node(name), &Context { server, ..*context });
    });
    changes.retain(|change| !matches!(change.id.as_str(), "k3s.ready" | "k3s.labels"));
    changes
}

fn ids(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.id.as_str()).collect()
}

/// A node that is as wished beside this server.
fn converged(name: &str, server: &Facts) -> Facts {
    let mut own = if name == "pi-1" { server.clone() } else { facts() };
    let changes = planned(name, &own.clone(), Some(server));
    apply(&mut own, &changes);
    if name == "pi-2" {
        own.files.insert(paths::AGENT_CA.to_owned(), file(OTHER, "644"));
    }
    assert_eq!(ids(&planned(name, &own, Some(server))), [""; 0], "{name}");
    own
}

#[test]
fn the_server_makes_the_secret_before_the_configuration_that_names_it() {
    for (secret, expected) in [
        (Some(AgentSecret::Missing), &["k3s.agent-token", "k3s.start"][..]),
        (Some(AgentSecret::Pending), &["k3s.start"]),
        (Some(AgentSecret::InForce), &[]),
    ] {
        let own = Facts { agent_secret: secret, ..converged("pi-1", &server()) };
        assert_eq!(ids(&planned("pi-1", &own, Some(&own))), expected, "{secret:?}");
    }
    let mut own = converged("pi-1", &server());
    own.files.insert(paths::AGENT_SECRET.to_owned(), file(OTHER, "644"));
    let changes = planned("pi-1", &own, Some(&own));
    assert_eq!(ids(&changes), ["k3s.agent-token", "k3s.start"]);
    assert!(changes[0].reason.contains("mode 644, wanted root:root and 600"), "{changes:?}");
}

/// The cluster of an earlier version: its agent nodes hold the server's token.
#[test]
fn a_cluster_of_an_earlier_version_is_moved_over_and_the_plan_says_why() {
    let mut old = converged("pi-1", &server());
    old.agent_secret = Some(AgentSecret::Missing);
    old.token_sha256 = None;
    old.files.remove(paths::AGENT_SECRET);
    let change = &planned("pi-1", &old, Some(&old))[0];
    assert_eq!(change.id, "k3s.agent-token");
    assert!(change.reason.contains("the server's own token, an administrator's"), "{change:?}");

    let mut agent = converged("pi-2", &server());
    agent.server_tokens = vec![paths::TOKEN.to_owned()];
    agent.units.get_mut(paths::AGENT_SERVICE).unwrap().token = None;
    let changes = planned("pi-2", &agent, Some(&old));
    assert_eq!(ids(&changes), ["k3s.token", "k3s.start"]);
    assert!(changes.iter().all(|change| change.after == Some(Barrier::ServerReady)));
    assert!(changes[0].reason.contains("holds the server's own token"), "{}", changes[0].reason);
}

/// Wherever a run is cut off, the next one plans what is left and nothing else.
#[test]
fn a_move_that_is_cut_off_is_ended_by_the_next_run() {
    type Left = fn(&mut Facts);
    let steps: [(&str, Left, &[&str]); 6] = [
        (
            "nothing was done",
            |f| f.files.get_mut(paths::TOKEN).unwrap().sha256 = OTHER.to_owned(),
            &["k3s.token"],
        ),
        (
            "the token came, its mark did not",
            |f| {
                f.files.remove(paths::TOKEN_MARK);
            },
            &["k3s.token"],
        ),
        (
            "both came, the start did not",
            |f| {
                f.units.get_mut(paths::AGENT_SERVICE).unwrap().token = Some(OTHER.to_owned());
            },
            &["k3s.start"],
        ),
        (
            "it started with a mark from before",
            |f| {
                f.units.get_mut(paths::AGENT_SERVICE).unwrap().token = None;
            },
            &["k3s.start"],
        ),
        (
            "it was stopped",
            |f| {
                f.units.get_mut(paths::AGENT_SERVICE).unwrap().active = "inactive".to_owned();
            },
            &["k3s.start"],
        ),
        (
            "a copy that was being written is left",
            |f| {
                f.server_tokens.push(format!("{}.terrarium-new", paths::TOKEN));
            },
            &["k3s.token"],
        ),
    ];
    let server = server();
    for (what, left, expected) in steps {
        let mut own = converged("pi-2", &server);
        left(&mut own);
        assert_eq!(ids(&planned("pi-2", &own, Some(&server))), expected, "{what}");
    }
}

#[test]
fn a_server_that_is_down_for_a_while_changes_nothing_on_agent_nodes() {
    let server = server();
    let own = converged("pi-2", &server);
    assert!(server.cluster.is_none(), "its API does not answer");
    assert_eq!(ids(&planned("pi-2", &own, Some(&server))), [""; 0]);
    // Not seen at all: the token is compared when the server is back.
    let unseen = planned("pi-2", &own, None);
    assert_eq!(ids(&unseen), ["k3s.token"]);
    assert_eq!(unseen[0].reason, "cannot be compared before the server is up");
}

/// The server's card died and was flashed anew: another secret, another
/// authority. The agent node is as it was.
#[test]
fn an_agent_node_of_a_server_that_was_flashed_anew_joins_the_new_one() {
    let own = converged("pi-2", &server());
    let blank = Facts { agent_secret: Some(AgentSecret::Missing), ..facts() };
    let mut changes = planned("pi-2", &own, Some(&blank));
    assert_eq!(ids(&changes), ["k3s.token", "k3s.forget", "k3s.start"]);
    assert!(changes[1].reason.contains("an authority that the server no longer has"));

    let mut new = server();
    new.token_sha256 = Some("e".repeat(64));
    new.files.insert(paths::SERVER_CA.to_owned(), file(TOKEN, "644"));
    changes = planned("pi-2", &own, Some(&new));
    assert_eq!(ids(&changes), ["k3s.token", "k3s.forget", "k3s.start"]);
    let Action::Run { script, .. } = &changes[1].actions[0] else { panic!("{changes:?}") };
    assert!(script.starts_with("systemctl stop k3s-agent.service\nrm -f "), "{script}");
    // The same authority with another secret forgets nothing.
    new.files = server().files;
    assert_eq!(ids(&planned("pi-2", &own, Some(&new))), ["k3s.token", "k3s.start"]);
}

/// The script itself, in a folder that stands for the node's.
#[test]
fn the_secret_is_random_and_roots_alone_and_an_earlier_token_is_told_of() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path.trim_start_matches('/'));
    let run = |agents: bool| {
        let mut script = make(agents).replace("chown root:root", ": chown");
        for path in [paths::AGENT_SECRET, paths::SERVER_TOKEN, paths::HANDED_OUT] {
            script = script.replace(path, at(path).to_str().unwrap());
        }
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        fs::read_to_string(at(paths::AGENT_SECRET)).unwrap()
    };
    let first = run(true);
    assert_eq!(first.trim().len(), 64);
    assert!(first.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!at(paths::HANDED_OUT).exists(), "a new cluster has handed nothing out");
    assert_ne!(first, run(true));

    fs::create_dir_all(at(paths::SERVER_TOKEN).parent().unwrap()).unwrap();
    fs::write(at(paths::SERVER_TOKEN), "K10::server:x\n").unwrap();
    run(true);
    assert!(!at(paths::HANDED_OUT).exists(), "agent nodes of this cluster never held it");
    for (agents, told) in [(false, false), (true, true)] {
        fs::remove_file(at(paths::AGENT_SECRET)).unwrap();
        run(agents);
        assert_eq!(at(paths::HANDED_OUT).exists(), told);
    }
    let kept = fs::read_to_string(at(paths::HANDED_OUT)).unwrap();
    assert_eq!(kept.trim(), Sha256::of(b"K10::server:x\n").to_string());
    for path in [paths::AGENT_SECRET, paths::HANDED_OUT] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(at(path).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    assert_eq!(fs::read_dir(at(paths::AGENT_SECRET).parent().unwrap()).unwrap().count(), 2);
}

#[test]
fn a_token_that_was_handed_out_or_set_by_hand_is_said() {
    assert!(notes(&node("pi-1"), &facts()).is_empty());
    let handed = Facts { handed_out: true, ..facts() };
    let said = notes(&node("pi-1"), &handed);
    assert_eq!(said[0].id, "server-token");
    assert!(said[0].hint.contains("sudo k3s token rotate"), "{}", said[0].hint);
    let foreign = Facts { foreign_tokens: vec![paths::AGENT_ENV.to_owned()], ..facts() };
    assert!(notes(&node("pi-2"), &foreign)[0].what.starts_with(paths::AGENT_ENV));
}

#[test]
fn a_cluster_of_one_node_makes_the_secret_too() {
    let own = Facts { agent_secret: Some(AgentSecret::Missing), ..facts() };
    let mut alone = inventory();
    alone.nodes.truncate(1);
    context(&own, |context| {
        let change = secret(&node("pi-1"), &Context { inventory: &alone, ..*context }).unwrap();
        assert_eq!(change.reason, "/etc/rancher/k3s/agent-token missing");
    });
}
