//! What holds of every verdict, on small clusters with taints, affinities,
//! spreading, host ports, waves and volumes: small enough that each state the
//! scheduler could get into is looked at.

mod generate;
mod states;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use proptest::prelude::*;
use terrarium_fit::certificate::find;
use terrarium_fit::checker::{check, translate};
use terrarium_fit::limit::{Used, within};
use terrarium_fit::model::{Pod, Problem, selects};
use terrarium_fit::pack::compile;
use terrarium_fit::random::Random;
use terrarium_fit::scheduler::judge;
use terrarium_fit::simulate::{Compiled, simulate};
use terrarium_fit::verdict::{Budget, Kind, Word};

use generate::{any_node, any_problem, pod, problem};
use states::{arrives, states, states_in_waves};

const BUDGET: Budget = Budget { search: 20_000, proof: 20_000, runs: 12, seed: 1 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_verdict_says_more_than_every_order_and_tie_break_bears_out(problem in any_problem(true)) {
        let verdict = judge(&problem, &BUDGET);
        let states = states(&problem);
        match verdict.verdict {
            Kind::Impossible => prop_assert!(!states.complete, "{verdict:?}"),
            Kind::Guaranteed => prop_assert!(!states_in_waves(&problem).stuck, "{verdict:?}"),
            Kind::Possible | Kind::Unknown => {}
        }
        let one_wave = problem.pods.iter().all(|pod| pod.wave == problem.pods[0].wave);
        for (service, own) in &verdict.services {
            let pods = || problem.pods.iter().zip(0..).filter(|(pod, _)| pod.service == *service);
            let whole = |last: &Vec<Option<usize>>| pods().all(|(_, place)| last[place].is_some());
            match own.verdict {
                Kind::Impossible => prop_assert!(!states.last.iter().any(whole), "{service}"),
                Kind::Guaranteed if one_wave => {
                    prop_assert!(states.last.iter().all(whole), "{service}");
                }
                _ => {}
            }
        }
    }

    /// Whatever was under way when the limit was reached, and how far.
    #[test]
    fn a_verdict_that_was_cut_short_claims_nothing_that_is_not_so(
        problem in any_problem(true),
        looks in 1u32..120,
    ) {
        let taken = Cell::new(0);
        let probe = Rc::new(move |_: &'static str| {
            taken.set(taken.get() + 1);
            Used::Part(taken.get() * 1000 / looks)
        });
        let whole = judge(&problem, &BUDGET);
        let (cut, _) = within(probe, || judge(&problem, &BUDGET));
        // The work itself always comes back with something.
        let cut = cut.unwrap();
        prop_assert!(
            cut.verdict == whole.verdict || matches!(cut.verdict, Kind::Possible | Kind::Unknown),
            "{cut:?}, and with enough {whole:?}"
        );
        let states = states(&problem);
        match cut.verdict {
            Kind::Impossible => prop_assert!(!states.complete, "{cut:?}"),
            Kind::Guaranteed => prop_assert!(!states_in_waves(&problem).stuck, "{cut:?}"),
            Kind::Possible => prop_assert!(!cut.placement.is_empty() && states.complete, "{cut:?}"),
            Kind::Unknown => prop_assert!(cut.placement.is_empty(), "{cut:?}"),
        }
        if cut.verdict == Kind::Unknown && whole.verdict != Kind::Unknown {
            prop_assert!(cut.cut.is_some(), "{cut:?}");
        }
        if cut.word == Word::Fits && cut.verdict != Kind::Guaranteed {
            prop_assert_eq!(cut.runs.map(|runs| runs.modelled.runs + runs.shuffled.runs), Some(12));
        }
        for (service, own) in &cut.services {
            let known = whole.services[service].verdict;
            prop_assert!(
                own.verdict == known || matches!(own.verdict, Kind::Possible | Kind::Unknown),
                "{service}: {own:?}, and with enough {known:?}"
            );
        }
    }

    #[test]
    fn a_witness_can_be_reached_pod_by_pod(problem in any_problem(true)) {
        let verdict = judge(&problem, &BUDGET);
        if !verdict.placement.is_empty() {
            prop_assert_ne!(verdict.verdict, Kind::Impossible);
            let node = |pod: &Pod| {
                let name = &verdict.placement[&pod.key()];
                problem.nodes.iter().position(|node| node.name == *name).unwrap()
            };
            let placement: Vec<usize> = problem.pods.iter().map(node).collect();
            prop_assert!(arrives(&problem, &placement), "{:?}", verdict.placement);
        }
    }

    /// With priorities and sets made in order, whose states are too many to look at.
    #[test]
    fn no_run_contradicts_the_verdict_where_pods_give_way(
        problem in any_problem(true),
        ranks in prop::collection::vec((0i32..3, any::<bool>()), 4),
        seed in any::<u64>(),
    ) {
        let problem = generate::ranked(problem, &ranks);
        let verdict = judge(&problem, &BUDGET).verdict;
        let compiled = Compiled::new(&problem);
        let mut random = Random::new(seed);
        for run in 0..20 {
            let waiting = (0..problem.pods.len()).filter(|&p| problem.pods[p].node_name.is_none());
            let mut order: Vec<usize> = waiting.collect();
            order.sort_by_cached_key(|&pod| (problem.pods[pod].wave, random.below(1000)));
            let whole = simulate(&compiled, &order, seed ^ run).placed.iter().all(Option::is_some);
            prop_assert!(!whole || verdict != Kind::Impossible);
            prop_assert!(whole || verdict != Kind::Guaranteed);
        }
    }

    #[test]
    fn every_certificate_passes_the_independent_checker(problem in any_problem(true)) {
        let count = translate(&problem, None);
        if let Some(proof) = find(&compile(&problem, true)) {
            prop_assert_eq!(check(&count, &proof, 0), Some(proof));
        }
        if let Some(proof) = judge(&problem, &BUDGET).certificate {
            prop_assert!(check(&count, &proof, BUDGET.search).is_some(), "{proof:?}");
        }
    }

    /// But for hard spreading: there a new node is one more domain to keep up with.
    #[test]
    fn one_more_node_never_makes_it_worse(problem in any_problem(false), node in any_node(9)) {
        let before = (states(&problem).complete, judge(&problem, &BUDGET).verdict);
        let mut more = problem;
        more.nodes.push(node);
        let after = (states(&more).complete, judge(&more, &BUDGET).verdict);
        prop_assert!(after.0 || !before.0);
        prop_assert!(before.1 == Kind::Impossible || after.1 != Kind::Impossible);
    }

    /// But for a service whose pods others need, or count as copies.
    #[test]
    fn one_service_less_never_makes_it_worse(problem in any_problem(true), choice in 0usize..4) {
        let services: BTreeSet<&String> = problem.pods.iter().map(|pod| &pod.service).collect();
        let free: Vec<&String> =
            services.into_iter().filter(|service| !leans_on(&problem, service)).collect();
        let Some(gone) = free.get(choice % free.len().max(1)) else { return Ok(()) };
        let before = (states(&problem).complete, judge(&problem, &BUDGET).verdict);
        let mut less = problem.clone();
        less.pods.retain(|pod| pod.service != **gone);
        let after = (states(&less).complete, judge(&less, &BUDGET).verdict);
        prop_assert!(after.0 || !before.0);
        prop_assert!(before.1 == Kind::Impossible || after.1 != Kind::Impossible);
    }
}

