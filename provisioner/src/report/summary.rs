//! The end of a run: what changed, and how to look around.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use terrarium_inventory::Inventory;
use terrarium_plan::Report;

use super::terminal::count;

/// What a finished run amounts to.
pub(crate) struct Summary<'a> {
    pub changed: usize,
    pub took: Duration,
    /// Handshakes and round trips a node.
    pub round_trips: BTreeMap<String, (u64, u64)>,
    pub report: Report,
    pub inventory: &'a Inventory,
}

impl Summary<'_> {
    /// The same, for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let ssh: serde_json::Map<_, _> = self
            .round_trips
            .iter()
            .map(|(node, (handshakes, trips))| {
                (
                    node.clone(),
                    serde_json::json!({ "handshakes": handshakes, "round_trips": trips }),
                )
            })
            .collect();
        serde_json::json!({
            "summary": { "version": 1, "changed": self.changed, "seconds": self.took.as_secs_f64(), "ssh": ssh, "report": self.report }
        })
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        let nodes = self.inventory.nodes.len();
        let cluster = &self.inventory.cluster;
        if self.changed == 0 {
            writeln!(
                f,
                "Nothing to do: {nodes} nodes are as the inventory wishes ({seconds:.1} s)."
            )?;
        } else {
            writeln!(
                f,
                "Done: {} in {seconds:.0} s; {nodes} nodes Ready.",
                count(self.changed, "change")
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "  kubectl --kubeconfig {} --context {} get pods -A",
            cluster.kubeconfig.display(),
            cluster.name
        )?;
        for node in &self.inventory.nodes {
            writeln!(f, "  http://{}:9100/metrics  the agent on {}", node.host, node.name)?;
        }
        Ok(())
    }
}
