//! What a container needs is found by counting: the least of which 99 in 100
//! minutes, and every start, need no more.

use super::*;

const MIB: u64 = 1 << 20;
const DAY: u64 = 1440;

/// A pod that used so much memory, in MiB, in each of so many minutes.
#[derive(Debug, Clone)]
struct History(Vec<u64>);

impl History {
    fn new(minutes: u64, used: impl Fn(u64) -> u64) -> Self {
        Self((0..minutes).map(used).collect())
    }

    /// What an agent tells of it, its percentiles up to `wrong` percent high.
    fn used(&self, wrong: u64) -> Used {
        let all = Quantiles::of(self.0.iter().map(|used| used * MIB)).unwrap();
        let high = |value: u64| (value + value * wrong / 100).min(all.max);
        let [p50, p90, p95, p99] = [all.p50, all.p90, all.p95, all.p99].map(high);
        Used {
            pod: "it-0".to_owned(),
            seconds: self.0.len() as u64 * 60,
            samples: self.0.len() as u64,
            memory: Some(Quantiles { p50, p90, p95, p99, max: all.max }),
            ..Used::default()
        }
    }

    /// The least of which 99 in 100 minutes need no more.
    fn need(&self) -> u64 {
        let enough = |room: &u64| {
            let above = self.0.iter().filter(|used| *used > room).count();
            above * 100 <= self.0.len()
        };
        (0..10_000).find(enough).unwrap()
    }

    /// No minute needs more.
    fn peak(&self) -> u64 {
        (0..10_000).find(|room| self.0.iter().all(|used| used <= room)).unwrap()
    }
}

fn of(pods: &[Used]) -> Size {
    let container = Container { pods: pods.to_vec(), ..Container::default() };
    match advise(Method::Ours, &container, &Rules::default()) {
        Advice::Enough(size) => size,
        Advice::NotEnough { .. } => panic!("not enough data"),
    }
}

fn mebibytes(bytes: Option<u64>) -> u64 {
    bytes.unwrap() / MIB
}

/// At most a tenth away from what is right.
fn near(found: Option<u64>, right: u64) {
    let found = mebibytes(found);
    assert!(found.abs_diff(right) * 10 <= right, "{found} MiB where {right} are right");
}

/// Request and limit are right for what the history needs, whether percentiles
/// are exact or as far off as an agent's may be.
fn right(history: &History, need: u64) {
    for wrong in [0, 5] {
        let size = of(&[history.used(wrong)]);
        near(size.request.memory, need + need / 10);
        near(size.limit.memory, history.peak() + history.peak() / 4);
        assert!(mebibytes(size.request.memory) >= need);
        assert!(mebibytes(size.limit.memory) > history.peak());
    }
}

#[test]
fn constant_use_is_requested_with_a_tenth_on_top() {
    let history = History::new(2 * DAY, |_| 100);
    right(&history, 100);
    assert_eq!(mebibytes(of(&[history.used(0)]).request.memory), 110);
}

#[test]
fn a_nightly_job_of_half_an_hour_is_requested() {
    // 2 % of the time: p95 would miss it.
    let history = History::new(7 * DAY, |minute| if minute % DAY < 30 { 300 } else { 100 });
    assert_eq!(history.need(), 300);
    right(&history, 300);
}

#[test]
fn a_nightly_peak_of_five_minutes_is_left_to_the_limit() {
    let history = History::new(7 * DAY, |minute| if minute % DAY < 5 { 300 } else { 100 });
    assert_eq!(history.need(), 100);
    right(&history, 100);
}

#[test]
fn a_jvm_that_takes_more_to_start_than_to_run_can_start_again() {
    let history = History::new(3 * DAY, |minute| if minute < 5 { 400 } else { 250 });
    assert_eq!(history.need(), 250);
    let size = of(&[Used { startup_memory: Some(400 * MIB), ..history.used(5) }]);
    near(size.request.memory, 440);
    assert_eq!(
        size.why[0].to_string(),
        "memory request: the start of it-0 took 400 MiB, plus 10 %"
    );
}

#[test]
fn of_a_leak_the_end_counts_and_not_the_middle() {
    let history = History::new(4 * DAY, |minute| 100 + 400 * minute / (4 * DAY));
    assert_eq!(history.need(), 495);
    right(&history, 495);
}

#[test]
fn of_two_pods_the_larger_decides_and_both_are_told() {
    let large = Used { pod: "it-1".to_owned(), ..History::new(DAY, |_| 360).used(5) };
    let size = of(&[History::new(DAY, |_| 60).used(5), large]);
    near(size.request.memory, 396);
    assert_eq!(size.spread, (60 * MIB, 360 * MIB));
    assert_eq!(size.why[0].pod.as_deref(), Some("it-1"));
}

