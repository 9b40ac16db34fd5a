//! The scheduler's own test tables, restated as data under `tests/tables`:
//! every case that is there agrees. Each file names where its facts are from
//! and lists the cases left out with the reason.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the methods' own paths name one lifetime, and every one is needed"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::filter::Reason;
use crate::manifest::{nodes, pods};
use crate::model::{Node, Problem, Resources};
use crate::simulate::{Compiled, State};

#[derive(Deserialize)]
pub(crate) struct Table<C> {
    source: String,
    cases: Vec<C>,
    left_out: Vec<LeftOut>,
}

#[derive(Deserialize)]
struct LeftOut {
    case: String,
    reason: String,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    /// The pod that comes.
    pod: Value,
    #[serde(default)]
    nodes: Vec<Value>,
    /// Pods that are there.
    #[serde(default)]
    existing: Vec<Value>,
    /// Services, for the copies of pods that say nothing of spreading.
    #[serde(default)]
    others: Vec<Value>,
    /// By node: what the filter says, null when it lets the pod in.
    #[serde(default)]
    refused: Vec<Option<String>>,
    /// By node: the plugin's score.
    #[serde(default)]
    scores: Vec<i64>,
    /// What the pod takes: thousandths of a core, or units.
    #[serde(default)]
    takes: BTreeMap<String, u64>,
    /// The most it may take, likewise.
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    /// CPU and memory as scores count them.
    scored: Option<(u64, u64)>,
    priority: Option<i32>,
    /// The nodes of those there, where preemption may move them, and when they
    /// came.
    #[serde(default)]
    at: Vec<String>,
    #[serde(default)]
    since: Vec<u64>,
    /// By node: who gives way to the pod.
    victims: Option<BTreeMap<String, Vec<String>>>,
    /// The nodes one of which is freed for it.
    #[serde(default)]
    best: Vec<String>,
    /// Of those there, which have gone.
    #[serde(default)]
    removed: Vec<usize>,
    /// By hard constraint on spreading: its label, and the pods it counts by
    /// the label's values.
    #[serde(default)]
    counts: Vec<(String, BTreeMap<String, i64>)>,
    /// By soft constraint: how many domains there are.
    #[serde(default)]
    domains: Vec<usize>,
    /// Nodes the soft constraints ignore.
    #[serde(default)]
    ignored: Vec<String>,
    /// Labels of the pod's copies.
    #[serde(default)]
    copies: BTreeMap<String, String>,
}

pub(crate) fn table<C: DeserializeOwned>(text: &str) -> Table<C> {
    let table: Table<C> = serde_json::from_str(text).unwrap();
    assert!(table.source.contains(" v"), "a source without its version");
    assert!(table.cases.len() > 2);
    for out in &table.left_out {
        assert!(!out.reason.is_empty(), "{} is left out without a reason", out.case);
    }
    table
}

/// Which cases differ, and how; all of them at once.
pub(crate) fn differences<C>(
    table: &Table<C>,
    of: impl Fn(&C) -> (String, Option<String>),
) -> Vec<String> {
    let all: Vec<(String, Option<String>)> = table.cases.iter().map(of).collect();
    for out in &table.left_out {
        assert!(all.iter().all(|(name, _)| *name != out.case), "{} is both", out.case);
    }
    all.into_iter().filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong?))).collect()
}

/// The pod is the last of the problem's; those before it are placed.
fn problem(case: &Case) -> Problem {
    let list = |items: Vec<&Value>| json!({"kind": "List", "items": items}).to_string();
    let nodes = nodes(&list(case.nodes.iter().collect()))
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let all = case.others.iter().chain(&case.existing).chain([&case.pod]).collect();
    // One bound to a node that is not there is not judged: here it is to be.
    let mut given = nodes.clone();
    if let (Some(name), Some(node)) = (case.pod["spec"]["nodeName"].as_str(), nodes.first()) {
        given.push(Node { name: name.to_owned(), ..node.clone() });
    }
    let pods =
        pods(&list(all), &given).unwrap_or_else(|error| panic!("{}: {error}", case.name)).pods;
    Problem { nodes, pods }
}

fn holds(text: &str, difference: impl Fn(&Case, &Problem) -> Option<String>) {
    let table = table(text);
    let of = |case: &Case| (case.name.clone(), difference(case, &problem(case)));
    let wrong = differences(&table, of);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
}

fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::Unschedulable => "unschedulable",
        Reason::Name => "name",
        Reason::Taint => "taint",
        Reason::Affinity => "affinity",
        Reason::Port => "port",
        Reason::Pods => "pods",
        Reason::Cpu => "cpu",
        Reason::Memory => "memory",
        Reason::Ephemeral => "ephemeral-storage",
        Reason::Extended => "extended",
        Reason::Volume => "volume",
        Reason::Spread => "spread",
        Reason::Neighbours => "neighbours",
        Reason::AntiAffinity => "anti-affinity",
    }
}

fn refusals(case: &Case, problem: &Problem) -> Option<String> {
    refused(case, problem, |state, pod, node| state.reason(pod, node))
}

fn refused(
    case: &Case,
    problem: &Problem,
    of: impl Fn(&State<'_>, usize, usize) -> Option<Reason>,
) -> Option<String> {
    let compiled = Compiled::new(problem);
    let state = State::new(&compiled);
    let pod = problem.pods.len() - 1;
    let ours: Vec<Option<String>> = (0..problem.nodes.len())
        .map(|node| of(&state, pod, node).map(|reason| name(reason).to_owned()))
        .collect();
    (ours != case.refused).then(|| format!("expected {:?}, seen {ours:?}", case.refused))
}

fn scores(
    case: &Case,
    problem: &Problem,
    of: impl Fn(&State<'_>, usize, &[usize]) -> Vec<i64>,
) -> Option<String> {
    let compiled = Compiled::new(problem);
    let state = State::new(&compiled);
    let nodes: Vec<usize> = (0..case.scores.len()).collect();
    let ours = of(&state, problem.pods.len() - 1, &nodes);
    (ours != case.scores).then(|| format!("expected {:?}, seen {ours:?}", case.scores))
}

fn amounts(what: &str, expected: &BTreeMap<String, u64>, seen: &Resources) -> Option<String> {
    let (name, amount) = expected.iter().find(|(name, amount)| seen.get(name) != **amount)?;
    Some(format!("{what}, {name}: expected {amount}, seen {}", seen.get(name)))
}

#[test]
fn requests_and_limits_of_pods() {
    holds(include_str!("../tests/tables/requests.json"), |case, problem| {
        let pod = problem.pods.last()?;
        let scored = || {
            let expected = case.scored.filter(|expected| *expected != pod.scored)?;
            Some(format!("scored: expected {expected:?}, seen {:?}", pod.scored))
        };
        let priority = || {
            let expected = case.priority.filter(|expected| *expected != pod.priority)?;
            Some(format!("priority: expected {expected}, seen {}", pod.priority))
        };
        amounts("takes", &case.takes, &pod.requests)
            .or_else(|| amounts("limits", &case.limits, &pod.limits))
            .or_else(scored)
            .or_else(priority)
    });
}

#[test]
fn resources_that_fit() {
    holds(include_str!("../tests/tables/fit.json"), refusals);
}

#[test]
fn selectors_and_affinities_for_nodes() {
    holds(include_str!("../tests/tables/node_affinity.json"), refusals);
}

#[test]
fn taints_and_tolerations() {
    holds(include_str!("../tests/tables/taints.json"), refusals);
}

#[test]
fn host_ports() {
    holds(include_str!("../tests/tables/ports.json"), refusals);
}

#[test]
fn hard_spreading() {
    // Of this filter alone: others that come before it refuse some of the nodes.
    holds(include_str!("../tests/tables/spread.json"), |case, problem| {
        refused(case, problem, |state, pod, node| state.leans(pod, node).then_some(Reason::Spread))
    });
}

#[test]
fn counts_of_hard_spreading() {
    holds(include_str!("../tests/tables/spread_counts.json"), |case, problem| {
        let compiled = Compiled::new(problem);
        let mut state = State::new(&compiled);
        case.removed.iter().for_each(|&pod| state.remove(pod));
        let by_value = |(key, counts): (String, Vec<Option<i64>>)| {
            let value = |node: &Node| node.labels.get(&key).cloned();
            let nodes = problem.nodes.iter().zip(counts);
            let counts = nodes.filter_map(|(node, count)| Some((value(node)?, count?))).collect();
            (key, counts)
        };
        let counted = state.counted(problem.pods.len() - 1);
        let seen: Vec<(String, BTreeMap<String, i64>)> =
            counted.into_iter().map(by_value).collect();
        (seen != case.counts).then(|| format!("expected {:?}, seen {seen:?}", case.counts))
    });
}

#[test]
fn domains_of_soft_spreading() {
    holds(include_str!("../tests/tables/spread_domains.json"), |case, problem| {
        let compiled = Compiled::new(problem);
        let nodes: Vec<usize> = (0..problem.nodes.len()).collect();
        let (ignored, domains) = State::new(&compiled).domains(problem.pods.len() - 1, &nodes);
        let ignored = problem.nodes.iter().zip(ignored).filter(|(_, ignored)| *ignored);
        let ignored: Vec<String> = ignored.map(|(node, _)| node.name.clone()).collect();
        let expected = (&case.domains, &case.ignored);
        let seen = (&domains, &ignored);
        (seen != expected).then(|| format!("expected {expected:?}, seen {seen:?}"))
    });
}

#[test]
fn copies_by_services_and_controllers() {
    holds(include_str!("../tests/tables/copies.json"), |case, problem| {
        let copies = problem.pods.last()?.copies.clone().unwrap_or_default();
        let seen: BTreeMap<String, String> =
            copies.into_iter().map(|one| (one.key, one.values.concat())).collect();
        (seen != case.copies).then(|| format!("expected {:?}, seen {seen:?}", case.copies))
    });
}

#[test]
fn who_gives_way_to_whom() {
    holds(include_str!("../tests/tables/preemption.json"), |case, problem| {
        let compiled = Compiled::new(problem);
        let mut state = State::new(&compiled);
        for (pod, at) in case.at.iter().enumerate() {
            state.place(pod, problem.nodes.iter().position(|node| node.name == *at).unwrap());
        }
        let pod = problem.pods.len() - 1;
        let mut since = case.since.clone();
        since.push(u64::MAX);
        let Some(expected) = &case.victims else {
            let chosen = |seed| state.frees(pod, &since, seed);
            let chosen: BTreeSet<Option<usize>> = (0..20).map(chosen).collect();
            let name = |node: Option<usize>| Some(problem.nodes[node?].name.clone());
            let seen: Option<Vec<String>> = chosen.into_iter().map(name).collect();
            let right = seen.as_ref().is_some_and(|all| all.iter().all(|n| case.best.contains(n)));
            return (!right).then(|| format!("expected one of {:?}, seen {seen:?}", case.best));
        };
        let names = |victims: Vec<usize>| {
            let mut names: Vec<String> =
                victims.into_iter().map(|pod| problem.pods[pod].name.clone()).collect();
            names.sort();
            names
        };
        let seen: BTreeMap<String, Vec<String>> = state
            .would_give_way(pod, &since)
            .into_iter()
            .map(|(node, victims)| (problem.nodes[node].name.clone(), names(victims)))
            .collect();
        (seen != *expected).then(|| format!("expected {expected:?}, seen {seen:?}"))
    });
}

#[test]
fn neighbours_required_and_excluded() {
    holds(include_str!("../tests/tables/neighbours.json"), refusals);
}

#[test]
fn scores_of_the_emptiest() {
    holds(include_str!("../tests/tables/least_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| {
            nodes.iter().map(|&node| state.least(pod, node)).collect()
        })
    });
}

#[test]
fn scores_of_balance() {
    holds(include_str!("../tests/tables/balanced_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| {
            nodes.iter().map(|&node| state.balanced(pod, node)).collect()
        })
    });
}

#[test]
fn scores_of_spreading() {
    holds(include_str!("../tests/tables/spread_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| state.spread(pod, nodes))
    });
}

#[test]
fn scores_of_neighbours() {
    holds(include_str!("../tests/tables/neighbours_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| state.neighbours(pod, nodes))
    });
}

#[test]
fn scores_of_taints() {
    holds(include_str!("../tests/tables/taints_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| state.taints(pod, nodes))
    });
}

#[test]
fn scores_of_preferred_nodes() {
    holds(include_str!("../tests/tables/node_affinity_score.json"), |case, problem| {
        scores(case, problem, |state, pod, nodes| state.affinity(pod, nodes))
    });
}
