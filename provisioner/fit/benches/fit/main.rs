//! How long proofs and runs take: `make bench-fit`. Three nodes of 4,000 thousandths
//! of a core and 8,000 MiB, pods of random sizes scaled to a share of the
//! nodes, eight seeds each. The slowest of the eight is printed beside their
//! mean, and how many ended with a proof.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(clippy::print_stdout, reason = "a report is what it is for")]
#![allow(missing_docs, reason = "a program")]

mod runs;

use std::time::{Duration, Instant};

use terrarium_fit::guarantee::{Guarantee, guarantee};
use terrarium_fit::pack::{Bin, Class, Meter, Order, Packing};
use terrarium_fit::search::{Outcome, search};

const NODE: [u64; 3] = [4_000, 8_000 << 20, 110];
const SEEDS: u64 = 8;

fn main() {
    println!("{:<28}{:>7}{:>12}{:>12}{:>10}", "3 nodes", "load", "mean ms", "worst ms", "decided");
    for pods in [30, 60] {
        for load in [85, 95, 99, 103] {
            report(&format!("exact, {pods} pods"), load, |seed| {
                let packing = instance(3, pods, load, seed);
                let outcome = search(&packing, &mut Meter::new(20_000_000, None));
                !matches!(outcome, Outcome::Spent { .. })
            });
        }
    }
    for load in [40, 50, 60, 70] {
        report("every order proven, 60 pods", load, |seed| {
            let packing = instance(3, 60, load, seed);
            let proof = guarantee(&packing, &mut Meter::new(20_000_000, None));
            matches!(proof, Guarantee::Proven { .. })
        });
    }
    runs::report();
}

fn report(what: &str, load: u64, run: impl Fn(u64) -> bool) {
    let (mut sum, mut worst, mut decided) = (Duration::ZERO, Duration::ZERO, 0);
    for seed in 1..=SEEDS {
        let start = Instant::now();
        decided += u64::from(run(seed));
        let took = start.elapsed();
        sum += took;
        worst = worst.max(took);
    }
    let mean = sum.as_secs_f64() * 1e3 / 8.0;
    let worst = worst.as_secs_f64() * 1e3;
    println!("{what:<28}{load:>5} %{mean:>12.2}{worst:>12.2}{:>10}", format!("{decided}/{SEEDS}"));
}

/// Pods that all differ, their sums in each dimension so many percent of the
/// nodes.
fn instance(nodes: usize, pods: usize, load: u64, seed: u64) -> Packing {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        1 + (state >> 40) % 100
    };
    let sizes: Vec<[u64; 2]> = (0..pods).map(|_| [random(), random()]).collect();
    let scaled = |dimension: usize, size: u64| {
        let sum: u64 = sizes.iter().map(|size| size[dimension]).sum();
        let whole = NODE[dimension] * nodes as u64 * load / 100;
        // Down, so that the load is never above what is said.
        u64::try_from(u128::from(whole) * u128::from(size) / u128::from(sum)).unwrap_or(0)
    };
    Packing {
        dimensions: ["cpu", "memory", "pods"].map(str::to_owned).to_vec(),
        names: (0..pods).map(|pod| format!("bench/{pod}")).collect(),
        nodes: (0..nodes)
            .map(|node| Bin { name: format!("pi-{node}"), room: NODE.to_vec() })
            .collect(),
        classes: sizes
            .iter()
            .enumerate()
            .map(|(pod, size)| Class {
                members: vec![pod],
                demand: vec![scaled(0, size[0]), scaled(1, size[1]), 1],
                eligible: vec![true; nodes],
                wave: 0,
                order: Order::Free,
            })
            .collect(),
        topologies: vec![(0..nodes).map(Some).collect()],
        conflicts: Vec::new(),
        caps: Vec::new(),
        tied: Vec::new(),
    }
}
