//! The verdict as an answer: the scheduler's reading, the board's beside it,
//! and one word over both.

mod nodes;
mod services;

use std::collections::BTreeMap;

use terrarium_fit::limit;
use terrarium_fit::model::Pod;
use terrarium_fit::share::Runs;
use terrarium_fit::simulate::{Compiled, Run, simulate};
use terrarium_fit::verdict::{self, Budget, Ends, Kind, Verdict};
use terrarium_fit::{k3s, scheduler};

use super::allowance::Allowance;
use super::answer::{
    Answer, Certificate, Left, Node, Remark, Share, Subject, VERSION, Weight, Word,
};
use super::followed::Again;
use super::problem::{Asked, reasons, told};
use super::{advice, around, headroom, loss, never, nowhere, sure};

pub(crate) use nodes::read;

use nodes::nodes;
use services::services;

/// How an answer is to be made.
pub(crate) struct Terms<'a> {
    pub subject: Subject,
    pub budget: Budget,
    pub stock: bool,
    pub prices: &'a [(String, u64)],
    /// Services that run on none of the boards.
    pub refused: Vec<Remark>,
    pub notes: Vec<Remark>,
    /// How the question is asked of other nodes, where that takes no helm.
    pub again: Option<Again<'a>>,
    /// What it may take.
    pub allowance: &'a Allowance,
}

/// Both readings, and the word over them.
struct Weighed {
    verdict: Verdict,
    run: Run,
    nodes: Vec<Node>,
    /// Pods that never start, whatever room there is.
    nowhere: Vec<Remark>,
    remarks: Vec<Remark>,
    word: Word,
    reasons: Vec<String>,
}

fn weigh(asked: &Asked, terms: &Terms<'_>) -> Weighed {
    let stock = terms.stock;
    let verdict = scheduler::judge_interval(&asked.low, &asked.high, &terms.budget);
    let run = limit::stage("the placement to show", || placed(asked, &verdict));
    let run =
        run.unwrap_or_else(|| Run { placed: vec![None; asked.low.pods.len()], left: Vec::new() });
    let nodes = limit::stage("the reading of the boards", || nodes(asked, &run, stock));
    let around = || around::remarks(asked, &run.placed, stock);
    let around = limit::stage("the look at what no scheduler checks", around);
    let whole = nodes.is_some() && around.is_some();
    let nodes = nodes.unwrap_or_default();
    let mut nowhere = never::remarks(asked);
    let jobs = limit::stage("the look at jobs", || nowhere::remarks(asked));
    nowhere.extend(jobs.unwrap_or_default());
    let mut remarks: Vec<Remark> = terms.refused.iter().chain(&nowhere).cloned().collect();
    remarks.extend(around.unwrap_or_default());
    let unseen = terms.allowance.used_up().filter(|_| !whole || verdict.verdict == Kind::Unknown);
    let doubts = doubts(asked);
    let (word, reasons) = word(&verdict, &nodes, &remarks, unseen, &doubts);
    Weighed { verdict, run, nodes, nowhere, remarks, word, reasons }
}

/// The word and its reasons alone, for who does not ask for more.
pub(crate) fn glance(asked: &Asked, terms: &Terms<'_>) -> (Word, Vec<String>) {
    let weighed = terms.allowance.spend(|| weigh(asked, terms));
    weighed.map_or_else(
        || (Word::Tight, terms.allowance.used_up().into_iter().collect()),
        |weighed| (weighed.word, weighed.reasons),
    )
}

/// The word alone, within what is spent already.
pub(super) fn word_of(asked: &Asked, terms: &Terms<'_>) -> Word {
    weigh(asked, terms).word
}

/// Judges what is asked. What the allowance does not last for is left out, and
/// said to be.
pub(crate) fn judge(asked: &Asked, terms: &Terms<'_>) -> Answer {
    let judged = terms.allowance.spend(|| whole(asked, terms));
    judged.unwrap_or_else(|| undecided(terms))
}

