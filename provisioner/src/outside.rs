//! Ten thousand spoilt texts of each kind that nodes send: nothing of them makes a
//! parser panic or grow, and nothing but what was checked comes out.

mod kubeconfigs;
mod replies;
mod spoil;

use std::fmt::Debug;
use std::process::Command;
use std::thread;

/// Texts of each kind.
const ROUNDS: usize = 10_000;
/// What all of it together may take at its peak.
const MOST_KIB: u64 = 128 << 10;
/// What it is called, and what tries all its texts and tells how many were taken.
type Kind = (&'static str, fn() -> usize);
/// Set for the process that does the work: its peak is its own.
const MARK: &str = "TERRARIUM_TEST_OUTSIDE";

/// Nothing in it would do something to a terminal: with `Debug`, what is hidden in
/// a text is written out, and a backslash that was there before is two.
fn assert_visible(value: &impl Debug, text: &[u8]) {
    let shown = format!("{value:?}").replace("\\\\", "").replace("\\\"", "").replace("\\'", "");
    assert!(!shown.contains('\\'), "{shown}\nof\n{}", String::from_utf8_lossy(text));
}

/// The process' peak so far.
fn peak_kib() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn ten_thousand_spoilt_texts_of_each_kind_do_no_harm() {
    if std::env::var_os(MARK).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", thread::current().name().unwrap(), "--nocapture"])
            .env(MARK, "1")
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        return;
    }
    let kinds: [Kind; 6] = [
        ("a server's kubeconfigs", kubeconfigs::of_servers),
        ("operators' kubeconfigs", kubeconfigs::of_operators),
        ("replies to the probe", replies::to_the_probe),
        ("agents' snapshots", replies::of_agents),
        ("Kubernetes' lists", replies::of_kubernetes),
        ("Prometheus' replies", replies::of_prometheus),
    ];
    thread::scope(|scope| {
        let running = kinds.map(|(name, kind)| (name, scope.spawn(kind)));
        for (name, thread) in running {
            let taken = thread.join().unwrap();
            // Spoilt too much, nothing would be tried but the first line.
            assert!(taken * 10 > ROUNDS, "{name}: {taken} of {ROUNDS} were taken");
        }
    });
    assert!(peak_kib() < MOST_KIB, "{} KiB", peak_kib());
}