#[test]
fn a_kill_raises_the_limit_by_half_and_32_mib() {
    let history = History::new(2 * DAY, |_| 200);
    let oom = Some(Oom { kills: 1, limit: Some(256 * MIB) });
    let size = of(&[Used { oom, ..history.used(0) }]);
    assert_eq!(mebibytes(size.limit.memory), 416);
    assert_eq!(mebibytes(size.request.memory), 220);
    let told = "memory limit: killed for want of memory of it-0 at 256 MiB, plus 50 %";
    assert_eq!(size.why[1].to_string(), told);
}

#[test]
fn a_kill_by_the_node_says_nothing_of_the_limit() {
    let history = History::new(2 * DAY, |_| 200);
    let oom = Some(Oom { kills: 1, limit: None });
    assert_eq!(of(&[Used { oom, ..history.used(0) }]), of(&[history.used(0)]));
}

#[test]
fn the_smallest_request_is_8_mib() {
    let size = of(&[History::new(2 * DAY, |_| 3).used(0)]);
    assert_eq!((mebibytes(size.request.memory), mebibytes(size.limit.memory)), (8, 8));
    assert_eq!(size.why[0].to_string(), "memory request: never below 8 MiB");
}

#[test]
fn nine_tenths_of_the_time_cpu_is_enough_and_nothing_caps_it() {
    // 250m for an hour in ten, 30m otherwise, and a second of all cores.
    let cpu = |minute| match minute % 600 {
        0 => 4000,
        1..61 => 250,
        _ => 30,
    };
    let cpu = Quantiles::of((0..DAY).map(cpu));
    let size = of(&[Used { cpu, ..History::new(DAY, |_| 50).used(0) }]);
    assert_eq!((size.request.cpu, size.limit.cpu), (Some(250), None));
}

#[test]
fn two_hours_are_not_enough_unless_the_rules_say_so() {
    let container =
        Container { pods: vec![History::new(120, |_| 90).used(0)], ..Container::default() };
    let advice = advise(Method::Ours, &container, &Rules::default());
    assert_eq!(advice, Advice::NotEnough { seconds: 7200, samples: 120 });
    let rules = Rules { least_seconds: 3600, least_samples: 100 };
    assert!(matches!(advise(Method::Ours, &container, &rules), Advice::Enough(_)));
}

#[test]
fn a_day_of_99_samples_is_not_enough_either() {
    let pod = Used { samples: 99, ..History::new(DAY, |_| 90).used(0) };
    let container = Container { pods: vec![pod], ..Container::default() };
    let advice = advise(Method::Ours, &container, &Rules::default());
    assert_eq!(advice, Advice::NotEnough { seconds: 86_400, samples: 99 });
}

#[test]
fn pods_that_come_and_go_are_watched_from_the_first_to_the_last() {
    // Ten minutes each hour for 30 hours, the last ones larger.
    let job = |hour: u64| {
        let at = |minute: u64| Sample { at: hour * 3600 + minute * 60, value: (50 + hour) * MIB };
        let series = Series { memory: (0..10).map(at).collect(), cpu: vec![] };
        Used { seconds: 600, samples: 10, series: Some(series), ..Used::default() }
    };
    let size = of(&(0..30).map(job).collect::<Vec<_>>());
    near(size.request.memory, 87);
}

#[test]
fn without_measurements_there_is_no_advice() {
    let pod = Used { seconds: 90_000, samples: 1500, ..Used::default() };
    let container = Container { pods: vec![pod], ..Container::default() };
    for method in [Method::Ours, Method::Krr, Method::Vpa] {
        let advice = advise(method, &container, &Rules::default());
        assert_eq!(advice, Advice::NotEnough { seconds: 90_000, samples: 1500 });
    }
}

#[test]
fn a_pod_that_only_just_came_changes_nothing() {
    let sample = |minute: u64| Sample { at: minute * 60, value: 200 * MIB };
    let all: Vec<Sample> = (0..2 * DAY).map(sample).collect();
    let series = Some(Series {
        cpu: all.iter().map(|one| Sample { value: 70, ..*one }).collect(),
        memory: all,
    });
    let old = Used { series, ..History::new(2 * DAY, |_| 200).used(0) };
    for method in [Method::Ours, Method::Krr, Method::Vpa] {
        let of = |pods: &[&Used]| {
            let pods = pods.iter().copied().cloned().collect();
            advise(method, &Container { pods, ..Container::default() }, &Rules::default())
        };
        assert_eq!(of(&[&old, &Used::default()]), of(&[&old]));
    }
}

#[test]
fn the_interval_narrows_with_history() {
    // Confidence c in days: × (1 + 1/c), and × (1 + 0.001/c)⁻².
    for (days, high) in [(1, 220), (2, 165), (10, 121)] {
        let size = of(&[History::new(days * DAY, |_| 100).used(0)]);
        assert_eq!(mebibytes(size.high.memory), high);
        assert_eq!(mebibytes(size.low.memory), 110);
    }
    // Half the samples are half the confidence, however long it took.
    let sparse = Used { samples: DAY / 2, ..History::new(DAY, |_| 100).used(0) };
    assert_eq!(mebibytes(of(&[sparse]).high.memory), 330);
}
