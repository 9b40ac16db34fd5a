//! What the real scheduler did.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::generate::Case;

/// A case, run several times.
#[derive(Debug, Deserialize)]
pub(crate) struct Observed {
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    /// Decisions, in order.
    #[serde(deserialize_with = "list")]
    pub steps: Vec<Step>,
    /// Pods and their nodes in the end.
    pub placement: BTreeMap<String, String>,
    /// Pods without a node, and why.
    pub pending: BTreeMap<String, String>,
    /// Pods that had to go for others.
    pub preempted: Vec<String>,
}

/// A pod is given a node.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub pod: String,
    pub node: String,
    /// The nodes that passed the filters.
    pub feasible: Vec<String>,
    /// What each scored in all, where there was a choice.
    pub scores: BTreeMap<String, i64>,
}

/// A list that Go may have written as null.
fn list<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Step>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The referee: `$TERRARIUM_REFEREE`, or built here.
fn program(folder: &Path) -> PathBuf {
    if let Some(program) = std::env::var_os("TERRARIUM_REFEREE") {
        return program.into();
    }
    let build = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hardware/lab/scheduler/build.sh");
    let built = Command::new(build).arg(folder).status();
    let built = built.expect("hardware/lab/scheduler/build.sh runs");
    assert!(built.success(), "hardware/lab/scheduler/build.sh: {built}; it needs Go 1.26");
    folder.join("referee")
}

/// Runs the real scheduler over the cases.
pub(crate) fn observe(folder: &Path, cases: &[Case], runs: u64) -> Vec<Observed> {
    let mut command = Command::new(program(folder));
    command.arg("-runs").arg(runs.to_string());
    for case in cases {
        let path = folder.join(format!("{}.yaml", case.name));
        std::fs::write(&path, &case.text).unwrap();
        command.arg(path);
    }
    let output = command.output().expect("the referee runs");
    let text = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the referee failed: {problem}");
    std::fs::write(folder.join("observed.jsonl"), &text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
