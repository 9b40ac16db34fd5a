//! The node agent: its package, its configuration, and that the running process
//! is of this package and has read this configuration.

pub(crate) mod login;

use terrarium_inventory::Node;
use terrarium_k3s::sums::Sha256;

use login::AgentPage;

use crate::planner::{Binary, Context, Package};
use crate::{Action, Artifacts, Change, Content, Effect, Facts, UnitWait};

pub(crate) const PACKAGE: &str = "terrarium-agent";
pub(crate) const UNIT: &str = "terrarium-agent.service";
/// What `provision` tells the agent's unit.
pub const DROP_IN: &str = "/etc/systemd/system/terrarium-agent.service.d/10-generation.conf";
pub(crate) const CONFIG: &str = "/etc/terrarium/agent.toml";
/// The digest of the configuration the running agent has read. Written last, so
/// that a run that ends between writing and reloading is noticed by the next.
pub(crate) const IN_FORCE: &str = "/etc/terrarium/agent.in-force";
/// Where program and unit lay before they came as a package. This unit would be
/// started instead of the package's.
pub(crate) const FORMER: [&str; 2] =
    ["/usr/local/bin/terrarium-agent", "/etc/systemd/system/terrarium-agent.service"];
const ARCHIVE: &str = "/var/lib/terrarium/terrarium-agent.deb";
const DEADLINE: u64 = 60;
const RELOAD_DEADLINE: u64 = 30;

/// What the agent needs before it starts, which the package's installation does:
/// it serves no page to those who have no login, not even for a moment.
pub(crate) fn prepare(node: &Node, context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let Some(generation) = wanted(context) else { return Vec::new() };
    let mut changes = Vec::new();
    if let AgentPage::Login(login) = &context.artifacts.agent_page {
        changes.extend(login::plan(node, login, facts));
    }
    changes.extend(unit(&generation, context));
    changes.extend(package(context));
    changes
}

/// What the agent has to run on; `None` when there is no agent for the node, or
/// it is not known how its page is served.
fn wanted(context: &Context<'_>) -> Option<String> {
    let Artifacts { agent, agent_page, .. } = context.artifacts;
    let package = agent.get(&context.facts.machine)?;
    let (program, unit) = (&package.program, &package.unit);
    (*agent_page != AgentPage::Unknown).then(|| {
        generation(&[program, unit, &login::settings(agent_page), login::read_at_start(agent_page)])
    })
}

/// Installs the package unless the node has what is in it, installed to its
/// end. Versions do not count: a build may differ from another of its version.
/// The package itself starts the agent, or the new one in place of the old.
fn package(context: &Context<'_>) -> Option<Change> {
    let facts = context.facts;
    let package = context.artifacts.agent.get(&facts.machine)?;
    let reason = match facts.packages.iter().any(|name| name == PACKAGE) {
        true => other(Package::PROGRAM, &package.program, "755", facts)
            .or_else(|| other(Package::UNIT, &package.unit, "644", facts))?,
        false if facts.files.contains_key(Package::PROGRAM) => {
            let program = Package::PROGRAM;
            format!("{program} is there, but dpkg does not call its package installed")
        }
        false => "not installed".to_owned(),
    };
    let title = "install the node agent";
    let change = Change::new("agent.package", title, reason);
    Some(
        change
            .effect(Effect::Restarts(UNIT.to_owned()))
            .act(artifact(ARCHIVE, "0644", Binary::Agent(facts.machine.clone())))
            .act(Action::Package {
                archive: ARCHIVE.to_owned(),
                program: Package::PROGRAM.to_owned(),
                sha256: package.program.clone(),
            }),
    )
}

/// Everything about the agent that its package need not wait for.
pub(crate) fn plan(context: &Context<'_>) -> Vec<Change> {
    let facts = context.facts;
    let Some(generation) = wanted(context) else { return Vec::new() };
    let mut changes = Vec::new();
    changes.extend(former(facts));
    let start = start(&generation, facts);
    changes.extend(configure(&context.artifacts.agent_config, start.is_some(), facts));
    changes.extend(start);
    changes
}

