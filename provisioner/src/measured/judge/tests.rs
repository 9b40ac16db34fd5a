use std::path::Path;

use terrarium_fit::sizing::{Method, Rules};
use terrarium_fit::verdict::Budget;
use terrarium_inventory::Inventory;

use super::*;
use crate::fit::allowance::Allowance;
use crate::fit::answer::Subject;
use crate::fit::judge::{Terms, judge as fit_judge};
use crate::fit::problem::of_parts;
use crate::fit::stack::stand_in;
use crate::measured::history::History;
use crate::measured::join::join;
use crate::measured::predict::sites;
use crate::measured::sizes::sizes;
use crate::measured::table::table;
use crate::measured::{cluster, snapshot};
use crate::report::look::WIDTH;
use terrarium_helm::catalogue::Catalogue;

const INVENTORY: &str = "[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n\
    [[node]]\nname = 'pi-2'\nhost = '10.0.0.2'\nboard = 'pi4-4gb'\n\
    [[node]]\nname = 'pi-3'\nhost = '10.0.0.3'\nboard = 'pi4-4gb'\n";
const CLUSTER: &str = include_str!("../fixtures/cluster.json");
const PI_1: &str = include_str!("../fixtures/pi-1.json");
const PI_2: &str = include_str!("../fixtures/pi-2.json");

/// What is said of a cluster, with the third node silent.
fn answer(cluster: &str, agents: &[(&str, &str)]) -> Answer {
    let inventory =
        Inventory::parse(Path::new("/p.toml"), INVENTORY, Some(Path::new("/"))).unwrap();
    let cluster = cluster::parse(cluster).unwrap();
    let snapshots = agents
        .iter()
        .map(|(name, json)| ((*name).to_owned(), snapshot::parse(json.as_bytes()).unwrap()))
        .collect();
    let joined = join(&cluster, &snapshots, &History::default());
    let rules = Rules { least_seconds: 12 * 3600, ..Rules::default() };
    let sites = sites(&inventory, &cluster, &snapshots);
    assert_eq!(sites.len(), 3, "the third by its board");
    let parts = stand_in("small", &[], &sites).unwrap();
    let allowance = Allowance::ample();
    let terms = Terms {
        again: None,
        allowance: &allowance,
        subject: Subject { title: String::new(), source: "stand-in" },
        budget: Budget { runs: 20, search: 100_000, proof: 0, seed: 1 },
        stock: false,
        prices: &[],
        refused: Vec::new(),
        notes: Vec::new(),
    };
    let predicted = fit_judge(&of_parts(&parts, sites, &[], false).unwrap(), &terms);
    let found = Found {
        inventory: &inventory,
        cluster: &cluster,
        snapshots: &snapshots,
        silent: vec![Silent { node: "pi-3".to_owned(), why: "no route to it".to_owned() }],
        joined: &joined,
        predicted: Some(&predicted),
        sizes: sizes(&cluster.problem, &joined.containers, &rules, Some(Method::Krr)).told,
        sources: vec!["agents"],
        notes: Vec::new(),
    };
    judge(found, &About::new(&Catalogue::embedded().unwrap()))
}

/// What is said of two nodes that answer.
pub(crate) fn both() -> Answer {
    answer(CLUSTER, &[("pi-1", PI_1), ("pi-2", PI_2)])
}

#[test]
fn a_pod_without_a_node_does_not_fit_whatever_is_free() {
    let answer = both();
    assert_eq!(answer.word, Word::DoesNotFit);
    assert!(answer.reasons[0].contains("`terrarium/grafana-0`"), "{:?}", answer.reasons);
    assert!(answer.reasons[0].contains("Insufficient memory"), "{:?}", answer.reasons);
}

