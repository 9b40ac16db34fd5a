use super::*;

const MEMORY: u64 = 4000 * MIB;
const KEPT: u64 = 250 * MIB;

fn used(p95: u64, max: u64) -> Quantiles {
    let [p95, max] = [p95 * MIB, max * MIB];
    Quantiles { p50: p95, p90: p95, p95, p99: max, max }
}

fn share(p95: f64, p99: f64) -> Share {
    Share { p95, p99 }
}

#[test]
fn each_figure_has_its_word() {
    let calm = Pressure::default();
    let memory = |p95, p99| Pressure { memory: Some(share(p95, p99)), ..calm };
    for (used, busy, pressure, expected, part) in [
        (used(2000, 3000), 100, calm, Word::Fits, "at most 3000 MiB of 4000 MiB were used"),
        (used(2000, 3800), 100, calm, Word::Tight, "free memory fell to 200 MiB"),
        (used(3800, 3900), 100, calm, Word::DoesNotFit, "5 of 100 samples no more than 200 MiB"),
        (used(2000, 3000), 3600, calm, Word::Tight, "the work of 3.60 and more of 4.00 cores"),
        (used(2000, 3000), 100, memory(0.0, 0.1), Word::Tight, "in 1 of 100 samples everything"),
        (used(2000, 3000), 100, memory(0.2, 0.3), Word::DoesNotFit, "waited for memory, 20 %"),
        (
            used(2000, 3000),
            100,
            Pressure { io: Some(share(0.4, 0.4)), ..calm },
            Word::Tight,
            "waited for its disks, 40 %",
        ),
        (
            used(2000, 3000),
            100,
            Pressure { cpu: Some(share(0.49, 0.9)), ..calm },
            Word::Fits,
            "1000 MiB were always free",
        ),
    ] {
        let cpu = Quantiles { p95: busy, ..Quantiles::default() };
        let kube = cluster::Node::default();
        let (word, reasons) = word(MEMORY, KEPT, &used, 4000, Some(&cpu), &pressure, &kube);
        assert_eq!(word, expected, "{reasons:?}");
        assert!(reasons[0].contains(part), "{part}: {reasons:?}");
    }
}

#[test]
fn a_first_start_says_nothing_of_processors_and_disks_and_what_it_says_of_memory_counts() {
    let crowded = Pressure {
        cpu: Some(share(0.9, 0.9)),
        io: Some(share(0.9, 0.9)),
        memory: Some(share(0.9, 0.9)),
    };
    let busy = Quantiles { p95: 4000, ..Quantiles::default() };
    let (cpu, pressure) = lasting(6, Some(&busy), &crowded);
    assert!(cpu.is_none() && pressure.cpu.is_none() && pressure.io.is_none());
    assert!(pressure.memory.is_some());
    let (cpu, pressure) = lasting(FEW, Some(&busy), &crowded);
    assert!(cpu.is_some() && pressure.cpu.is_some() && pressure.io.is_some());
}

#[test]
fn what_kubernetes_says_of_a_node_counts() {
    let sick = cluster::Node {
        short_of: vec!["DiskPressure".to_owned()],
        unready: Some("the kubelet stopped".to_owned()),
        ..cluster::Node::default()
    };
    let (word, reasons) = word(MEMORY, KEPT, &used(1, 1), 4000, None, &Pressure::default(), &sick);
    assert_eq!(word, Word::DoesNotFit);
    assert!(reasons[0].contains("the kubelet stopped"), "{reasons:?}");
    assert!(reasons[1].contains("DiskPressure"), "{reasons:?}");
}

#[test]
fn more_used_than_by_all_pods_is_the_systems_own() {
    let of = |last: u64, p50: u64| Use { last, of: Quantiles { p50, ..Quantiles::default() } };
    assert_eq!(own(&of(100, 90), &of(30, 40), true), Range { low: 50, high: 70 });
    // A page cache counted twice is no use below nothing.
    assert_eq!(own(&of(100, 90), &of(120, 40), true), Range { low: 0, high: 50 });
    // Pods that came later were not there for half of the time.
    assert_eq!(own(&of(100, 20), &of(30, 40), false), Range { low: 70, high: 70 });
}
