//! `make bench-fit`, second part: how long `provision fit` takes as somebody calls it,
//! from reading to the last line, and the most memory that is resident meanwhile. Beside
//! it the real kube-scheduler (`hardware/lab/scheduler`, in `TERRARIUM_REFEREE`) places
//! the same pods once, which is the least anybody has to do.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for its developers")]
#![allow(missing_docs, reason = "a program")]

#[path = "../../tests/bounded/large.rs"]
mod large;
#[path = "../../tests/tidy/marked.rs"]
mod marked;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How often each is asked; the median is told.
const ROUNDS: usize = 3;
/// What the real scheduler may take before it is left.
const PATIENCE: Duration = Duration::from_mins(10);

struct Case {
    name: &'static str,
    asked: Asked,
}

enum Asked {
    Boards(&'static str),
    Manifests { nodes: u64, objects: Vec<Value> },
}

/// What a program took.
struct Took {
    wall: Duration,
    /// Resident memory at its most, in MiB.
    memory: u64,
    said: String,
}

fn cases() -> Vec<Case> {
    let bare = |nodes, pods, sizes, load| Asked::Manifests {
        nodes,
        objects: large::bare(pods, &large::sizes(sizes, pods, nodes, load)),
    };
    let deployments = |nodes, count, replicas, load| Asked::Manifests {
        nodes,
        objects: large::deployments(
            count,
            replicas,
            &large::sizes(20, count * replicas, nodes, load),
        ),
    };
    vec![
        Case { name: "3 nodes, 60 pods that differ, 80 %", asked: bare(3, 60, 60, 80) },
        Case { name: "3 nodes, 60 pods that differ, 99 %", asked: bare(3, 60, 60, 99) },
        Case { name: "3 nodes, 300 pods that differ, 60 %", asked: bare(3, 300, 300, 60) },
        Case { name: "300 boards, profile `full`", asked: Asked::Boards("300xpi5-8gb") },
        Case { name: "300 nodes, 3,000 bare pods, 90 %", asked: bare(300, 3_000, 20, 90) },
        Case {
            name: "1,000 nodes, 500 Deployments of 20, 50 %",
            asked: deployments(1_000, 500, 20, 50),
        },
        Case { name: "1,000 nodes, 10,000 bare pods, 50 %", asked: bare(1_000, 10_000, 20, 50) },
        Case { name: "1,000 nodes, 10,000 bare pods, 90 %", asked: bare(1_000, 10_000, 20, 90) },
        Case {
            name: "1,000 nodes, 10,000 pods that differ, 50 %",
            asked: bare(1_000, 10_000, 10_000, 50),
        },
    ]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let referee = std::env::var_os("TERRARIUM_REFEREE").map(PathBuf::from);
    let mut table = String::from(
        "| asked | verdict | wide | seconds | MiB | kube-scheduler, once, s |\n|---|---|---|---|---|---|\n",
    );
    for case in cases() {
        let row = row(&case, folder.path(), referee.as_deref());
        println!("{row}");
        writeln!(table, "{row}").unwrap();
    }
    if let Some(path) = std::env::var_os("UPDATE") {
        let page = std::fs::read_to_string(&path).unwrap();
        let [before, _, after] = marked::marked(&page, "bench-fit");
        std::fs::write(path, format!("{before}{table}{after}")).unwrap();
    }
}

fn row(case: &Case, folder: &Path, referee: Option<&Path>) -> String {
    let mut rounds: Vec<Took> = (0..ROUNDS).map(|_| judged(case, folder)).collect();
    rounds.sort_by_key(|took| took.wall);
    let memory = rounds.iter().map(|took| took.memory).max().unwrap();
    let median = &rounds[ROUNDS / 2];
    let answer: Value = serde_json::from_str(&median.said).unwrap();
    let share = |end: &str| answer["share"][end].as_f64().unwrap();
    let scheduler = match (&case.asked, referee) {
        (Asked::Manifests { .. }, Some(referee)) => scheduled(folder, referee),
        _ => "–".to_owned(),
    };
    format!(
        "| {} | {}, {} | {:.2} | {:.1} | {memory} | {scheduler} |",
        case.name,
        answer["word"].as_str().unwrap(),
        answer["verdict"].as_str().unwrap(),
        share("high") - share("low"),
        median.wall.as_secs_f64(),
    )
}

fn judged(case: &Case, folder: &Path) -> Took {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(["fit", "--json"]).current_dir(folder).env_clear().env("HOME", folder);
    match &case.asked {
        Asked::Boards(boards) => {
            command.args(["--boards", boards, "--profile", "full"]);
        }
        Asked::Manifests { nodes, objects } => {
            let list = |items: &[Value]| {
                json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
            };
            let (nodes, pods) = (list(&large::nodes(*nodes)), list(objects));
            std::fs::write(folder.join("both.json"), format!("{nodes}\n{pods}\n")).unwrap();
            std::fs::write(folder.join("nodes.json"), nodes).unwrap();
            std::fs::write(folder.join("pods.json"), pods).unwrap();
            command.args(["--nodes", "nodes.json", "--manifests", "pods.json"]);
        }
    }
    took(command, folder, Duration::MAX).unwrap()
}

/// Seconds of the real scheduler for the pods that were written last.
fn scheduled(folder: &Path, referee: &Path) -> String {
    let mut command = Command::new(referee);
    command.arg("both.json").current_dir(folder);
    let took = took(command, folder, PATIENCE);
    took.map_or_else(
        || format!("> {}", PATIENCE.as_secs()),
        |took| format!("{:.1}", took.wall.as_secs_f64()),
    )
}

fn took(mut command: Command, folder: &Path, most: Duration) -> Option<Took> {
    let said = folder.join("said");
    let begun = Instant::now();
    let file = std::fs::File::create(&said).unwrap();
    let mut child = command.stdout(file).stderr(Stdio::null()).spawn().unwrap();
    let mut memory = 0;
    while child.try_wait().unwrap().is_none() {
        memory = resident(&child).unwrap_or_default().max(memory);
        if begun.elapsed() > most {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = begun.elapsed();
    Some(Took { wall, memory: memory / 1024, said: std::fs::read_to_string(said).unwrap() })
}

/// The most resident memory so far, in KiB, as Linux counts it.
fn resident(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