/// The answer when the allowance did not last for any.
pub(crate) fn undecided(terms: &Terms<'_>) -> Answer {
    let reasons: Vec<String> = terms.allowance.used_up().into_iter().collect();
    Answer {
        version: VERSION,
        verdict: if terms.refused.is_empty() { "unknown" } else { "impossible" },
        word: if terms.refused.is_empty() { Word::Tight } else { Word::DoesNotFit },
        reasons: if terms.refused.is_empty() {
            reasons
        } else {
            terms.refused.iter().map(|remark| remark.what.clone()).take(3).collect()
        },
        subject: terms.subject.clone(),
        placement: BTreeMap::new(),
        left: Vec::new(),
        share: None,
        any_order: None,
        certificate: refusal(&terms.refused),
        services: Vec::new(),
        not_judged: Vec::new(),
        remarks: terms.refused.iter().chain(&terms.notes).cloned().chain(spent(terms)).collect(),
        change: Vec::new(),
        loss: Vec::new(),
        nodes: Vec::new(),
    }
}

/// That not everything was looked at.
fn spent(terms: &Terms<'_>) -> Option<Remark> {
    Some(Remark {
        about: "budget",
        service: None,
        weight: Weight::Note,
        what: format!("{}: not everything was looked at", terms.allowance.used_up()?),
        hint: Some("give it more with --budget".to_owned()),
    })
}

/// Advice, unless the allowance ended in the middle of it.
fn advised<T: Default>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let done = limit::stage(name, || {
        let advice = work();
        limit::check();
        advice
    });
    done.unwrap_or_default()
}

fn whole(asked: &Asked, terms: &Terms<'_>) -> Answer {
    let weighed = weigh(asked, terms);
    let Weighed { verdict, run, nodes, nowhere, mut remarks, word, reasons } = weighed;
    let impossible: Vec<Remark> = terms.refused.iter().chain(&nowhere).cloned().collect();
    let placement: Vec<(usize, usize)> =
        run.placed.iter().enumerate().filter_map(|(pod, node)| Some((pod, (*node)?))).collect();
    let complete = run.left.is_empty() && placement.len() == run.placed.len();
    remarks.extend(headroom::remark(asked));
    remarks.extend(terms.notes.iter().cloned());
    let mut change = Vec::new();
    let unfit = matches!(verdict.verdict, Kind::Impossible | Kind::Unknown);
    if unfit || !impossible.is_empty() {
        let stage = "the search for what would make it fit";
        change.extend(advised(stage, || advice::conflict(asked, &impossible)));
        change.extend(advised(stage, || advice::judged_drop(asked, terms, &impossible)));
        change.extend(advised(stage, || advice::boards(asked, terms)));
    } else if verdict.verdict == Kind::Possible && asked.low.pods.len() <= advice::PODS_MAX {
        let advice = || sure::to_be_sure(asked, &placement);
        change = advised("the search for what would make it certain", advice);
    }
    let loss = if complete {
        advised("the loss of each node", || loss::losses(asked, &placement))
    } else {
        Vec::new()
    };
    // It takes the longest and is missed the least.
    let services = services(asked, &verdict, &run, &terms.refused, complete);
    remarks.extend(spent(terms));
    let refused = !impossible.is_empty();
    // Never all of it runs, however often the rest is placed.
    let ends = |ends: Ends| if refused { Ends { low: 0.0, high: 0.0 } } else { ends };
    Answer {
        version: VERSION,
        verdict: match kind(verdict.verdict) {
            _ if refused => "impossible",
            // What was left out may change it.
            "guaranteed" if !asked.unjudged.is_empty() => "possible",
            kind => kind,
        },
        word,
        reasons,
        subject: terms.subject.clone(),
        placement: placement
            .iter()
            .map(|&(pod, node)| (asked.low.pods[pod].key(), asked.low.nodes[node].name.clone()))
            .collect(),
        left: left(asked, &run),
        share: Some(share(ends(verdict.share), verdict.runs.as_ref().map(|runs| runs.modelled))),
        any_order: Some(share(
            ends(verdict.any_order),
            verdict.runs.as_ref().map(|runs| runs.shuffled),
        )),
        certificate: certificate(&verdict, &impossible),
        services,
        not_judged: told(&asked.unjudged),
        remarks,
        change,
        loss,
        nodes,
    }
}