/// Whether pods of other services need those of this one as neighbours, or
/// count them where they spread.
fn leans_on(problem: &Problem, service: &str) -> bool {
    let (own, others): (Vec<&Pod>, Vec<&Pod>) =
        problem.pods.iter().partition(|pod| pod.service == service);
    others.iter().any(|other| {
        own.iter().any(|pod| {
            other.affinity.required.iter().any(|term| term.means(pod))
                || other.spread.iter().any(|spread| selects(&spread.selector, &pod.labels))
        })
    })
}

#[test]
fn a_node_that_takes_none_of_the_copies_stands_in_the_way_of_a_hard_spread() {
    let mut small = problem(1, vec![pod("web", 0, 3), pod("web", 1, 3)]);
    for pod in &mut small.pods {
        pod.spread.push(generate::spread("kubernetes.io/hostname", 1, "web"));
    }
    assert!(states(&small).complete);
    let mut more = small.clone();
    more.nodes.push(problem(2, Vec::new()).nodes.remove(1));
    more.nodes[1].allocatable.cpu_milli = 200;
    assert!(!states(&more).complete, "two on one node, none on the other");
    assert_eq!(judge(&small, &BUDGET).verdict, Kind::Guaranteed);
    assert_ne!(judge(&more, &BUDGET).verdict, Kind::Guaranteed);
}

#[test]
fn a_service_others_need_is_missed() {
    let mut pods = vec![pod("store", 0, 3), pod("web", 0, 3)];
    pods[1].affinity.required.push(generate::near("kubernetes.io/hostname", "store"));
    let both = problem(1, pods);
    assert!(states(&both).complete);
    let mut alone = both.clone();
    alone.pods.remove(0);
    assert!(!states(&alone).complete);
    assert_ne!(judge(&both, &BUDGET).verdict, Kind::Impossible);
}
