//! What holds whatever was used.

use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;
const METHODS: [Method; 3] = [Method::Ours, Method::Krr, Method::Vpa];

fn quantiles(most: u64) -> impl Strategy<Value = Quantiles> {
    proptest::array::uniform5(0..most).prop_map(|mut all| {
        all.sort_unstable();
        let [p50, p90, p95, p99, max] = all;
        Quantiles { p50, p90, p95, p99, max }
    })
}

fn pod() -> impl Strategy<Value = Used> {
    let oom = proptest::option::of((1..4_u64, proptest::option::of(MIB..4096 * MIB)));
    let start = proptest::option::of(0..2048 * MIB);
    (quantiles(2048 * MIB), quantiles(4000), start, oom, 100..20_000_u64).prop_map(
        |(memory, cpu, startup_memory, oom, samples)| Used {
            pod: format!("pod-{samples}"),
            seconds: samples * 60,
            samples,
            memory: Some(memory),
            cpu: Some(cpu),
            startup_memory,
            oom: oom.map(|(kills, limit)| Oom { kills, limit }),
            ..Used::default()
        },
    )
}

fn container() -> impl Strategy<Value = Container> {
    (proptest::collection::vec(pod(), 1..5), 1..4_u64).prop_map(|(pods, in_pod)| Container {
        pods,
        in_pod,
        request: Resource { cpu: Some(100), memory: Some(128 * MIB) },
        ..Container::default()
    })
}

/// Figures of a broken source: in no order, of any size.
fn nonsense() -> impl Strategy<Value = Used> {
    let figures =
        || {
            proptest::array::uniform5(any::<u64>())
                .prop_map(|[p50, p90, p95, p99, max]| Quantiles { p50, p90, p95, p99, max })
        };
    let samples = || {
        let sample = (any::<u64>(), any::<u64>()).prop_map(|(at, value)| Sample { at, value });
        proptest::collection::vec(sample, 0..20)
    };
    let series = proptest::option::of(
        (samples(), samples()).prop_map(|(memory, cpu)| Series { memory, cpu }),
    );
    let oom = (any::<u64>(), any::<Option<u64>>()).prop_map(|(kills, limit)| Oom { kills, limit });
    (figures(), figures(), series, oom, any::<[u64; 3]>()).prop_map(
        |(memory, cpu, series, oom, [seconds, samples, start])| Used {
            seconds,
            samples,
            memory: Some(memory),
            cpu: Some(cpu),
            startup_memory: Some(start),
            oom: Some(oom),
            series,
            ..Used::default()
        },
    )
}

/// The advice with whatever history there is.
fn of(method: Method, container: &Container) -> Size {
    let rules = Rules { least_seconds: 0, least_samples: 0 };
    match advise(method, container, &rules) {
        Advice::Enough(size) => size,
        Advice::NotEnough { .. } => panic!("not enough data"),
    }
}

fn more(all: Quantiles, by: u64) -> Quantiles {
    let Quantiles { p50, p90, p95, p99, max } = all;
    let [p50, p90, p95, p99, max] = [p50, p90, p95, p99, max].map(|value| value + by);
    Quantiles { p50, p90, p95, p99, max }
}

/// Neither request nor limit of the one is above the other's.
fn within(one: &Size, other: &Size) -> bool {
    one.request.memory <= other.request.memory
        && one.request.cpu <= other.request.cpu
        && one.limit.memory <= other.limit.memory
}

proptest! {
    #[test]
    fn no_request_is_above_its_limit_or_outside_its_interval(container in container()) {
        for method in METHODS {
            let size = of(method, &container);
            let (request, limit) = (size.request.memory, size.limit.memory);
            prop_assert!(limit.is_none() || request <= limit);
            prop_assert!(size.low.memory <= request && size.low.cpu <= size.request.cpu);
            prop_assert!(request <= size.high.memory && size.request.cpu <= size.high.cpu);
        }
    }

    #[test]
    fn there_is_an_answer_to_any_figures(
        pods in proptest::collection::vec(nonsense(), 1..4),
        [in_pod, cpu, memory, limit] in any::<[u64; 4]>(),
    ) {
        let request = Resource { cpu: Some(cpu), memory: Some(memory) };
        let limit = Resource { cpu: Some(limit), memory: Some(limit) };
        let container = Container { in_pod, request, limit, pods, ..Container::default() };
        for method in METHODS {
            prop_assert!(of(method, &container).request.memory.is_some());
        }
    }

    #[test]
    fn so_many_samples_are_no_higher_than_a_quantile_and_no_fewer_would_do(
        values in proptest::collection::vec(0..50_u64, 1..300),
    ) {
        let all = Quantiles::of(values.clone()).unwrap();
        let up_to = |most: u64| values.iter().filter(|value| **value <= most).count() * 100;
        let Quantiles { p50, p90, p95, p99, max } = all;
        for (percent, quantile) in [(50, p50), (90, p90), (95, p95), (99, p99), (100, max)] {
            prop_assert!(up_to(quantile) >= percent * values.len());
            prop_assert!(quantile == 0 || up_to(quantile - 1) < percent * values.len());
        }
    }

    #[test]
    fn ours_is_in_whole_mebibytes_and_no_less_than_eight(container in container()) {
        let size = of(Method::Ours, &container);
        for bytes in [size.request.memory, size.limit.memory] {
            prop_assert!(bytes.unwrap().is_multiple_of(MIB) && bytes.unwrap() >= 8 * MIB);
        }
    }

    #[test]
    fn equal_uses_are_advised_equally(container in container()) {
        for method in METHODS {
            prop_assert_eq!(of(method, &container), of(method, &container.clone()));
        }
    }

    #[test]
    fn a_larger_use_never_lowers_the_advice(
        container in container(),
        pod in 0..4_usize,
        by in (0..64 * MIB, 0..500_u64, 0..64 * MIB),
    ) {
        let mut larger = container.clone();
        let pod = pod % larger.pods.len();
        let pod = &mut larger.pods[pod];
        pod.memory = pod.memory.map(|all| more(all, by.0));
        pod.cpu = pod.cpu.map(|all| more(all, by.1));
        pod.startup_memory = pod.startup_memory.map(|bytes| bytes + by.2);
        for method in METHODS {
            prop_assert!(within(&of(method, &container), &of(method, &larger)));
        }
    }

    #[test]
    fn a_kill_always_raises_the_limit_above_the_one_that_failed(
        container in container(),
        failed in MIB..8192 * MIB,
    ) {
        let mut killed = container;
        killed.pods[0].oom = Some(Oom { kills: 1, limit: Some(failed) });
        prop_assert!(of(Method::Ours, &killed).limit.memory.unwrap() > failed);
    }

    #[test]
    fn removing_a_pod_never_raises_the_advice(container in container(), pod in 0..4_usize) {
        if container.pods.len() > 1 {
            let mut fewer = container.clone();
            fewer.pods.remove(pod % container.pods.len());
            prop_assert!(within(&of(Method::Ours, &fewer), &of(Method::Ours, &container)));
            prop_assert!(within(&of(Method::Krr, &fewer), &of(Method::Krr, &container)));
        }
    }
}
