//! The options that choose among the inventory's nodes.

use clap::Args;

/// Which of the inventory's nodes a run is about.
#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub(crate) struct Selection {
    /// Go on without this node, as one that is off: nothing is connected to there,
    /// and the stack is deployed all the same. Can be repeated
    #[arg(long, value_name = "NODE")]
    pub without_node: Vec<String>,
    /// Only this node, and nothing of the stack. The server is looked at as well,
    /// and not changed. Can be repeated
    #[arg(long, value_name = "NODE", conflicts_with = "without_node")]
    pub only: Vec<String>,
}
