//! The node agent: its binary, its unit, its configuration, and that the running
//! process is of this binary and this unit and has read this configuration.

use terrarium_k3s::sums::Sha256;

use crate::planner::{Binary, Context};
use crate::{Action, Change, Content, Effect, Facts, UnitWait};

pub(crate) const BINARY: &str = "/usr/local/bin/terrarium-agent";
pub(crate) const UNIT: &str = "terrarium-agent.service";
pub(crate) const UNIT_FILE: &str = "/etc/systemd/system/terrarium-agent.service";
pub(crate) const DROP_IN: &str = "/etc/systemd/system/terrarium-agent.service.d/10-generation.conf";
pub(crate) const CONFIG: &str = "/etc/terrarium/agent.toml";
/// The digest of the configuration the running agent has read. Written last, so
/// that a run that ends between writing and reloading is noticed by the next.
pub(crate) const IN_FORCE: &str = "/etc/terrarium/agent.in-force";
const UNIT_TEXT: &str = include_str!("../../../agent/unit/terrarium-agent.service");
const DEADLINE: u64 = 60;
const RELOAD_DEADLINE: u64 = 30;

pub(crate) fn plan(context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let Some(sha256) = context.artifacts.agent.get(&facts.machine) else { return Vec::new() };
    let generation = generation(&[sha256, UNIT_TEXT]);
    let drop_in = format!("[Service]\nEnvironment=TERRARIUM_GENERATION={generation}\n");
    let mut changes = Vec::new();
    changes.extend(binary(
        "agent.binary",
        "the node agent",
        BINARY,
        sha256,
        Binary::Agent(facts.machine.clone()),
        facts,
    ));
    let files = [(UNIT_FILE, UNIT_TEXT), (DROP_IN, drop_in.as_str())];
    let different: Vec<_> =
        files.into_iter().filter(|(path, text)| !same(facts, path, text)).collect();
    if !different.is_empty() {
        let mut change = Change::new(
            "agent.unit",
            "set up the node agent's unit",
            file_reason(facts, &different),
        );
        for (path, text) in different {
            change = change.act(Action::text(path, "0644", text));
        }
        changes.push(change);
    }
    let start = start("agent.start", "start the node agent", UNIT, &generation, DEADLINE, facts);
    changes.extend(configure(&context.artifacts.agent_config, start.is_some(), facts));
    changes.extend(start);
    changes
}

/// Brings the configuration. An agent that is about to start reads it by
/// itself; one that runs is told to read it again, not restarted.
fn configure(text: &str, starts: bool, facts: &Facts) -> Option<Change> {
    let in_force = format!("{}\n", Sha256::of(text.as_bytes()));
    let files = [(CONFIG, text), (IN_FORCE, in_force.as_str())];
    let different: Vec<_> =
        files.into_iter().filter(|(path, text)| !same(facts, path, text)).collect();
    if different.is_empty() {
        return None;
    }
    let reason = file_reason(facts, &different);
    let mut change = Change::new("agent.config", "tell the node agent whom to probe", reason)
        .act(Action::text(CONFIG, "0644", text));
    if !starts {
        let script = format!("systemctl reload {UNIT}");
        change = change.act(Action::Run { script, deadline: RELOAD_DEADLINE });
    }
    Some(change.act(Action::text(IN_FORCE, "0644", &in_force)))
}

/// A short digest over everything a unit runs on.
pub(crate) fn generation(inputs: &[&str]) -> String {
    // Lengths keep one input's end from passing for another's beginning.
    let framed: Vec<u8> = inputs
        .iter()
        .flat_map(|input| (input.len() as u64).to_le_bytes().into_iter().chain(input.bytes()))
        .collect();
    Sha256::of(&framed).to_string()[..16].to_owned()
}

/// Whether the node has this text in this file.
pub(crate) fn same(facts: &Facts, path: &str, text: &str) -> bool {
    facts.files.get(path).is_some_and(|file| file.sha256 == Sha256::of(text.as_bytes()).to_string())
}

pub(crate) fn file_reason(facts: &Facts, files: &[(&str, &str)]) -> String {
    let state = |path: &str| if facts.files.contains_key(path) { "differs" } else { "missing" };
    files.iter().map(|(path, _)| format!("{path} {}", state(path))).collect::<Vec<_>>().join("; ")
}

