//! What autoscalers may ask for beyond the start, and whether that is there.

use std::sync::Arc;

use terrarium_fit::verdict::{Budget, Kind, Verdict};
use terrarium_fit::{limit, scheduler};

use super::answer::{Remark, Weight};
use super::problem::Asked;
use super::words::listed;

/// Workloads named before the rest is counted.
const NAMES_MAX: usize = 6;
/// For one more verdict beside the one that was asked for.
const BUDGET: Budget = Budget { search: 200_000, proof: 200_000, runs: 200, seed: 1 };

/// How far workloads may be scaled, and the verdict with all of them there.
pub(super) fn remark(asked: &Asked) -> Option<Remark> {
    if asked.growth.is_empty() {
        return None;
    }
    let grown = asked
        .growth
        .iter()
        .map(|one| format!("`{}` from {} to {} pods", one.service, one.from, one.to));
    let mut grown: Vec<String> = grown.collect();
    let more = grown.len().saturating_sub(NAMES_MAX);
    grown.truncate(NAMES_MAX);
    if more > 0 {
        grown.push(format!("{more} more"));
    }
    let verdict = asked.at_most.as_ref().and_then(|most| {
        let most = Arc::clone(most);
        limit::stage("the verdict with all that may be scaled", move || {
            scheduler::judge(&most, &BUDGET)
        })
    });
    let (fits, said) = verdict.map_or_else(
        || (false, "whether there is room for that was not found out".to_owned()),
        |verdict| said(&verdict),
    );
    Some(Remark {
        about: "autoscaling",
        service: None,
        weight: if fits { Weight::Note } else { Weight::Warning },
        what: format!("judged as it starts; autoscalers may scale {}: {said}", listed(&grown)),
        hint: (!fits).then(|| {
            "lower `maxReplicas`, or make room: pods beyond it wait without end".to_owned()
        }),
    })
}

/// Whether it fits, in words.
fn said(verdict: &Verdict) -> (bool, String) {
    match verdict.verdict {
        Kind::Guaranteed => (true, "with all of them it fits, in any order: proven".to_owned()),
        Kind::Impossible => {
            (false, format!("with all of them it does not fit: {}", verdict.reason))
        }
        Kind::Possible if verdict.word == terrarium_fit::verdict::Word::Fits => {
            (true, format!("with all of them it fits: {}", verdict.reason))
        }
        Kind::Possible | Kind::Unknown => {
            (false, format!("with all of them it is tight: {}", verdict.reason))
        }
    }
}
