//! Tables of other tools' figures under `tests/tables`. Each names where its
//! facts are from and lists the cases left out with the reason.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sizing::Sample;

#[derive(Deserialize)]
struct Table<C> {
    source: String,
    left_out: Vec<LeftOut>,
    cases: Vec<Named<C>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    case: String,
    reason: String,
}

#[derive(Deserialize)]
struct Named<C> {
    case: String,
    #[serde(flatten)]
    what: C,
}

/// Samples that rise within each period and from one to the next, in whole
/// numbers, so that another program makes the same of it.
#[derive(Deserialize)]
pub(in crate::sizing) struct Wave {
    base: u64,
    more: u64,
    period: u64,
    pub rise: u64,
}

impl Wave {
    /// So many from `at`, each `step` seconds after the one before.
    pub(in crate::sizing) fn samples(&self, count: u64, at: u64, step: u64) -> Vec<Sample> {
        let value = |index: u64| {
            let tide = self.more * (index % self.period) / self.period;
            self.base + tide + self.rise * index / 1000
        };
        (0..count).map(|index| Sample { at: at + index * step, value: value(index) }).collect()
    }
}

/// Runs a table and says which cases differ and how; all of them at once.
pub(in crate::sizing) fn holds<C: DeserializeOwned>(
    text: &str,
    difference: impl Fn(&C) -> Option<String>,
) {
    let table: Table<C> = serde_json::from_str(text).unwrap();
    assert!(table.source.contains(" v"), "a source without its version");
    assert!(table.cases.len() > 2);
    let names: BTreeSet<&String> = table.cases.iter().map(|case| &case.case).collect();
    assert_eq!(names.len(), table.cases.len(), "two cases share a name");
    for out in &table.left_out {
        assert!(!out.reason.is_empty(), "{} is left out without a reason", out.case);
        assert!(!names.contains(&out.case), "{} is both", out.case);
    }
    let wrong: Vec<String> = table
        .cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.case, difference(&case.what)?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
}
