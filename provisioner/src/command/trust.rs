//! `provision trust`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use serde::Serialize;
use terrarium_inventory::{Inventory, Node};
use terrarium_ssh::{ConnectError, HostKey, Limits, Look, RecordedKey, Standing, Target};
use tokio::task::JoinSet;

use super::{load, scope};
use crate::cli::{Common, Trust};
use crate::error::{Code, Failure};
use crate::hostkeys::{self, Record, describe};
use crate::report::terminal;
use crate::settings::Settings;
use crate::{host, reach};

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    nodes: Vec<Told>,
}

/// The keys of a node, or of a jump host on the way to one, and what became of them.
#[derive(Serialize)]
struct Told {
    node: String,
    /// Whether it is no node, but a host on the way to one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    jump: bool,
    address: String,
    outcome: Outcome,
    offered: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded_before: Vec<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Key {
    algorithm: String,
    fingerprint: String,
}

/// What became of a node's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// They are known already, by the inventory or by `known_hosts`.
    Known,
    Recorded,
    Replaced,
    /// Nobody said yes.
    NotRecorded,
    /// Another key is recorded, and nobody said that it is to be replaced.
    Changed,
    /// The key is revoked, or none of those of the inventory.
    Refused,
    Unreachable,
}

/// Shows the host keys of nodes, and records them after a look.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    options: &Trust,
) -> Result<Code, Failure> {
    let inventory = load(common, settings)?;
    let mut targets = Vec::new();
    for node in wanted(&inventory, &options.nodes)? {
        host::hold(node, settings)?;
        targets.push(reach::target(node, None, settings)?);
    }
    let limits = Limits::default().patient(common.patience);
    let mut nodes = on_the_way(&targets, &limits, common, settings, options).await?;
    let mut tasks = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        let limits = limits.clone();
        tasks.spawn(async move {
            let look = terrarium_ssh::look(&target, &limits).await;
            (index, target, look)
        });
    }
    let mut looks = tasks.join_all().await;
    looks.sort_by_key(|(index, ..)| *index);
    for (_, target, look) in looks {
        let told = one(&target, look, common, settings, options).await?;
        if !common.json {
            terminal::text(&told.text());
        }
        nodes.push(told);
    }
    let trusted = nodes.iter().all(|told| told.outcome.is_trust());
    if common.json {
        terminal::json(&Document { nodes })?;
    }
    Ok(if trusted { Code::Done } else { Code::Connection })
}

/// The jump hosts whose keys are not known, each before what is behind it.
async fn on_the_way(
    targets: &[Target],
    limits: &Limits,
    common: &Common,
    settings: &Settings,
    options: &Trust,
) -> Result<Vec<Told>, Failure> {
    let mut seen = BTreeSet::new();
    let mut hops = Vec::new();
    for hop in targets.iter().flat_map(Target::way).filter(|target| target.is_jump) {
        let recorded = terrarium_ssh::is_recorded(&hop);
        if !seen.insert(Record::of(&hop)) || recorded.is_ok_and(|recorded| recorded) {
            continue;
        }
        let look = terrarium_ssh::look(&hop, limits).await;
        let told = one(&hop, look, common, settings, options).await?;
        if !common.json {
            terminal::text(&told.text());
        }
        hops.push(told);
    }
    Ok(hops)
}

/// The nodes that are named, or all.
fn wanted<'a>(inventory: &'a Inventory, names: &[String]) -> Result<Vec<&'a Node>, Failure> {
    if names.is_empty() {
        return Ok(inventory.nodes.iter().collect());
    }
    names.iter().map(|name| scope::find(name, inventory)).collect()
}

