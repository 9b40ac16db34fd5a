//! The worked example of docs/verdict/sizing.md, worked out.

use super::*;

const MIB: u64 = 1 << 20;
/// Minutes of a week.
const WEEK: u64 = 7 * 1440;

/// A pod of a week, one sample a minute: MiB and thousandths of a core.
fn pod(memory: impl Fn(u64) -> u64, cpu: impl Fn(u64) -> u64) -> Used {
    let sample = |minute: u64, value: u64| Sample { at: 1_780_000_000 + minute * 60, value };
    let series = Series {
        memory: (0..WEEK).map(|minute| sample(minute, memory(minute) * MIB)).collect(),
        cpu: (0..WEEK).map(|minute| sample(minute, cpu(minute))).collect(),
    };
    Used {
        pod: "it-0".to_owned(),
        seconds: WEEK * 60,
        samples: WEEK,
        series: Some(series),
        ..Used::default()
    }
}

fn row(what: &str, pod: &Used) -> String {
    let container = Container {
        in_pod: 1,
        request: Resource { cpu: None, memory: Some(256 * MIB) },
        pods: vec![pod.clone()],
        ..Container::default()
    };
    let by = |method| match advise(method, &container, &Rules::default()) {
        Advice::Enough(size) => {
            let mib = |bytes: u64| format!("{} MiB", bytes.div_ceil(MIB));
            let limit = size.limit.memory.map_or("none".to_owned(), mib);
            let request = size.request.memory.map(mib).unwrap();
            format!("{request} / {limit}, {}m", size.request.cpu.unwrap())
        }
        Advice::NotEnough { .. } => panic!("not enough data"),
    };
    format!("| {what} | {} | {} | {} |", by(Method::Ours), by(Method::Krr), by(Method::Vpa))
}

#[test]
fn the_table_of_the_docs_is_what_comes_out() {
    let night = |minute: u64| minute % 1440 < 30;
    let nightly = pod(
        |minute| if night(minute) { 90 } else { 60 },
        |minute| if night(minute) { 400 } else { 12 },
    );
    let starting = Used {
        startup_memory: Some(700 * MIB),
        ..pod(|minute| if minute < 6 { 700 } else { 520 }, |minute| 60 + minute % 40)
    };
    let killed = Used {
        oom: Some(Oom { kills: 2, limit: Some(256 * MIB) }),
        ..pod(|minute| 180 + minute % 70, |_| 30)
    };
    let docs = include_str!("../../../../../docs/verdict/sizing.md");
    let rows = [
        row("60 MiB, and 90 MiB for half an hour each night", &nightly),
        row("a JVM: 700 MiB for six minutes, then 520 MiB", &starting),
        row("up to 249 MiB, killed twice at a limit of 256 MiB", &killed),
    ];
    let lacking: Vec<&String> = rows.iter().filter(|row| !docs.contains(*row)).collect();
    assert!(lacking.is_empty(), "docs/verdict/sizing.md lacks {lacking:#?}");
}