/// Brings a binary when the node has another or none.
pub(crate) fn binary(
    id: &str,
    title: &str,
    path: &str,
    sha256: &str,
    binary: Binary,
    facts: &Facts,
) -> Option<Change> {
    let reason = match facts.files.get(path) {
        Some(file) if file.sha256 == sha256 && file.mode == "755" => return None,
        Some(file) if file.sha256 == sha256 => format!("{path} has mode {}, wanted 755", file.mode),
        Some(file) => format!("{path} is {}…, wanted {}…", &file.sha256[..12], &sha256[..12]),
        None => format!("{path} missing"),
    };
    Some(Change::new(id, format!("install {title}"), reason).act(Action::Write {
        path: path.to_owned(),
        mode: Some("0755".to_owned()),
        content: Content::Artifact(binary),
        backup: false,
    }))
}

/// Starts a unit unless it runs, enabled, with exactly this generation of its inputs.
pub(crate) fn start(
    id: &str,
    title: &str,
    unit: &str,
    generation: &str,
    deadline: u64,
    facts: &Facts,
) -> Option<Change> {
    let reason = match facts.units.get(unit) {
        None => "not running".to_owned(),
        Some(found) if found.active != "active" => format!("is {}", found.active),
        Some(found) if found.generation.as_deref() != Some(generation) => {
            "runs with an earlier binary or configuration".to_owned()
        }
        Some(found) if found.needs_reload => "systemd has not read its unit file".to_owned(),
        Some(found) if found.enabled != "enabled" => "would not start at boot".to_owned(),
        Some(_) => return None,
    };
    Some(Change::new(id, title, reason).effect(Effect::Restarts(unit.to_owned())).act(
        Action::Start(UnitWait {
            unit: unit.to_owned(),
            generation: generation.to_owned(),
            deadline,
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{context, converge, facts};
    use crate::{FileFact, UnitFact};

    fn ids(facts: &Facts) -> Vec<String> {
        let mut ids = Vec::new();
        context(facts, |context| ids = plan(context).into_iter().map(|change| change.id).collect());
        ids
    }

    #[test]
    fn a_fresh_node_gets_everything_and_a_converged_one_nothing() {
        let mut facts = facts();
        assert_eq!(ids(&facts), ["agent.binary", "agent.unit", "agent.config", "agent.start"]);
        converge(&mut facts, plan);
        assert_eq!(ids(&facts), [""; 0]);
    }

    #[test]
    fn another_configuration_is_reloaded_and_restarts_nothing() {
        let mut facts = facts();
        converge(&mut facts, plan);
        for path in [CONFIG, IN_FORCE] {
            let mut other = facts.clone();
            other.files.remove(path);
            context(&other, |context| {
                let changes = plan(context);
                let [change] = &changes[..] else { panic!("{changes:?}") };
                assert_eq!(change.id, "agent.config");
                let [Action::Write { .. }, Action::Run { script, .. }, Action::Write { path, .. }] =
                    &change.actions[..]
                else {
                    panic!("{change:?}")
                };
                assert_eq!(script, "systemctl reload terrarium-agent.service");
                assert_eq!(path, IN_FORCE);
            });
        }
    }

    #[test]
    fn a_process_of_an_earlier_generation_is_restarted() {
        let mut facts = facts();
        converge(&mut facts, plan);
        facts.units.get_mut(UNIT).unwrap().generation = Some("0123456789abcdef".to_owned());
        assert_eq!(ids(&facts), ["agent.start"]);
    }

    #[test]
    fn a_binary_that_differs_is_replaced() {
        let mut facts = facts();
        converge(&mut facts, plan);
        let other = FileFact { sha256: "0".repeat(64), ..facts.files[BINARY].clone() };
        facts.files.insert(BINARY.to_owned(), other);
        assert_eq!(ids(&facts), ["agent.binary"]);
        let stopped = UnitFact { active: "failed".to_owned(), ..facts.units[UNIT].clone() };
        facts.units.insert(UNIT.to_owned(), stopped);
        assert_eq!(ids(&facts), ["agent.binary", "agent.start"]);
    }
}
