//! The end of a run: what changed, and how to look around.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use terrarium_inventory::Inventory;
use terrarium_plan::{Outcome, Report};

use super::terminal::count;

/// What a finished run amounts to.
pub(crate) struct Summary<'a> {
    pub took: Duration,
    /// Handshakes and round trips a node.
    pub round_trips: BTreeMap<String, (u64, u64)>,
    pub report: Report,
    pub inventory: &'a Inventory,
    /// Whether the run ended well: only then anything is called done.
    pub well: bool,
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
            "summary": { "version": 1, "well": self.well, "changed": self.changed(), "seconds": self.took.as_secs_f64(), "ssh": ssh, "report": self.report }
        })
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.round_trips.len();
        let (changed, seconds) = (self.changed(), self.took.as_secs_f64());
        match (self.report.outcome(), changed) {
            (Outcome::Failed | Outcome::Skipped, _) => return self.parts(f),
            _ if !self.well => return self.parts(f),
            (_, 0) => writeln!(
                f,
                "Nothing to do: {nodes} nodes are as the inventory wishes ({seconds:.1} s)."
            )?,
            _ => writeln!(
                f,
                "Done: {} in {seconds:.0} s; {nodes} nodes Ready.",
                count(changed, "change")
            )?,
        }
        let cluster = &self.inventory.cluster;
        let file = cluster.kubeconfig.display();
        writeln!(f, "\n  kubectl --kubeconfig {file} --context {} get pods -A", cluster.name)?;
        let scheme = if self.inventory.agent.login { "https" } else { "http" };
        for node in &self.inventory.nodes {
            writeln!(f, "  {scheme}://{}:9100/metrics  the agent on {}", node.host, node.name)?;
        }
        Ok(())
    }
}

impl Summary<'_> {
    fn changed(&self) -> usize {
        self.report.parts.values().map(|part| part.changed).sum()
    }

    /// How far each part came.
    fn parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, part) in &self.report.parts {
            let outcome = match part.outcome {
                Outcome::Unchanged => "as wished",
                Outcome::Changed => "done",
                Outcome::Skipped => "not done",
                Outcome::Failed => "FAILED",
            };
            writeln!(f, "  {name:<10} {outcome:<10} {}", count(part.changed, "change"))?;
        }
        Ok(())
    }
}
