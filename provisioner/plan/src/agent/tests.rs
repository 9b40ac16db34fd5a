//! Tables of what is done about the agent.

use super::*;
use crate::fixture::{context, converge, facts, package as wanted};
use crate::{FileFact, UnitFact};

/// In the order they are carried out, on the server.
fn both(context: &Context<'_>) -> Vec<Change> {
    let server = context.inventory.server();
    prepare(server, context).into_iter().chain(plan(context)).collect()
}

fn planned(facts: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    context(facts, |context| changes = both(context));
    changes
}

fn ids(facts: &Facts) -> Vec<String> {
    planned(facts).into_iter().map(|change| change.id).collect()
}

/// The facts of a node that is as wished.
fn converged() -> Facts {
    let mut facts = facts();
    converge(&mut facts, both);
    facts
}

#[test]
fn a_fresh_node_gets_everything_and_a_converged_one_nothing() {
    assert_eq!(
        ids(&facts()),
        ["agent.login", "agent.unit", "agent.package", "agent.config", "agent.start"]
    );
    assert_eq!(ids(&converged()), [""; 0]);
}

#[test]
fn another_configuration_is_reloaded_and_restarts_nothing() {
    for path in [CONFIG, IN_FORCE] {
        let mut other = converged();
        other.files.remove(path);
        let changes = planned(&other);
        let [change] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(change.id, "agent.config");
        let [Action::Write { .. }, Action::Run { script, .. }, Action::Write { path, .. }] =
            &change.actions[..]
        else {
            panic!("{change:?}")
        };
        assert_eq!(script, "systemctl reload terrarium-agent.service");
        assert_eq!(path, IN_FORCE);
    }
}

#[test]
fn a_process_of_an_earlier_generation_is_restarted() {
    let mut facts = converged();
    facts.units.get_mut(UNIT).unwrap().generation = Some("0123456789abcdef".to_owned());
    assert_eq!(ids(&facts), ["agent.start"]);
    let stopped = UnitFact { active: "failed".to_owned(), ..facts.units[UNIT].clone() };
    facts.units.insert(UNIT.to_owned(), stopped);
    assert_eq!(ids(&facts), ["agent.start"]);
}

/// Of equal versions and in every state a power cut leaves behind: the package
/// is installed again, and with that all is well.
#[test]
fn a_package_that_is_not_whole_is_installed_again() {
    type Break = fn(&mut Facts);
    let breaks: [(&str, Break); 6] = [
        ("not installed", |facts| {
            facts.packages.clear();
            facts.files.remove(Package::PROGRAM);
        }),
        ("dpkg does not call its package installed", |facts| facts.packages.clear()),
        ("/usr/bin/terrarium-agent is 000000000000…", |facts| {
            let file = facts.files[Package::PROGRAM].clone();
            let other = FileFact { sha256: "0".repeat(64), ..file };
            facts.files.insert(Package::PROGRAM.to_owned(), other);
        }),
        ("has mode 600, wanted 755", |facts| {
            facts.files.get_mut(Package::PROGRAM).unwrap().mode = "600".to_owned();
        }),
        ("terrarium-agent.service is 000000000000…", |facts| {
            let file = facts.files[Package::UNIT].clone();
            let other = FileFact { sha256: "0".repeat(64), ..file };
            facts.files.insert(Package::UNIT.to_owned(), other);
        }),
        ("terrarium-agent.service missing", |facts| {
            facts.files.remove(Package::UNIT);
        }),
    ];
    for (reason, damage) in breaks {
        let mut facts = converged();
        damage(&mut facts);
        let changes = planned(&facts);
        let [change] = &changes[..] else { panic!("{reason}: {changes:?}") };
        assert_eq!(change.id, "agent.package", "{reason}");
        assert!(change.reason.contains(reason), "{}", change.reason);
        let [Action::Write { path, content, .. }, Action::Package { archive, sha256, .. }] =
            &change.actions[..]
        else {
            panic!("{change:?}")
        };
        assert_eq!(path, archive);
        assert_eq!(content, &Content::Artifact(Binary::Agent("aarch64".to_owned())));
        assert_eq!(*sha256, wanted().program);
        converge(&mut facts, both);
        assert_eq!(ids(&facts), [""; 0], "{reason}");
    }
}

#[test]
fn what_came_before_there_was_a_package_leaves() {
    for path in FORMER {
        let mut facts = converged();
        facts.files.insert(path.to_owned(), facts.files[Package::PROGRAM].clone());
        let changes = planned(&facts);
        let [change] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(change.id, "agent.former");
        assert_eq!(change.reason, format!("{path} is of an earlier version"));
        let [Action::Run { script, .. }] = &change.actions[..] else { panic!("{change:?}") };
        assert!(
            script.starts_with(&format!("rm -f {path} && systemctl daemon-reload")),
            "{script}"
        );
    }
}
