use super::*;

/// All pods on the first node but these.
fn without(left: &[usize], pods: usize) -> Vec<Option<usize>> {
    (0..pods).map(|pod| (!left.contains(&pod)).then_some(0)).collect()
}

fn interval(complete: u32, runs: u32) -> (f64, f64) {
    let interval = wilson(Runs { runs, complete });
    (interval.low, interval.high)
}

#[test]
fn a_share_is_never_certain_from_runs_alone_on_the_side_that_was_not_seen() {
    assert_eq!(wilson(Runs::default()), Interval { low: 0.0, high: 1.0 });
    let (low, high) = interval(0, 1000);
    assert!(low <= 0.0 && high > 0.0);
    let (low, high) = interval(1000, 1000);
    assert!(low < 1.0 && high >= 1.0);
    // Known values at z = 3.29 for 30 of 100.
    let known = Interval { low: 0.1749, high: 0.4641 };
    assert_eq!(wilson(Runs { runs: 100, complete: 30 }), known);
}

#[test]
fn equal_seeds_give_equal_answers_and_waves_keep_their_order() {
    let pods: Vec<(usize, u32)> = (0..40).map(|pod| (pod, u32::from(pod >= 20))).collect();
    let run = |seed| {
        let mut orders = Vec::new();
        let share = share(&pods, 20, seed, &mut |order, tie| {
            assert!(order[..20].iter().all(|&pod| pod < 20));
            orders.push((order.to_vec(), tie));
            without(&if tie % 2 == 0 { vec![order[39]] } else { vec![] }, 40)
        });
        (share, orders)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).1, run(8).1);
}

#[test]
fn the_interval_spans_the_modelled_order_and_the_shuffled_ones() {
    let pods: Vec<(usize, u32)> = (0..200).map(|pod| (pod, 0)).collect();
    // The run goes wrong only when a late pod comes first, which no neighbour swap does.
    let share = share(&pods, 400, 1, &mut |order, _| {
        without(&if order[0] > 50 { vec![3, 4] } else { vec![] }, 200)
    });
    assert_eq!(share.modelled, Runs { runs: 200, complete: 200 });
    assert!(share.shuffled.complete < 100);
    assert!(share.high >= 1.0);
    assert!(share.low < 0.4);
    assert_eq!(share.witness.map(|nodes| nodes.len()), Some(200));
    assert_eq!(share.worst, 2);
    assert_eq!(share.left[&3], 200 - share.shuffled.complete);
}
