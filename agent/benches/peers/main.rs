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

mod allocations;
mod cost;
mod counted;
mod floor;
mod kubelet;
mod report;
mod subject;

use std::path::{Path, PathBuf};

use allocations::Allocations;
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

/// Everything measured; processor time of the floor and of a pod in microseconds.
struct Measured {
    floor: f64,
    host: Cost,
    whole: Cost,
    pods: Cost,
    a_pod: f64,
    instructions: f64,
    allocations: Allocations,
    megabytes: f64,
    exporter_host: Cost,
    exporter: Cost,
    blackbox: Cost,
}

fn measure(agent: &Path) -> Report {
    let host = host_set();
    let target = Subject::agent(agent).start();
    let blackbox = Cost::of(&Subject::blackbox(&target));
    drop(target);
    // valgrind cannot run a program with musl: the same code with the host's C
    // library, which the benchmark's profile makes.
    let hosted = Path::new(env!("CARGO_BIN_EXE_terrarium-agent"));
    let mut kubelet = kubelet::Kubelet::new();
    let with_pods = Subject::agent(agent).with(&host).with(&kubelet.flags());
    let none = Cost::of(&with_pods);
    kubelet.run(PODS);
    let pods = Cost::of(&with_pods.with(&kubelet.probes(PROBES)));
    drop(kubelet);
    let measured = Measured {
        floor: floor::microseconds(),
        host: Cost::of(&Subject::agent(agent).with(&host)),
        whole: Cost::of(&Subject::agent(agent)),
        a_pod: (pods.processor - none.processor) / f64::from(PODS),
        pods,
        instructions: counted::instructions_a_series(&Subject::agent(hosted).with(&host)),
        allocations: Allocations::of(hosted),
        megabytes: megabytes(std::fs::metadata(agent).unwrap().len()),
        exporter_host: Cost::of(&Subject::node_exporter().with(&host)),
        exporter: Cost::of(&Subject::node_exporter()),
        blackbox,
    };
    Report { table: table(&measured), lines: lines(&measured) }
}

fn table(measured: &Measured) -> Vec<(String, Option<Cost>, f64)> {
    let row = |who: String, cost: &Cost| (who, Some(cost.clone()), cost.processor);
    vec![
        ("bare reads of the host set's files".to_owned(), None, measured.floor),
        row("the agent, host set".to_owned(), &measured.host),
        row("the agent, everything on by default".to_owned(), &measured.whole),
        row(format!("the agent, host set, {PODS} pods and {PROBES} probes"), &measured.pods),
        row("node_exporter, host set".to_owned(), &measured.exporter_host),
        row("node_exporter, as it comes".to_owned(), &measured.exporter),
        row("blackbox_exporter, one HTTP probe".to_owned(), &measured.blackbox),
    ]
}

fn lines(measured: &Measured) -> Vec<Line> {
    let Measured { floor, host, whole, pods, exporter_host, exporter, allocations, .. } = measured;
    let line = Line::new;
    vec![
        line("resident, host set, MiB", host.resident, Bound::most(3.0, 1.5)),
        line("resident, 30 pods and 10 probes, MiB", pods.resident, Bound::most(5.0, 3.0)),
        line("series of the host set", f64::from(host.series), Bound::least(220.0)),
        line(
            "host set: node_exporter's time ÷ ours",
            exporter_host.processor / host.processor,
            Bound::least(6.0),
        ),
        line("host set: our time ÷ floor", host.processor / floor, Bound::wish(1.2)),
        line(
            "everything: node_exporter's time ÷ ours",
            exporter.processor / whole.processor,
            Bound::at_least(8.0, 12.0),
        ),
        line("time a pod, µs", measured.a_pod, Bound::most(50.0, 30.0)),
        line("user instructions a series", measured.instructions, Bound::most(4000.0, 2500.0)),
        line(
            "allocations a scrape, collecting and encoding",
            allocations.collecting,
            Bound::most(0.0, 0.0),
        ),
        line("allocations a scrape, what is registered", allocations.registered, Bound::none()),
        line("allocations a scrape, the HTTP layer's own", allocations.http, Bound::none()),
        line("system calls, host set", host.system_calls, Bound::most(60.0, 35.0)),
        line("threads, host set", f64::from(host.threads), Bound::most(2.0, 1.0)),
        line("program, stripped, MB", measured.megabytes, Bound::most(2.75, 1.5)),
        line("wake-ups in ten idle seconds", f64::from(host.wakeups), Bound::most(0.0, 0.0)),
    ]
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
