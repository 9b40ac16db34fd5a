//! The vocabulary of a plan.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::action::Action;
use crate::bytes::{line, lines};

/// What has to happen, per node and for the stack. Equal inputs, byte-equal JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Plan {
    /// Changes of each node, in the order they are carried out.
    pub nodes: BTreeMap<String, Vec<Change>>,
    /// Releases of the stack that differ from what is deployed, in order.
    pub stack: Vec<StackChange>,
    /// Reasons not to touch anything. A plan with one is never applied.
    pub refusals: Vec<Refusal>,
    /// What the operator should know, though nothing is done about it.
    pub notes: Vec<Refusal>,
}

impl Plan {
    /// Nothing differs and nothing speaks against the nodes.
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty() && self.refusals.is_empty() && self.nodes.values().all(Vec::is_empty)
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.stack.len() + self.nodes.values().map(Vec::len).sum::<usize>()
    }
}

/// One thing on one node that is not as wished.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Stable name, `concern.item`: `boot.cmdline`, `k3s.config`.
    pub id: String,
    /// What will be done, as a sentence without its full stop.
    pub title: String,
    /// Wish against fact.
    pub reason: String,
    /// What else it does to the node.
    #[serde(skip_serializing_if = "Effect::is_none")]
    pub effect: Effect,
    /// What must have happened elsewhere before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Barrier>,
    /// Lines of somebody else's files that it makes others of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// Files of somebody else's that are written anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Replaced>,
    /// How, in order.
    pub actions: Vec<Action>,
}

/// A file that is written anew, as lines that go (`- `) and come (`+ `). Secrets of
/// the former one are not in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// The file.
    pub path: String,
    /// The lines that differ.
    pub lines: Vec<String>,
}

/// One line of a file, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is there.
    pub before: String,
    /// What will be there.
    pub after: String,
}

/// What a change does beyond its own item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing more.
    #[default]
    None,
    /// (Re)starts this unit.
    Restarts(String),
    /// Restarts the node.
    Reboots,
}

impl Effect {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// A point that a change of one node waits for on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Barrier {
    /// The server's API answers and its token can be read.
    ServerReady,
}

/// A reason not to go on, or a warning: what was found, what was expected, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The node, or `None` for the cluster as a whole.
    pub node: Option<String>,
    /// Stable name of the check.
    pub id: String,
    /// What was found against what was expected.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

impl Refusal {
    /// A refusal or note about one node.
    pub fn new(node: &str, id: &str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            node: Some(node.to_owned()),
            id: id.to_owned(),
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl Refusal {
    /// Whether the cluster is somebody else's, which concerns whoever would join it.
    pub fn is_of_owner(&self) -> bool {
        matches!(self.id.as_str(), "existing-k3s" | "other-inventory")
    }
}

/// One release of the stack that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackChange {
    /// The service.
    pub service: String,
    /// `install`, `upgrade`, `repair`, `recover`.
    pub kind: String,
    /// Wish against fact.
    pub reason: String,
    /// Position of its wave, from 0.
    pub wave: usize,
}

impl Change {
    /// A change with no effect beyond its item and no barrier.
    pub fn new(id: &str, title: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.into(),
            reason: reason.into(),
            effect: Effect::None,
            after: None,
            edits: Vec::new(),
            replaces: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// Adds an action.
    #[must_use]
    pub fn act(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Says which lines of a file it makes others of: those that differ between
    /// two versions with the same number of lines.
    #[must_use]
    pub(crate) fn edits(mut self, path: &str, before: &[u8], after: &[u8]) -> Self {
        let both = lines(before).zip(lines(after)).zip(1..);
        self.edits.extend(both.filter(|((old, new), _)| old != new).map(|((old, new), number)| {
            let text = |bytes| String::from_utf8_lossy(line(bytes)).into_owned();
            Edit { path: path.to_owned(), line: number, before: text(old), after: text(new) }
        }));
        self
    }

    /// Says what becomes of a file that is written anew.
    #[must_use]
    pub(crate) fn replaces(mut self, replaced: Replaced) -> Self {
        self.replaces.push(replaced);
        self
    }

    /// Its file is somebody else's until now: of the version that was read, of this
    /// digest, a copy is kept.
    #[must_use]
    pub(crate) fn keeping(mut self, read: Option<&String>) -> Self {
        for action in &mut self.actions {
            if let Action::Write { backup, over, .. } = action {
                *backup = true;
                *over = read.cloned();
            }
        }
        self
    }

    /// Sets the effect.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Sets the barrier.
    #[must_use]
    pub fn after(mut self, barrier: Barrier) -> Self {
        self.after = Some(barrier);
        self
    }
}