/// The package's unit is the one that counts, and is told which generation it
/// starts and how it serves its page.
fn unit(generation: &str, context: &Context<'_>) -> Option<Change> {
    let settings = login::settings(&context.artifacts.agent_page);
    let text = format!("[Service]\nEnvironment=TERRARIUM_GENERATION={generation}\n{settings}");
    if same(context.facts, DROP_IN, &text) {
        return None;
    }
    let reason = file_reason(context.facts, &[(DROP_IN, &text)]);
    let change = Change::new("agent.unit", "set up the node agent's unit", reason);
    Some(change.act(Action::text(DROP_IN, "0644", text)))
}

/// What came before there was a package leaves.
fn former(facts: &Facts) -> Option<Change> {
    let former: Vec<&str> =
        FORMER.into_iter().filter(|path| facts.files.contains_key(*path)).collect();
    if former.is_empty() {
        return None;
    }
    let reasons: Vec<String> =
        former.iter().map(|path| format!("{path} is of an earlier version")).collect();
    let script = format!(
        "rm -f {} && systemctl daemon-reload && systemctl reenable --quiet {UNIT} && \
         systemctl restart {UNIT}",
        former.join(" ")
    );
    let title = "remove the node agent of before there was a package";
    let change = Change::new("agent.former", title, reasons.join("; "));
    Some(change.effect(Effect::Restarts(UNIT.to_owned())).act(Action::run(script)))
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

/// How a file that is as wished in its text is open to others than it should be.
pub(crate) fn mode_reason(facts: &Facts, path: &str, mode: &str) -> Option<String> {
    let file = facts.files.get(path)?;
    let wanted = mode.trim_start_matches('0');
    (file.mode != wanted || file.owner != "root:root").then(|| {
        format!("{path} is {} with mode {}, wanted root:root and {wanted}", file.owner, file.mode)
    })
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
    let reason = other(path, sha256, "755", facts)?;
    Some(Change::new(id, format!("install {title}"), reason).act(artifact(path, "0755", binary)))
}

/// How a file of the node is another than this; `None` when it is this one.
fn other(path: &str, sha256: &str, mode: &str, facts: &Facts) -> Option<String> {
    match facts.files.get(path) {
        Some(file) if file.sha256 == sha256 && file.mode == mode => None,
        Some(file) if file.sha256 == sha256 => {
            Some(format!("{path} has mode {}, wanted {mode}", file.mode))
        }
        Some(file) => Some(format!("{path} is {}…, wanted {}…", &file.sha256[..12], &sha256[..12])),
        None => Some(format!("{path} missing")),
    }
}

fn artifact(path: &str, mode: &str, binary: Binary) -> Action {
    Action::Write {
        path: path.to_owned(),
        mode: Some(mode.to_owned()),
        content: Content::Artifact(binary),
        backup: false,
        over: None,
    }
}

/// Why a unit does not run, enabled, with exactly this generation of its inputs.
pub(crate) fn differs(unit: &str, generation: &str, facts: &Facts) -> Option<String> {
    match facts.units.get(unit) {
        None => Some("not running".to_owned()),
        Some(found) if found.active != "active" => Some(format!("is {}", found.active)),
        Some(found) if found.generation.as_deref() != Some(generation) => {
            Some("runs with an earlier binary or configuration".to_owned())
        }
        Some(found) if found.needs_reload => Some("systemd has not read its unit file".to_owned()),
        Some(found) if found.enabled != "enabled" => Some("would not start at boot".to_owned()),
        Some(_) => None,
    }
}

/// Starts the agent unless it runs so.
fn start(generation: &str, facts: &Facts) -> Option<Change> {
    let reason = differs(UNIT, generation, facts)?;
    let wait = UnitWait {
        unit: UNIT.to_owned(),
        generation: generation.to_owned(),
        token: None,
        deadline: DEADLINE,
    };
    Some(
        Change::new("agent.start", "start the node agent", reason)
            .effect(Effect::Restarts(UNIT.to_owned()))
            .act(Action::Start(wait)),
    )
}

#[cfg(test)]
mod tests;