async fn one(
    target: &Target,
    look: Result<Look, ConnectError>,
    common: &Common,
    settings: &Settings,
    options: &Trust,
) -> Result<Told, Failure> {
    let mut told = Told::of(target);
    let look = match look {
        Ok(look) => look,
        Err(error) => {
            told.error = Some(Failure::of(Code::Connection, &error).hint(error.hint()).line());
            return Ok(told);
        }
    };
    told.offered = look.keys.iter().map(Key::of).collect();
    let mut before = String::new();
    match &look.standing {
        Standing::Known => {
            told.outcome = Outcome::Known;
            return Ok(told);
        }
        Standing::NotPinned => {
            told.outcome = Outcome::Refused;
            told.error = Some(format!(
                "`host_key` in the inventory says {}: correct it there if the node was flashed anew",
                target.host_keys.join(" or ")
            ));
            return Ok(told);
        }
        Standing::Revoked(revoked) => {
            told.outcome = Outcome::Refused;
            told.error = Some(revoked.to_string());
            return Ok(told);
        }
        Standing::Changed(changed) => {
            told.recorded_before = changed.recorded.iter().map(Key::recorded).collect();
            told.outcome = Outcome::Changed;
            if !options.replace {
                told.error = Some(
                    "another key is recorded: if the node was flashed anew, say --replace; if not, \
                     somebody may be answering in its place"
                        .to_owned(),
                );
                return Ok(told);
            }
            for key in &changed.recorded {
                let _ = writeln!(before, "  {key}");
            }
        }
        Standing::New => told.outcome = Outcome::NotRecorded,
    }
    let Some(keys) = accepted(target, &look, &before, common, settings, options).await? else {
        told.error = Some(if options.fingerprints.is_empty() {
            "not recorded: say yes on a terminal, or --yes, or --fingerprint".to_owned()
        } else {
            "none of its keys has a fingerprint that was given".to_owned()
        });
        return Ok(told);
    };
    hostkeys::record(target, &keys, options.replace)?;
    told.outcome = if before.is_empty() { Outcome::Recorded } else { Outcome::Replaced };
    Ok(told)
}

/// The keys that somebody vouches for: by a fingerprint, by --yes, or when asked.
async fn accepted(
    target: &Target,
    look: &Look,
    before: &str,
    common: &Common,
    settings: &Settings,
    options: &Trust,
) -> Result<Option<Vec<HostKey>>, Failure> {
    if !options.fingerprints.is_empty() {
        let given = |key: &&HostKey| options.fingerprints.contains(&key.fingerprint());
        let keys: Vec<HostKey> = look.keys.iter().filter(given).cloned().collect();
        return Ok((!keys.is_empty()).then_some(keys));
    }
    if options.yes {
        return Ok(Some(look.keys.clone()));
    }
    if common.json || !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let recorded = if before.is_empty() {
        String::new()
    } else {
        format!("Another key is recorded for it:\n{before}")
    };
    let what = if target.is_jump { "Jump host" } else { "Node" };
    let introduction =
        format!("{recorded}{what} `{}` offers, at {}", target.node, describe(target, &look.keys));
    hostkeys::ask(introduction, &look.keys, &settings.cancel).await
}

impl Key {
    fn of(key: &HostKey) -> Self {
        Self { algorithm: key.algorithm().to_owned(), fingerprint: key.fingerprint() }
    }

    fn recorded(key: &RecordedKey) -> Self {
        let damaged = || "(damaged)".to_owned();
        Self {
            algorithm: key.algorithm.clone(),
            fingerprint: key.fingerprint.clone().unwrap_or_else(damaged),
        }
    }
}

impl Outcome {
    fn is_trust(self) -> bool {
        matches!(self, Self::Known | Self::Recorded | Self::Replaced)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Recorded => "recorded",
            Self::Replaced => "recorded in place of the old key",
            Self::NotRecorded => "NOT RECORDED",
            Self::Changed => "CHANGED",
            Self::Refused => "REFUSED",
            Self::Unreachable => "NO ANSWER",
        }
    }
}

impl Told {
    /// Before anything is known of its keys.
    fn of(target: &Target) -> Self {
        Self {
            node: target.node.clone(),
            jump: target.is_jump,
            address: format!("{}:{}", target.host, target.port),
            outcome: Outcome::Unreachable,
            offered: Vec::new(),
            recorded_before: Vec::new(),
            error: None,
        }
    }

    /// For people.
    fn text(&self) -> String {
        let mut text = format!("{} ({}): {}\n", self.node, self.address, self.outcome.words());
        let keys = self.offered.iter().map(|key| ("offers", key));
        for (word, key) in keys.chain(self.recorded_before.iter().map(|key| ("recorded", key))) {
            let _ = writeln!(text, "  {word:<8} {} {}", key.algorithm, key.fingerprint);
        }
        if let Some(error) = &self.error {
            let _ = writeln!(text, "  {error}");
        }
        text
    }
}
