//! Kubernetes' own cases: how many of them there are as data, and which are
//! left out, as the documentation says it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::generated::committed;

/// What the tables are about, in the scheduler's order. Those that sizing has
/// from elsewhere are not the scheduler's.
const TABLES: [(&str, &str); 18] = [
    ("requests", "requests, limits, priorities"),
    ("kubelet", "allocatable and its thresholds"),
    ("taints", "cordons, taints"),
    ("node_affinity", "names, selectors, node affinity"),
    ("ports", "host ports"),
    ("fit", "room"),
    ("spread", "hard spreading"),
    ("spread_counts", "what hard spreading counts"),
    ("neighbours", "required and excluded neighbours"),
    ("taints_score", "score: taints"),
    ("node_affinity_score", "score: preferred nodes"),
    ("spread_score", "score: spreading"),
    ("spread_domains", "what soft spreading is weighed by"),
    ("copies", "who is a copy of whom"),
    ("neighbours_score", "score: neighbours"),
    ("least_score", "score: the emptiest"),
    ("balanced_score", "score: balance"),
    ("preemption", "who gives way to whom"),
];
const ELSEWHERE: [&str; 2] = ["krr", "vpa"];
const FOLDER: &str = "provisioner/fit/tests/tables";

fn table(name: &str) -> Value {
    let text = crate::read(&format!("{FOLDER}/{name}.json"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn items<'a>(table: &'a Value, key: &str) -> &'a Vec<Value> {
    table[key].as_array().unwrap_or_else(|| panic!("a table without `{key}`"))
}

/// One entry may stand for all cases of a test.
fn count(left_out: &Value) -> u64 {
    left_out["cases"].as_u64().unwrap_or(1)
}

/// The last two parts of each source's path, which tell the files apart.
fn sources(table: &Value) -> String {
    let sources = table["source"].as_str().unwrap().split("; ").map(|source| {
        let path: Vec<&str> = source.rsplit(' ').next().unwrap().rsplit('/').collect();
        format!("`{}/{}`", path[1], path[0])
    });
    sources.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_cases_of_kubernetes_own_tables() {
    let mut rows = Vec::new();
    let (mut agree, mut out, mut noted) = (0, 0, 0);
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for (name, about) in TABLES {
        let table = table(name);
        let cases = items(&table, "cases").len();
        let left: u64 = items(&table, "left_out").iter().map(count).sum();
        for one in items(&table, "left_out") {
            let reason = one["reason"].as_str().unwrap_or_else(|| panic!("{name}: {one}"));
            *reasons.entry(reason.to_owned()).or_default() += count(one);
        }
        noted += items(&table, "cases").iter().filter(|case| case["note"].is_string()).count();
        rows.push(format!("| {about} | {} | {cases} | {left} |\n", sources(&table)));
        (agree, out) = (agree + cases, out + left);
    }
    let mut reasons: Vec<(String, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
    let reasons: Vec<String> =
        reasons.into_iter().map(|(reason, cases)| format!("| {cases} | {reason} |\n")).collect();
    let text = format!(
        "| about | cases of | agree | left out |\n|---|---|---|---|\n{}\
         | **all** | | **{agree}** | **{out}** |\n\n\
         {noted} of them are compared in part, or changed; a note in the file says how.\n\n\
         Left out, and why:\n\n| cases | reason |\n|---|---|\n{}",
        rows.concat(),
        reasons.concat()
    );
    committed("docs/verdict/semantics.md", "tables", &text);
}

#[test]
fn every_table_is_counted() {
    for file in crate::files(FOLDER) {
        let name = Path::new(&file).file_stem().unwrap().to_str().unwrap().to_owned();
        let known = TABLES.iter().any(|(table, _)| *table == name);
        let elsewhere = ELSEWHERE.iter().any(|other| name.starts_with(other));
        assert!(known || elsewhere, "{file} is counted nowhere");
    }
}
