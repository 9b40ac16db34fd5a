//! Manifests with verdicts worked out by hand, from `cases.yaml`.

use super::tests::judged;

const CASES: &str = include_str!("cases.yaml");

/// A node of 4 cores, so much memory and 110 pods, with more of a spec and a status.
fn node(number: usize, memory: &str, spec: &str, status: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: n{number}}}\nspec: {{{spec}}}\nstatus: \
         {{allocatable: {{cpu: 4, memory: {memory}, pods: 110}}{status}}}\n---\n"
    )
}

/// The nodes that the cases name: of 3 GiB each, unless they are uneven.
fn nodes(name: &str) -> String {
    let plain = |number| node(number, "3Gi", "", "");
    let first_two = || plain(1) + &plain(2);
    match name {
        "one" => plain(1),
        "three" => (1..=3).map(plain).collect(),
        "four" => (1..=4).map(plain).collect(),
        "tainted" => {
            let taint =
                "taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]";
            first_two() + &node(3, "3Gi", taint, "")
        }
        "unready" => {
            first_two() + &node(3, "3Gi", "", ", conditions: [{type: Ready, status: 'False'}]")
        }
        "uneven" => first_two() + &node(3, "512Mi", "", ""),
        other => panic!("no nodes are called {other}"),
    }
}

#[test]
fn manifests_get_the_verdicts_worked_out_by_hand() {
    let mut wrong = Vec::new();
    let cases: Vec<&str> = CASES.split_once("\n\n").unwrap().1.split("\n####\n").collect();
    assert!(cases.len() >= 50, "{}", cases.len());
    for case in cases {
        let mut lines = case.lines();
        let mut field = |key: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(key).unwrap_or_else(|| panic!("{line}: no {key}"))
        };
        let (name, on) = (field("# "), field("# nodes: "));
        let (expected, why) = (field("# verdict: "), field("# why: "));
        let answer = judged(&nodes(on), case).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let word = answer.word.as_str();
        let found = format!("{word}, {}", answer.verdict);
        if expected != word && expected != found {
            let reasons = answer.reasons.join("; ");
            wrong.push(format!("{name}: {expected}, as {why}; found {found}: {reasons}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
