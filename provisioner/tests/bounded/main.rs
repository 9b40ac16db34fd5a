//! Whatever is asked of `provision fit`, the answer comes within its budget and
//! its memory. Processor time is measured, not that of the clock: other tests run
//! beside this one.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod large;
mod shapes;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use shapes::{Shape, shapes};

/// Twice the budget and a second for the rest: this program was built for tests,
/// and what runs beside it slows each of its instructions down. Without the bound
/// these shapes take minutes.
const MOST: Duration = Duration::from_secs(4);
const MOST_KIB: i64 = 512 * 1024;

/// Processor time of all programs that were waited for, and the most resident
/// memory of any of them.
fn used() -> (Duration, i64) {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let time = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    (Duration::from_micros(time.unsigned_abs()), usage.max_rss())
}

/// One test at a time: what children took is counted for all of them together.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fit(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.arg("fit").args(args).current_dir(folder).env_clear().env("HOME", folder);
    command.output().unwrap()
}

/// Asks, and holds the answer and what it took against what is promised.
fn bounded(name: &str, folder: &Path, args: &[&str]) {
    let (before, _) = used();
    let output = fit(folder, args);
    let (after, memory) = used();
    let (said, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let took = after.saturating_sub(before);
    assert!(took < MOST, "{name}: {took:?}\n{said}{told}");
    assert!(memory < MOST_KIB, "{name} or one before it: {memory} KiB\n{said}{told}");
    assert!(matches!(output.status.code(), Some(0 | 6)), "{name}: {}\n{told}", output.status);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    assert!(["fits", "tight", "does not fit"].iter().any(|word| said.contains(word)), "{name}");
    if said.contains(" unknown ") || said.contains("\"verdict\": \"unknown\"") {
        let why = ["the budget of 1 s was used up in the", "512 mib of memory a verdict may take"];
        assert!(why.iter().any(|why| said.contains(why)), "{name}: {said}");
        // Nothing is known of a service when no run was made and no proof found.
        if said.contains("\"runs\": 0,") {
            assert!(!said.contains("guaranteed"), "{name}: {said}");
        }
    }
}

#[test]
fn every_shape_is_answered_within_its_budget_and_memory() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for Shape { name, nodes, objects } in shapes() {
        let write = |file: &str, items| {
            let list = serde_json::json!({"kind": "List", "items": items});
            std::fs::write(folder.path().join(file), list.to_string()).unwrap();
        };
        write("nodes.json", nodes);
        write("pods.json", objects);
        let args = ["--nodes", "nodes.json", "--manifests", "pods.json", "--budget", "1"];
        bounded(name, folder.path(), &args);
        // The same in other words has to be made as well.
        bounded(name, folder.path(), &[&args[..], &["--html", "page.html"]].concat());
    }
    for boards in ["300xpi5-8gb", "1000xpi4-2gb", "500xpi5-4gb,500xpi4-8gb"] {
        let args = ["--boards", boards, "--profile", "full", "--budget", "1"];
        bounded(boards, folder.path(), &args);
        bounded(boards, folder.path(), &[&args[..], &["--json"]].concat());
    }
}

/// What a large cluster with an easy answer may take in this program, which was built
/// for tests: some ten times what a user waits, on a machine that has other work.
const LARGE: Duration = Duration::from_mins(1);

#[test]
fn a_large_cluster_is_answered_whole_whether_its_pods_are_replicas_or_bare() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let sizes = large::sizes(20, 2_000, 200, 50);
    let bare = large::bare(2_000, &sizes);
    for (name, objects) in [("bare", bare), ("replicas", large::deployments(100, 20, &sizes))] {
        for (file, items) in [("nodes.json", large::nodes(200)), ("pods.json", objects)] {
            let list = serde_json::json!({"kind": "List", "items": items});
            std::fs::write(folder.path().join(file), list.to_string()).unwrap();
        }
        let args = ["--json", "--nodes", "nodes.json", "--manifests", "pods.json"];
        let begun = Instant::now();
        let output = fit(folder.path(), &[&args[..], &["--budget", "120"]].concat());
        let took = begun.elapsed();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&answer["word"], &answer["verdict"]), (&"fits".into(), &"guaranteed".into()));
        let all = |list: &str| answer[list].as_array().unwrap().clone();
        // Nothing was left out for want of time.
        assert!(all("remarks").iter().all(|remark| remark["about"] != "budget"), "{name}");
        assert_eq!((all("nodes").len(), all("loss").len()), (200, 200), "{name}");
        assert!(all("services").iter().all(|one| one["largest_request"].is_number()), "{name}");
        assert!(took < LARGE, "{name}: {took:?}");
    }
    assert!(used().1 < MOST_KIB, "{} KiB", used().1);
}

#[test]
fn what_is_proven_is_said_though_the_budget_ends_in_the_runs() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let objects = large::bare(5_000, &large::sizes(20, 5_000, 500, 50));
    for (file, items) in [("nodes.json", large::nodes(500)), ("pods.json", objects)] {
        let list = serde_json::json!({"kind": "List", "items": items});
        std::fs::write(folder.path().join(file), list.to_string()).unwrap();
    }
    for budget in ["1", "2", "4"] {
        let args = ["--json", "--nodes", "nodes.json", "--manifests", "pods.json"];
        let output = fit(folder.path(), &[&args[..], &["--budget", budget]].concat());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        if answer["verdict"] == "guaranteed" {
            assert_eq!(answer["word"], "fits", "with {budget} s: {}", answer["reasons"]);
        }
    }
}

#[test]
fn what_takes_long_says_what_it_is_at() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let args = ["--boards", "1000xpi5-8gb", "--profile", "full", "--budget", "2"];
    let told = fit(folder.path(), &args).stderr;
    let told = String::from_utf8_lossy(&told);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("judging for ")).collect();
    assert_eq!(lines.len(), 1, "once is enough where nobody watches: {told}");
    assert!(lines[0].contains("s of at most 2 s: in the "), "{told}");
}
