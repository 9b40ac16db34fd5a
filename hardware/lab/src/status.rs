//! What a lab looks like now.

use serde::Serialize;

use crate::docker::Engine;
use crate::kernel::Change;
use crate::node::Node;
use crate::{LabError, Result};

/// What a lab looks like now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Address of the lab's own docker daemon; `None` when the machine's is used.
    pub docker_host: Option<String>,
    /// The inventory's path.
    pub inventory: String,
    /// Its nodes.
    pub nodes: Vec<NodeStatus>,
    /// How many kernel settings and cgroup mounts of the machine were compared
    /// with those before the lab.
    pub kernel_compared: usize,
    /// Those that changed since: none, when the lab keeps its word.
    pub kernel_changes: Vec<Change>,
}

/// One node of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Name in the inventory.
    pub name: String,
    /// Its container.
    pub container: String,
    /// Its address.
    pub address: String,
    /// Its board's id.
    pub board: String,
    /// Whether it is on.
    pub power: Power,
    /// What systemd says of the whole system, when it is on: `running`, `degraded`, ….
    pub system: Option<String>,
}

/// Whether a node is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// It runs.
    On,
    /// It powered itself off, or was stopped or killed.
    Off,
    /// Its container is gone.
    Missing,
}

impl Power {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Missing => "missing",
        }
    }
}

/// What a node's container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Restarting,
    Ended,
    Missing,
}

/// Asks the engine what the node's container is doing.
pub(crate) fn phase(engine: &Engine, node: &Node) -> Result<Phase> {
    let asked = engine.run(["inspect", "--format", "{{.State.Status}}", &node.container]);
    match asked {
        Ok(word) => Ok(read_phase(word.trim())),
        Err(LabError::Failed { output, .. }) if output.to_lowercase().contains("no such") => {
            Ok(Phase::Missing)
        }
        Err(error) => Err(error),
    }
}

fn read_phase(word: &str) -> Phase {
    match word {
        "running" | "paused" => Phase::Running,
        "restarting" => Phase::Restarting,
        _ => Phase::Ended,
    }
}

/// Whether the node is on. One that powered itself off keeps its container,
/// with something else than systemd in it.
pub(crate) fn power(engine: &Engine, node: &Node) -> Result<Power> {
    Ok(match phase(engine, node)? {
        Phase::Missing => Power::Missing,
        Phase::Ended => Power::Off,
        Phase::Restarting => Power::On,
        Phase::Running => {
            let first = engine.run(["exec", &node.container, "cat", "/proc/1/comm"]);
            if first.is_ok_and(|name| name.trim() == "sleep") { Power::Off } else { Power::On }
        }
    })
}

/// The node as it is now.
pub(crate) fn node_status(engine: &Engine, node: &Node) -> Result<NodeStatus> {
    let power = power(engine, node)?;
    let system = if power == Power::On {
        // It ends with a failure for every word but `running`, so the word is
        // taken from a shell that does not mind.
        let script = "systemctl is-system-running 2>/dev/null || true";
        engine
            .run(["exec", &node.container, "sh", "-c", script])
            .ok()
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
    } else {
        None
    };
    Ok(NodeStatus {
        name: node.name.clone(),
        container: node.container.clone(),
        address: node.address.to_string(),
        board: node.board.clone(),
        power,
        system,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_are_read() {
        assert_eq!(read_phase("running"), Phase::Running);
        assert_eq!(read_phase("restarting"), Phase::Restarting);
        for word in ["created", "exited", "dead", "removing"] {
            assert_eq!(read_phase(word), Phase::Ended, "{word}");
        }
    }
}
