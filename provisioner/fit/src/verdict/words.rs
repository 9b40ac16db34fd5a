//! The verdict in words.

use super::{Ends, Kind, Verdict, Word};
use crate::share::{Runs, Share};

/// The word for people: `fits` only when nothing was seen to go wrong.
/// Runs that were wanted and not made might have shown it.
pub(super) fn word(verdict: Kind, runs: Option<&Share>, wanted: u32) -> Word {
    let none_failed = |runs: &Share| runs.worst == 0 && runs.runs() >= wanted;
    match verdict {
        Kind::Impossible => Word::DoesNotFit,
        Kind::Guaranteed => Word::Fits,
        Kind::Possible if runs.is_some_and(none_failed) => Word::Fits,
        Kind::Possible | Kind::Unknown => Word::Tight,
    }
}

/// One sentence with the numbers that matter.
pub(super) fn reason(verdict: &Verdict) -> String {
    match verdict.verdict {
        Kind::Impossible => {
            verdict.certificate.as_ref().map_or_else(String::new, ToString::to_string)
        }
        Kind::Guaranteed => "all pods fit in any start order".to_owned(),
        Kind::Possible => possible(verdict),
        Kind::Unknown => {
            let known = verdict.bounds.map_or_else(String::new, |bounds| {
                format!(": {} of {} pods were placed at once", bounds.placed, bounds.most)
            });
            format!("neither a placement nor a proof against one was found{known}")
        }
    }
}

fn possible(verdict: &Verdict) -> String {
    let Some(runs) = &verdict.runs else {
        return "a placement exists; no run was made".to_owned();
    };
    let all = runs.runs();
    let complete = runs.modelled.complete + runs.shuffled.complete;
    if all == 0 {
        return "a placement exists; no run was made".to_owned();
    }
    if complete == all {
        return format!("all {all} simulated runs place every pod");
    }
    let most = verdict.left.iter().max_by_key(|(name, runs)| (**runs, std::cmp::Reverse(*name)));
    let pod = most.map_or("", |(name, _)| name.as_str());
    let ordered = counted(runs.modelled, verdict.share);
    let any = counted(runs.shuffled, verdict.any_order);
    format!(
        "a placement exists; in the order given {ordered} simulated runs find one, in shuffled \
         orders {any}; {pod} is left over most often"
    )
}

/// `3 of 1000 (0 % to 2 %)`.
fn counted(runs: Runs, ends: Ends) -> String {
    let (low, high) = (percent(ends.low), percent(ends.high));
    format!("{} of {} ({low} to {high})", runs.complete, runs.runs)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
