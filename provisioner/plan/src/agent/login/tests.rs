//! Tables of what is done about the login.

use super::*;
use crate::fixture::{context, converge, facts, login, node};
use crate::planner::Artifacts;
use crate::{Cluster, FileFact, Validity};

/// The facts of a server whose login is in force.
fn server() -> Facts {
    let mut facts = facts();
    converge(&mut facts, |context| super::super::prepare(context.inventory.server(), context));
    facts
}

#[test]
fn what_was_written_whole_is_the_login() {
    assert_eq!(login_of(&facts()), None);
    assert_eq!(login_of(&server()), Some(login()));
}

/// Each part taken away, spoilt and opened, and the file that names them all: a
/// login that is not whole is none, and every part of it is made anew.
#[test]
fn a_login_that_is_not_whole_is_no_login() {
    type Spoil = fn(&mut Facts, &str);
    let spoils: [(&str, Spoil); 4] = [
        ("missing", |facts, path| drop(facts.files.remove(path))),
        ("spoilt", |facts, path| {
            let file = facts.files[path].clone();
            let spoilt = FileFact { sha256: "0".repeat(64), ..file };
            facts.files.insert(path.to_owned(), spoilt);
        }),
        ("open", |facts, path| facts.files.get_mut(path).unwrap().mode = "666".to_owned()),
        ("somebody's", |facts, path| {
            facts.files.get_mut(path).unwrap().owner = "pi:pi".to_owned();
        }),
    ];
    for path in files() {
        for (how, spoil) in spoils {
            let mut facts = server();
            spoil(&mut facts, path);
            // What is wrong with the list of parts alone is told by its digest.
            if path == MADE && !matches!(how, "missing" | "spoilt") {
                continue;
            }
            assert_eq!(login_of(&facts), None, "{path} {how}");
        }
    }
}

#[test]
fn a_certificate_about_to_expire_is_made_anew_with_its_login() {
    let day = 86_400;
    for (left, lasts) in [(59, false), (61, true), (-1, false)] {
        let mut facts = server();
        let end = facts.clock.now + left * day;
        facts.certificates[0].end = Some(Validity { end, authority: false });
        assert_eq!(login_of(&facts).is_some(), lasts, "{left} days");
    }
    let mut none = server();
    none.certificates[0].end = None;
    assert_eq!(login_of(&none), None);
}

/// What is planned for the node with this page.
fn planned(name: &str, facts: &Facts, page: &AgentPage) -> Vec<Change> {
    let mut changes = Vec::new();
    context(facts, |context| {
        let artifacts = Artifacts { agent_page: page.clone(), ..context.artifacts.clone() };
        let context = Context { artifacts: &artifacts, ..*context };
        changes = super::super::prepare(&node(name), &context);
        changes.extend(super::super::plan(&context));
    });
    changes
}

fn ids(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.id.as_str()).collect()
}

#[test]
fn an_agent_node_has_what_the_server_has() {
    let mut agent = server();
    agent.files.remove(MADE);
    for part in LoginPart::ALL {
        let mut facts = agent.clone();
        facts.files.get_mut(part.path()).unwrap().sha256 = "0".repeat(64);
        let changes = planned("pi-2", &facts, &AgentPage::Login(login()));
        let change = changes.iter().find(|change| change.id == "agent.login").unwrap();
        assert_eq!(change.reason, format!("{} differs", part.path()));
        let [Action::Write { path, content, .. }] = &change.actions[..] else {
            panic!("{change:?}")
        };
        assert_eq!((path.as_str(), content), (part.path(), &Content::Login(part)));
    }
    let whole = planned("pi-2", &agent, &AgentPage::Login(login()));
    assert!(!ids(&whole).contains(&"agent.login"), "{whole:?}");
}

/// The package starts the agent: what it serves its page by is there before.
#[test]
fn no_agent_is_installed_before_its_login_is_there() {
    let changes = planned("pi-1", &facts(), &AgentPage::Login(login()));
    assert_eq!(ids(&changes)[..3], ["agent.login", "agent.unit", "agent.package"]);
    let unit = format!("{:?}", changes[1].actions);
    assert!(unit.contains("ARGS=--web.config.file=/etc/terrarium/agent.web.yml"), "{unit}");
    // Whose login is not known stays as it is.
    assert_eq!(ids(&planned("pi-2", &facts(), &AgentPage::Unknown)), [""; 0]);
}

#[test]
fn another_key_is_read_at_a_restart_and_another_password_without() {
    let mut facts = facts();
    converge(&mut facts, |context| {
        let server = context.inventory.server();
        super::super::prepare(server, context)
            .into_iter()
            .chain(super::super::plan(context))
            .collect()
    });
    let other = "0".repeat(64);
    let key = LoginDigests { key: other.clone(), ..login() };
    let password = LoginDigests { password: other.clone(), web: other, ..login() };
    let after = |login| {
        let changes = planned("pi-1", &facts, &AgentPage::Login(login));
        changes.into_iter().map(|change| change.id).collect::<Vec<_>>()
    };
    assert_eq!(after(key), ["agent.login", "agent.unit", "agent.start"]);
    assert_eq!(after(password), ["agent.login"]);
}

#[test]
fn an_open_page_has_no_login() {
    let changes = planned("pi-1", &facts(), &AgentPage::Open);
    assert_eq!(ids(&changes), ["agent.unit", "agent.package", "agent.config", "agent.start"]);
    let unit = format!("{:?}", changes[0].actions);
    assert!(!unit.contains("ARGS") && !unit.contains("LoadCredential"), "{unit}");
}

#[test]
fn prometheus_finds_the_login_of_the_agents_in_the_cluster() {
    let mut facts = server();
    let reason = |facts: &Facts| {
        let mut reason = None;
        context(facts, |context| {
            let mut inventory = context.inventory.clone();
            inventory.stack.profile = Some("starter".to_owned());
            let context = Context { inventory: &inventory, ..*context };
            reason = secret(&node("pi-1"), &context).map(|change| change.reason);
            assert!(secret(&node("pi-2"), &context).is_none());
        });
        reason
    };
    assert_eq!(reason(&facts).as_deref(), Some("missing"));
    let LoginDigests { certificate, password, .. } = login();
    for (found, expected) in [
        ((password.clone(), certificate.clone()), None),
        ((certificate.clone(), certificate), Some("is not the one of the agents")),
        ((password.clone(), password), Some("is not the one of the agents")),
    ] {
        facts.cluster = Some(Cluster { agent_login: Some(found), ..Cluster::default() });
        assert_eq!(reason(&facts).as_deref(), expected);
    }
    // Nothing secret is in a command's arguments.
    assert!(apply().contains("--from-file=password=/etc/terrarium/agent.password"));
}