#[test]
fn without_it_the_kills_and_the_pressure_are_the_reasons() {
    let placed = CLUSTER.replace("Pending", "Succeeded");
    let answer = answer(&placed, &[("pi-1", PI_1), ("pi-2", PI_2)]);
    assert_eq!(answer.word, Word::Tight);
    let reasons = answer.reasons.join("; ");
    assert!(reasons.contains("pi-2: free memory fell to"), "{reasons}");
    // All of them stand with the node and the services.
    let pi_2 = answer.nodes.iter().find(|node| node.name == "pi-2").unwrap();
    assert!(pi_2.reasons.iter().any(|why| why.contains("for its disks, 42 %")), "{pi_2:?}");
    let redis = answer.services.iter().find(|service| service.name == "redis").unwrap();
    assert_eq!((redis.oom_kills, redis.restarts), (2, 2));
}

#[test]
fn a_node_alone_that_is_well_fits() {
    let placed = CLUSTER
        .replace("Pending", "Succeeded")
        .replace("Evicted", "Done")
        .replace("OOMKilled", "Error");
    let answer = answer(&placed, &[("pi-1", PI_1)]);
    assert_eq!(answer.word, Word::Fits, "{:?}", answer.reasons);
    assert!(answer.reasons[0].contains("pi-1: at most 1960 MiB of 8062"), "{:?}", answer.reasons);
    let silent: Vec<&str> = answer.silent.iter().map(|silent| silent.node.as_str()).collect();
    assert_eq!(silent, ["pi-3", "pi-2"]);
}

#[test]
fn what_no_pod_uses_is_the_systems_own_and_held_against_the_prediction() {
    let answer = both();
    let pi_1 = answer.nodes.iter().find(|node| node.name == "pi-1").unwrap();
    // 1750 less 24 and 310.
    assert_eq!(pi_1.own.low >> 20, 1416);
    assert_eq!(pi_1.own.high >> 20, 1416);
    let predicted = pi_1.predicted.as_ref().unwrap();
    assert!(
        predicted.difference.contains("they use 1416 MiB, as predicted"),
        "{}",
        predicted.difference
    );
}

#[test]
fn a_container_watched_too_briefly_gets_no_size() {
    let answer = both();
    let of = |name: &str| answer.sizes.iter().find(|sizing| sizing.container == name).unwrap();
    let json = |name: &str| serde_json::to_value(&of(name).advice).unwrap();
    assert_eq!(json("fastapi")["not-enough"]["seconds"], 7200);
    assert_eq!(json("postgresql")["not-enough"]["samples"], 0);
    let redis = json("redis");
    assert!(redis["enough"]["limit"]["memory"].as_u64() > Some(192 << 20), "{redis}");
    assert!(of("redis").other.is_some());
}

#[test]
fn the_table_says_all_of_it_in_eighty_columns() {
    let text = table(&both());
    let wide = text.lines().find(|line| line.chars().count() > WIDTH);
    assert_eq!(wide, None);
    insta::assert_snapshot!(text);
    let page = include_str!("../../../../docs/verdict/report.md");
    assert!(page.contains(text.trim_end()), "the page's example is another table");
}

#[test]
fn the_document_has_a_version_and_every_word_in_full() {
    let json = serde_json::to_value(both()).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["word"], "does not fit");
    assert_eq!(json["nodes"][1]["causes"][0]["about"], "voltage");
    assert_eq!(json["nodes"][1]["first_killed"][0]["pod"], "terrarium/kafka-0");
}

#[test]
fn long_names_stay_in_their_columns_and_new_pods_are_no_verdict() {
    let young = CLUSTER
        .replace("Unschedulable", "SchedulingGated")
        .replace("\"coredns\"", "\"a-container-with-a-name-so-long\"")
        .replace("\"app.kubernetes.io/instance\": \"prometheus\"", "\"a\": \"b\"")
        .replace("\"name\": \"prometheus\"", "\"name\": \"an-owner-with-a-name-so-long\"");
    let answer = answer(&young, &[("pi-1", PI_1), ("pi-2", PI_2)]);
    assert_eq!(answer.left[0].pod, "terrarium/grafana-0");
    assert_eq!(answer.word, Word::Tight, "{:?}", answer.reasons);
    let text = table(&answer);
    let wide = text.lines().find(|line| line.chars().count() > WIDTH);
    assert_eq!(wide, None);
    assert!(text.contains("a-container-with-a-name-so-long"), "{text}");
}
