//! What kind of lab is wanted.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::network::MOST_NODES;
use crate::{LabError, Result};

/// The board of a node when none is named.
const BOARD: &str = "pi5-8gb";

/// What kind of lab is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// How many nodes, 1 to 9.
    pub nodes: u8,
    /// How sudo treats the user `pi`.
    pub sudo: Sudo,
    /// Board ids of the catalogue, node by node; the last one goes on for the
    /// nodes after it. Empty: a Raspberry Pi 5 with 8 GB each.
    pub boards: Vec<String>,
    /// Memory each node presents, in bytes; `None`: what its board has.
    pub memory_bytes: Option<u64>,
    /// A k3s binary to use in place of the stand-in built here.
    pub k3s: Option<PathBuf>,
    /// Nodes alone: no artifacts and no workload images are built.
    pub bare: bool,
    /// What the inventory wishes deployed, and so which images nodes have.
    pub stack: Stack,
}

/// A set of services the lab has images for; `stacks/` has its inventory part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// The stores, quick to bring up.
    #[default]
    Starter,
    /// Everything of the profile `core` that can be had.
    Core,
}

impl Stack {
    /// Its name: also that of the folder with the images only it needs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Core => "core",
        }
    }

    /// Its part of the inventory.
    pub(crate) const fn inventory(self) -> &'static str {
        match self {
            Self::Starter => include_str!("../stacks/starter.toml"),
            Self::Core => include_str!("../stacks/core.toml"),
        }
    }
}

/// How sudo treats the user `pi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Sudo {
    /// It asks for the password, as images since April 2026 do.
    Password,
    /// It does not ask, as older images do.
    Nopasswd,
}

impl Sudo {
    /// The word the node's first boot is given.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Nopasswd => "nopasswd",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 3,
            sudo: Sudo::Password,
            boards: Vec::new(),
            memory_bytes: None,
            k3s: None,
            bare: false,
            stack: Stack::Starter,
        }
    }
}

impl Options {
    /// Whether both ask for the same nodes; what is built beside them may differ.
    pub(crate) fn same_nodes(&self, other: &Self) -> bool {
        let nodes = |options: &Self| {
            let boards: Vec<_> = (1..=options.nodes).map(|n| options.board(n).to_owned()).collect();
            (options.nodes, options.sudo, boards, options.memory_bytes, options.stack)
        };
        nodes(self) == nodes(other)
    }

    /// Refuses what no lab can be.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=MOST_NODES).contains(&self.nodes) {
            return Err(LabError::NodeCount { asked: self.nodes, most: MOST_NODES });
        }
        let asked = self.boards.len();
        if asked > self.nodes.into() {
            return Err(LabError::MoreBoards { asked, nodes: self.nodes });
        }
        Ok(())
    }

    /// The board of the n-th node, counted from 1.
    pub(crate) fn board(&self, number: u8) -> &str {
        let index = usize::from(number).saturating_sub(1);
        self.boards.get(index).or_else(|| self.boards.last()).map_or(BOARD, String::as_str)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let boards: Vec<_> = (1..=self.nodes).map(|number| self.board(number)).collect();
        write!(
            f,
            "{} nodes, sudo {}, boards {}, stack {}",
            self.nodes,
            self.sudo.as_str(),
            boards.join(" "),
            self.stack.as_str()
        )?;
        match self.memory_bytes {
            Some(bytes) => write!(f, ", {} MiB each", bytes >> 20),
            None => Ok(()),
        }
    }
}

/// Reads an amount of memory such as `4GiB`, `512MiB`; in bytes.
///
/// # Errors
/// [`LabError::Memory`] for anything else, zero included.
pub fn parse_memory(text: &str) -> Result<u64> {
    let wrong = || LabError::Memory { text: text.to_owned() };
    let (number, unit) = [("GiB", 1_u64 << 30), ("MiB", 1 << 20)]
        .iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, *unit)))
        .ok_or_else(wrong)?;
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        assert_eq!(parse_memory("4GiB").unwrap(), 4 << 30);
        assert_eq!(parse_memory("512MiB").unwrap(), 512 << 20);
        for wrong in ["", "4", "4GB", "GiB", "-1GiB", "0GiB", "99999999999999GiB"] {
            assert!(parse_memory(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_board_goes_on() {
        let options = Options {
            boards: vec!["pi5-8gb".to_owned(), "pi4-4gb".to_owned()],
            ..Options::default()
        };
        assert_eq!([1, 2, 3].map(|n| options.board(n)), ["pi5-8gb", "pi4-4gb", "pi4-4gb"]);
        assert_eq!(Options::default().board(3), "pi5-8gb");
    }

    #[test]
    fn naming_the_board_a_node_has_anyway_changes_nothing() {
        let named = Options { boards: vec!["pi5-8gb".to_owned()], ..Options::default() };
        assert!(named.same_nodes(&Options { bare: true, ..Options::default() }));
        assert!(!named.same_nodes(&Options { nodes: 2, ..Options::default() }));
        assert!(named.to_string().contains("3 nodes, sudo password"));
    }

    #[test]
    fn impossible_labs_are_refused() {
        for nodes in [0, 10] {
            assert!(Options { nodes, ..Options::default() }.check().is_err());
        }
        let boards = vec![String::new(); 4];
        assert!(Options { boards, ..Options::default() }.check().is_err());
        assert!(Options::default().check().is_ok());
    }
}
