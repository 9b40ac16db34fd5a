//! A Kubernetes that is on a node already. One that we have not set up is never
//! taken over without a word: `adopt = true` of the node is the word. What is not
//! k3s never is.
//!
//! Ours is known by the mark in its configuration or its unit, which every version
//! has written, configuration first and before the first start: so a run that was
//! cut off anywhere leaves nothing that looks like somebody else's. Data alone is
//! ours where it has our mark beside it.

mod belongs;
mod diff;
mod goes;
mod keep;
mod words;

use serde::Serialize;
use terrarium_inventory::{Node, Role};
use terrarium_k3s::paths;
use terrarium_k3s::told::{self, Options, Started};

pub(crate) use belongs::other_cluster;
pub(crate) use diff::replaced;

use crate::bytes::Bytes;
use crate::planner::{Context, is_server};
use crate::{Change, Refusal};

/// What of Kubernetes is on a node, whoever has set it up. Secrets have been taken
/// out of the texts before they left the node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Existing {
    /// `config.yaml` of k3s, then files of `config.yaml.d`, by path.
    pub configs: Vec<(String, Bytes)>,
    /// Units whose names begin with `k3s`, by path.
    pub units: Vec<(String, Bytes)>,
    /// What is laid over such units, by path.
    pub drop_ins: Vec<(String, Bytes)>,
    /// The files of variables that units of k3s read.
    pub variables: Vec<(String, Bytes)>,
    /// What k3s has left in its data folder: databases, token, certificate.
    pub data: Vec<String>,
    /// The address that an embedded etcd is known by.
    pub etcd: Option<String>,
    /// The scripts of k3s' installer that take it away.
    pub uninstall: Vec<String>,
    /// Other kinds of Kubernetes, each with what shows it.
    pub others: Vec<(String, String)>,
    /// The name of the inventory whose cluster this is, where it has been noted.
    pub cluster: Option<String>,
}

impl Existing {
    /// The text of a file.
    fn text(&self, path: &str) -> Option<String> {
        let mut files = self.configs.iter().chain(&self.units);
        files.find(|(known, _)| known == path).map(|(_, bytes)| bytes.text())
    }

    /// Whether configuration or unit are of our writing.
    fn is_ours(&self) -> bool {
        [paths::CONFIG, paths::SERVER_UNIT, paths::AGENT_UNIT]
            .iter()
            .any(|path| self.text(path).is_some_and(|text| told::is_ours(&text)))
    }

    /// Units of somebody else's that start a k3s, or have the name of one that does.
    fn foreign_units(&self) -> Vec<(&str, Started)> {
        let units = self.units.iter().filter(|(_, text)| !told::is_ours(&text.text()));
        units
            .map(|(path, text)| (path.as_str(), told::unit(&text.text())))
            .filter(|(path, started)| started.part.is_some() || told::usual(path).is_some())
            .collect()
    }

    /// `config.yaml` of somebody else's that says something.
    fn foreign_config(&self) -> Option<&str> {
        let (path, text) = self.configs.iter().find(|(path, _)| path == paths::CONFIG)?;
        let text = text.text();
        let silent = told::config(&text).is_ok_and(|options| options.is_empty());
        (!told::is_ours(&text) && !silent).then_some(path)
    }

    /// Whether there is a k3s that nobody can tell to be of this inventory.
    fn is_foreign(&self, cluster: &str) -> bool {
        let left = !self.data.is_empty() && self.cluster.as_deref() != Some(cluster);
        let has = left || self.foreign_config().is_some() || !self.foreign_units().is_empty();
        has && !self.is_ours()
    }

    /// What k3s is told there, as far as it can be read.
    fn options(&self) -> Options {
        let mut all = Options::new();
        for (_, text) in &self.variables {
            all.extend(told::variables(&text.text()));
        }
        let units: Vec<Started> =
            self.units.iter().map(|(_, text)| told::unit(&text.text())).collect();
        let started = units.iter().filter(|started| started.part.is_some());
        for (_, text) in &self.drop_ins {
            all.extend(told::unit(&text.text()).variables);
        }
        all.extend(started.clone().flat_map(|started| started.variables.clone()));
        for (_, text) in &self.configs {
            all.extend(told::config(&text.text()).unwrap_or_default());
        }
        all.extend(started.flat_map(|started| started.options.clone()));
        all
    }

    /// Whether it has, or starts, the control plane.
    fn is_server(&self) -> bool {
        self.foreign_units().iter().any(|(_, started)| started.part == Some(Role::Server))
            || self.data.iter().any(|path| path.contains("/server/"))
    }
}

/// Why the node is left alone.
pub(crate) fn refusals(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let existing = &context.facts.existing;
    let mut refusals: Vec<Refusal> = words::others(node, existing).collect();
    let foreign = existing.is_foreign(&context.inventory.cluster.name);
    match (foreign, node.adopt) {
        (true, true) => refusals.extend(keep::refusals(node, context)),
        (true, false) => refusals.push(words::found(node, context)),
        (false, _) => {}
    }
    if !foreign && !node.adopt {
        refusals.extend(belongs::refusals(node, context));
    }
    refusals
}

/// What is worth saying about one that is taken over.
pub(crate) fn notes(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let existing = &context.facts.existing;
    if !node.adopt {
        return None;
    }
    if existing.is_foreign(&context.inventory.cluster.name) {
        return Some(goes::note(node, context));
    }
    let done = existing.cluster.as_deref() == Some(context.inventory.cluster.name.as_str());
    done.then(|| {
        Refusal::new(
            &node.name,
            "adopt",
            "its k3s has been taken over, and `adopt = true` would take over the next one, too",
            "take the line out of the inventory",
        )
    })
}

/// A change of a file of k3s' that may be somebody else's: then a copy of that is
/// kept, and the plan shows what becomes of it.
pub(crate) fn keeps(change: Change, context: &Context<'_>, path: &str, text: &str) -> Change {
    let Some(before) = context.facts.existing.text(path).filter(|text| !told::is_ours(text)) else {
        return change;
    };
    let over = context.facts.files.get(path).map(|file| &file.sha256);
    change.keeping(over).replaces(replaced(path, &before, text))
}

/// The part of the node, in words.
fn part(node: &Node) -> &'static str {
    if is_server(node) { "the server" } else { "an agent node" }
}

#[cfg(test)]
mod tests;
