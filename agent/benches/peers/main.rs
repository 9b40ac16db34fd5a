//! What the agent costs beside what people run today, in one run on one
//! machine: Debian's `node_exporter` and `blackbox_exporter`, and the floor below
//! which nothing can go, the bare reads of the same files.
//!
//! `make bench-agent` builds the agent as it is shipped and runs this. Seconds
//! are those of the machine; ratios and counts carry over to others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on ends"
)]

mod cost;
mod floor;
mod instructions;
mod kubelet;
mod report;
mod subject;

use std::path::{Path, PathBuf};

use cost::Cost;
use report::{Bound, Line, Report};
use subject::Subject;

/// The collectors of the host set, by the names both programs give them.
const PODS: u32 = 30;
const PROBES: u32 = 10;

const HOST_SET: [&str; 13] = [
    "cpu",
    "diskstats",
    "filesystem",
    "hwmon",
    "loadavg",
    "meminfo",
    "netdev",
    "pressure",
    "stat",
    "thermal_zone",
    "time",
    "uname",
    "vmstat",
];

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let agent = PathBuf::from(args.next().unwrap_or_else(|| {
        let arch = std::env::consts::ARCH;
        format!("{}/../dist/agent/{arch}/terrarium-agent", env!("CARGO_MANIFEST_DIR"))
    }));
    assert!(agent.is_file(), "{} is not there: agent/build.sh dist/agent", agent.display());
    let report = measure(&agent);
    print!("{report}");
    // The page whose figures are to be made anew.
    if let Some(page) = std::env::var_os("UPDATE") {
        report.write_into(&PathBuf::from(page));
    }
}

fn measure(agent: &Path) -> Report {
    let host = host_set();
    let floor = floor::microseconds();
    let ours = Cost::of(&Subject::agent(agent).with(&host));
    let whole = Cost::of(&Subject::agent(agent));
    let theirs = Cost::of(&Subject::node_exporter().with(&host));
    let default = Cost::of(&Subject::node_exporter());
    let target = Subject::agent(agent).start();
    let blackbox = Cost::of(&Subject::blackbox(&target));
    drop(target);
    // valgrind cannot run a program with musl: the same code with the host's C
    // library, which the benchmark's profile makes.
    let hosted = Path::new(env!("CARGO_BIN_EXE_terrarium-agent"));
    let instructions = instructions::a_series(&Subject::agent(hosted).with(&host));

    let mut kubelet = kubelet::Kubelet::new();
    let with_pods = Subject::agent(agent).with(&host).with(&kubelet.flags());
    let none = Cost::of(&with_pods);
    kubelet.run(PODS);
    let thirty = Cost::of(&with_pods.with(&kubelet.probes(PROBES)));
    let a_pod = (thirty.processor - none.processor) / f64::from(PODS);

    let size = std::fs::metadata(agent).unwrap().len();
    Report {
        table: vec![
            ("bare reads of the host set's files".to_owned(), None, floor),
            ("the agent, host set".to_owned(), Some(ours.clone()), ours.processor),
            (
                "the agent, everything on by default".to_owned(),
                Some(whole.clone()),
                whole.processor,
            ),
            (
                format!("the agent, host set, {PODS} pods and {PROBES} probes"),
                Some(thirty.clone()),
                thirty.processor,
            ),
            ("node_exporter, host set".to_owned(), Some(theirs.clone()), theirs.processor),
            ("node_exporter, as it comes".to_owned(), Some(default.clone()), default.processor),
            (
                "blackbox_exporter, one HTTP probe".to_owned(),
                Some(blackbox.clone()),
                blackbox.processor,
            ),
        ],
        lines: vec![
            Line::new(
                "resident after 1,000 scrapes, host set, MiB",
                ours.resident,
                Bound::most(3.0, 1.5),
            ),
            Line::new(
                "resident with 30 pods and 10 probes, MiB",
                thirty.resident,
                Bound::most(5.0, 3.0),
            ),
            Line::new("processor time a pod, µs", a_pod, Bound::most(50.0, 30.0)),
            Line::new("series of the host set", f64::from(ours.series), Bound::least(220.0)),
            Line::new(
                "processor time, host set: node_exporter's ÷ ours",
                theirs.processor / ours.processor,
                Bound::least(6.0),
            ),
            Line::new(
                "processor time, host set: ours ÷ floor",
                ours.processor / floor,
                Bound::wish(1.2),
            ),
            Line::new(
                "processor time, everything: node_exporter's ÷ ours",
                default.processor / whole.processor,
                Bound::at_least(8.0, 12.0),
            ),
            Line::new("user instructions a series", instructions, Bound::most(4000.0, 2500.0)),
            Line::new(
                "system calls a scrape, host set",
                ours.system_calls,
                Bound::most(60.0, 35.0),
            ),
            Line::new("threads, host set", f64::from(ours.threads), Bound::most(2.0, 1.0)),
            Line::new("program, stripped, MB", megabytes(size), Bound::most(2.5, 1.5)),
            Line::new(
                "wake-ups in ten seconds without a scrape",
                f64::from(ours.wakeups),
                Bound::most(0.0, 0.0),
            ),
        ],
    }
}

fn host_set() -> Vec<String> {
    let mut flags = vec!["--collector.disable-defaults".to_owned()];
    flags.extend(HOST_SET.map(|collector| format!("--collector.{collector}")));
    flags
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a program's size")]
    let bytes = bytes as f64;
    bytes / 1e6
}
