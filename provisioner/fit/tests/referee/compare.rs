//! Each run of the real scheduler beside what we say of the case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use terrarium_fit::manifest;
use terrarium_fit::model::Problem;
use terrarium_fit::scheduler::judge;
use terrarium_fit::simulate::{Compiled, State};
use terrarium_fit::verdict::{Budget, Kind, Verdict};

use crate::generate::Case;
use crate::observed::{Observed, Run};

/// Less likely than this, were the true share anywhere in the interval we gave,
/// the observed number of complete runs is a disagreement. Each case has two such
/// tests: the chance of any false alarm in 240 cases is below 1 in 200.
const ALARM: f64 = 1e-5;

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cases: usize,
    verdicts: BTreeMap<String, usize>,
    pub runs: usize,
    /// Runs that placed every pod.
    pub complete: usize,
    /// Runs in which pods had to go for others: decisions are not compared, the
    /// scheduler does not say when they had gone.
    preempting: usize,
    /// Decisions compared.
    pub steps: usize,
    /// Decisions among several nodes that take the pod.
    choices: usize,
    /// Pending pods which no node of ours takes either.
    pending: usize,
    /// What does not agree.
    pub disagreements: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cases: {:?}", self.cases, self.verdicts)?;
        writeln!(
            f,
            "{} runs, {} complete, {} with preemption",
            self.runs, self.complete, self.preempting
        )?;
        writeln!(
            f,
            "{} decisions, {} of them among several nodes; {} pods left pending",
            self.steps, self.choices, self.pending
        )?;
        write!(f, "{} disagreements", self.disagreements.len())
    }
}

/// Holds our answers for a case against its runs.
pub(crate) fn compare(case: &Case, observed: &Observed, tally: &mut Tally) {
    let nodes = manifest::nodes(&case.text).unwrap();
    let pods = manifest::pods(&case.text, &nodes).unwrap().pods;
    let problem = Problem { nodes, pods };
    let compiled = Compiled::new(&problem);
    let budget = Budget { search: 200_000, proof: 200_000, runs: 400, seed: 1 };
    let verdict = judge(&problem, &budget);
    let mut found = Vec::new();
    for run in &observed.runs {
        tally.runs += 1;
        tally.complete += usize::from(run.pending.is_empty());
        against_verdict(&verdict, run, &mut found);
        if run.preempted.is_empty() {
            against_simulation(&problem, &compiled, run, tally, &mut found);
        } else {
            tally.preempting += 1;
        }
    }
    let complete = observed.runs.iter().filter(|run| run.pending.is_empty()).count();
    let (low, high) = (verdict.share.low, verdict.share.high);
    let (at_least, at_most) = tails(complete, observed.runs.len(), high, low);
    if at_least < ALARM || at_most < ALARM {
        found.push(format!(
            "{complete} of {} runs complete, share said to be {low:.4} to {high:.4}",
            observed.runs.len()
        ));
    }
    tally.cases += 1;
    *tally.verdicts.entry(format!("{:?}", verdict.verdict)).or_default() += 1;
    let found: BTreeSet<String> = found.into_iter().collect();
    tally.disagreements.extend(found.iter().map(|line| format!("{}: {line}", case.name)));
}

fn against_verdict(verdict: &Verdict, run: &Run, found: &mut Vec<String>) {
    match (verdict.verdict, run.pending.iter().next()) {
        (Kind::Impossible, None) => {
            found.push(format!("impossible, but placed: {}", verdict.reason));
        }
        (Kind::Guaranteed, Some((pod, why))) => {
            found.push(format!("guaranteed, but {pod} is pending: {why}"));
        }
        _ => {}
    }
}

fn against_simulation(
    problem: &Problem,
    compiled: &Compiled,
    run: &Run,
    tally: &mut Tally,
    found: &mut Vec<String>,
) {
    let pods: BTreeMap<String, usize> =
        problem.pods.iter().enumerate().map(|(at, pod)| (pod.key(), at)).collect();
    let theirs: BTreeSet<&String> = run.placement.keys().chain(run.pending.keys()).collect();
    if theirs != pods.keys().collect() {
        found.push("other pods are made of the workloads".to_owned());
        return;
    }
    let name = |node: &usize| problem.nodes[*node].name.clone();
    let mut state = State::new(compiled);
    for step in &run.steps {
        let pod = pods[&step.pod];
        let feasible: Vec<usize> =
            (0..problem.nodes.len()).filter(|&node| state.feasible(pod, node)).collect();
        let ours: Vec<String> = feasible.iter().map(name).collect();
        if ours != step.feasible {
            found.push(format!("{}: feasible {ours:?}, really {:?}", step.pod, step.feasible));
        } else if ours.len() > 1 {
            tally.choices += 1;
            let scores = state.scores(pod, &feasible);
            let chosen = ours.iter().position(|node| *node == step.node).unwrap();
            // A plugin that has no say gives nothing or all the same: only
            // differences between nodes matter.
            let theirs: Vec<i64> = ours.iter().map(|node| step.scores[node]).collect();
            let apart = |scores: &[i64]| scores.iter().map(|s| s - scores[0]).collect::<Vec<_>>();
            if scores.iter().max() != Some(&scores[chosen]) || apart(&scores) != apart(&theirs) {
                found.push(format!(
                    "{}: {ours:?} score {scores:?}, really {theirs:?}, and {} is chosen",
                    step.pod, step.node
                ));
            }
        }
        tally.steps += 1;
        let node = problem.nodes.iter().position(|node| node.name == step.node).unwrap();
        state.place(pod, node);
    }
    for (pod, why) in &run.pending {
        if why.starts_with("not created") {
            continue;
        }
        tally.pending += 1;
        let open: Vec<String> = (0..problem.nodes.len())
            .filter(|&node| state.feasible(pods[pod], node))
            .map(|node| name(&node))
            .collect();
        if !open.is_empty() {
            found.push(format!("{pod} is pending, but {open:?} would take it: {why}"));
        }
    }
}

/// The chance of at least so many complete runs were the share `high`, and of at
/// most so many were it `low`.
fn tails(complete: usize, runs: usize, high: f64, low: f64) -> (f64, f64) {
    let chances = |share: f64| {
        let mut chances = vec![1.0];
        for _ in 0..runs {
            let mut next = vec![0.0; chances.len() + 1];
            for (count, chance) in chances.iter().enumerate() {
                next[count] += chance * (1.0 - share);
                next[count + 1] += chance * share;
            }
            chances = next;
        }
        chances
    };
    (chances(high)[complete..].iter().sum(), chances(low)[..=complete].iter().sum())
}

#[test]
fn a_share_outside_its_interval_is_noticed() {
    assert!(tails(20, 20, 0.1, 0.0).0 < ALARM);
    assert!(tails(0, 20, 1.0, 0.9).1 < ALARM);
    let (at_least, at_most) = tails(10, 20, 0.6, 0.4);
    assert!(at_least > 0.5 && at_most > 0.5);
    assert!((tails(1, 2, 0.5, 0.5).0 - 0.75).abs() < 1e-12);
}