/// The placement of the verdict; where there is none, that of one run, for the
/// picture.
fn placed(asked: &Asked, verdict: &Verdict) -> Run {
    let problem = &asked.low;
    if verdict.placement.is_empty() {
        let order: Vec<usize> = (0..problem.pods.len()).collect();
        return simulate(&Compiled::new(problem), &order, 1);
    }
    let places: BTreeMap<&str, usize> =
        problem.nodes.iter().enumerate().map(|(place, node)| (node.name.as_str(), place)).collect();
    let node = |pod: &Pod| {
        limit::check();
        places.get(verdict.placement.get(&pod.key())?.as_str()).copied()
    };
    Run { placed: problem.pods.iter().map(node).collect(), left: Vec::new() }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Impossible => "impossible",
        Kind::Guaranteed => "guaranteed",
        Kind::Possible => "possible",
        Kind::Unknown => "unknown",
    }
}

/// What keeps a verdict from being more than a guess: what was not judged, and pods
/// that say nothing of what they need.
fn doubts(asked: &Asked) -> Vec<String> {
    let mut doubts = told(&asked.unjudged);
    let own = || asked.low.pods.iter().filter(|pod| pod.service != k3s::SERVICE);
    let silent = own().filter(|pod| pod.requests.memory_bytes == 0).count();
    let all = own().count();
    if all > 0 && silent == all {
        doubts.push(format!(
            "no pod requests memory ({all} of {all}): the scheduler counts each as nothing, so \
             this says that they are placed and not that they run"
        ));
    } else if silent * 2 >= all && silent > 0 {
        doubts.push(format!(
            "{silent} of {all} pods request no memory: the scheduler counts those as nothing"
        ));
    }
    doubts
}

/// One word over both readings and what no scheduler checks, with its reasons.
/// What was not seen for want of budget is no reason to say that it fits.
fn word(
    verdict: &Verdict,
    nodes: &[Node],
    remarks: &[Remark],
    unseen: Option<String>,
    doubts: &[String],
) -> (Word, Vec<String>) {
    let mut found: Vec<(Word, String)> = Vec::new();
    found.extend(unseen.map(|unseen| (Word::Tight, unseen)));
    for remark in remarks.iter().filter(|remark| remark.weight == Weight::Refusal) {
        found.push((Word::DoesNotFit, remark.what.clone()));
    }
    let scheduler = match verdict.word {
        verdict::Word::Fits => Word::Fits,
        verdict::Word::Tight => Word::Tight,
        verdict::Word::DoesNotFit => Word::DoesNotFit,
    };
    found.push((scheduler, verdict.reason.clone()));
    for node in nodes.iter().filter(|node| node.bears != Word::Fits) {
        found.push((node.bears, format!("{}: {}", node.name, node.reading)));
    }
    for remark in remarks {
        if remark.weight == Weight::Warning && matches!(remark.about, "disk" | "start" | "update") {
            found.push((Word::Tight, remark.what.clone()));
        }
    }
    found.extend(doubts.iter().map(|doubt| (Word::Tight, doubt.clone())));
    let word = found.iter().map(|(word, _)| *word).max().unwrap_or(Word::Fits);
    let reasons = found.into_iter().filter(|(of, _)| *of == word).map(|(_, why)| why);
    (word, reasons.take(3).collect())
}

fn share(ends: Ends, runs: Option<Runs>) -> Share {
    let runs = runs.unwrap_or_default();
    Share { low: ends.low, high: ends.high, runs: runs.runs.into(), complete: runs.complete.into() }
}

fn certificate(verdict: &Verdict, refused: &[Remark]) -> Option<Certificate> {
    if let Some(refusal) = refusal(refused) {
        return Some(refusal);
    }
    let found = verdict.certificate.as_ref()?;
    let proof = serde_json::to_value(found).unwrap_or_default();
    Some(Certificate { sentence: found.to_string(), proof })
}

/// That a service runs on none of the boards is a proof as well.
fn refusal(refused: &[Remark]) -> Option<Certificate> {
    let refusal = refused.first()?;
    let proof = serde_json::json!({"kind": "board", "service": refusal.service});
    Some(Certificate { sentence: refusal.what.clone(), proof })
}

fn left(asked: &Asked, run: &Run) -> Vec<Left> {
    run.left
        .iter()
        .map(|(pod, why)| {
            let pod = &asked.low.pods[*pod];
            Left { pod: pod.key(), service: pod.service.clone(), why: reasons(why) }
        })
        .collect()
}

#[cfg(test)]
mod cases;
#[cfg(test)]
pub(in crate::fit) mod tests;
