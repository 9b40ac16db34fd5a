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
fn the_share_is_that_of_the_modelled_order_and_shuffled_ones_have_their_own() {
    let pods: Vec<(usize, u32)> = (0..200).map(|pod| (pod, 0)).collect();
    // The run goes wrong only when a late pod comes first.
    let share = share(&pods, 400, 1, &mut |order, _| {
        without(&if order[0] > 50 { vec![3, 4] } else { vec![] }, 200)
    });
    assert_eq!(share.modelled, Runs { runs: 200, complete: 200 });
    assert!(share.shuffled.complete < 100);
    assert!(share.high >= 1.0 && share.low > 0.9, "{} {}", share.low, share.high);
    assert!(share.any_order.high < 0.5, "{:?}", share.any_order);
    assert_eq!(share.witness.as_ref().map(Vec::len), Some(200));
    assert_eq!(share.worst, 2);
    assert_eq!(share.left[&3], 200 - share.shuffled.complete);
    let missed = share.incomplete(|pod| Some(if pod < 100 { "first" } else { "second" }));
    assert_eq!(missed, [("first", 200 - share.shuffled.complete)].into());
}

#[test]
fn the_usual_number_of_runs_makes_each_interval_narrow_whatever_the_share() {
    let runs = crate::verdict::Budget::default().runs / 2;
    for complete in 0..=runs {
        let (low, high) = interval(complete, runs);
        assert!(high - low <= 0.15, "{complete} of {runs}: {low} to {high}");
    }
}

#[test]
fn runs_that_are_made_bit_by_bit_are_those_made_at_once() {
    let pods: Vec<(usize, u32)> = (0..20).map(|pod| (pod, 0)).collect();
    let mut left = |order: &[usize], tie: u64| {
        without(&if tie.is_multiple_of(3) { vec![order[19]] } else { vec![] }, 20)
    };
    let mut sample = Sample::new(&pods, 5);
    for until in [2, 7, 7, 30] {
        sample.run(until, &mut left);
    }
    assert_eq!(sample.share(), share(&pods, 30, 5, &mut left));
}
