//! The real kube-scheduler holds the verdict to account: it runs over generated
//! clusters (`hardware/lab/scheduler`), and nothing it does may be something the
//! verdict, the filters or the scores rule out.
//!
//! `make referee` runs all cases; the default is as many as take a minute.
//! `TERRARIUM_REFEREE_CASES` and `TERRARIUM_REFEREE_RUNS` change that.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod compare;
mod generate;
mod observed;

use std::fmt::Write as _;
use std::path::PathBuf;

const CASES: u64 = 48;
const RUNS: u64 = 6;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_else(|_| default.to_string());
    text.parse().unwrap_or_else(|_| panic!("{variable}={text}: expected a number"))
}

/// Where the cases, what was observed and the report are left.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("referee");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn equal_seeds_make_equal_cases_and_different_ones_differ() {
    for number in 0..240 {
        let (one, other) = (generate::case(number), generate::case(number));
        assert_eq!((one.name, &one.text), (other.name, &other.text));
        assert_ne!(one.text, generate::case(number + 240).text);
    }
}

#[test]
fn nothing_the_real_scheduler_does_is_ruled_out() {
    let (cases, runs) =
        (number("TERRARIUM_REFEREE_CASES", CASES), number("TERRARIUM_REFEREE_RUNS", RUNS));
    let cases: Vec<_> = (0..cases).map(generate::case).collect();
    let folder = folder();
    let observed = observed::observe(&folder, &cases, runs);
    assert_eq!(observed.len(), cases.len(), "the referee reports each case");
    let mut tally = compare::Tally::default();
    for (case, observed) in cases.iter().zip(&observed) {
        assert_eq!(observed.runs.len() as u64, runs, "{}", case.name);
        compare::compare(case, observed, &mut tally);
    }
    let mut report = format!("{tally}\n");
    for line in &tally.disagreements {
        writeln!(report, "- {line}").unwrap();
    }
    let path = folder.join("report.md");
    std::fs::write(&path, &report).unwrap();
    println!("{report}");
    assert!(
        tally.disagreements.is_empty(),
        "{} disagreements with the real scheduler, all in {}",
        tally.disagreements.len(),
        path.display()
    );
    // What was compared is no empty set.
    assert!(tally.steps > 0 && tally.complete > 0 && tally.complete < tally.runs, "{tally}");
}
