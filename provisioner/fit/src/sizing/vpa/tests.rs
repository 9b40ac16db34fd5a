//! The recommender's own tests, and what it answered to whole histories.

use serde::Deserialize;

use super::aggregate::Window;
use super::histogram::Layout;
use super::*;
use crate::sizing::tests::table::{Wave, holds};
use crate::sizing::{Advice, Method, Oom, Rules, Sample, Series, advise};

#[derive(Deserialize)]
struct Buckets {
    first: f64,
    ratio: f64,
    most: f64,
    epsilon: f64,
    half_life: u64,
}

/// Something done to a histogram, or asked of it.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    Add { add: (f64, f64, u64) },
    Subtract { subtract: (f64, f64, u64) },
    Percentile { percentile: f64, is: f64 },
    Find { find: f64, is: usize },
    Start { start: usize, is: f64 },
    Buckets { buckets: usize },
    Empty { empty: bool },
}

/// Does it, and says what is not as it should be.
fn step(histogram: &mut Histogram, layout: &Layout, step: &Step) -> Option<String> {
    let differs = |what: &str, seen: f64, is: f64| {
        let near = (seen - is).abs() <= 1e-15 * is.abs();
        (!near).then(|| format!("{what}: expected {is}, seen {seen}"))
    };
    match *step {
        Step::Add { add: (value, weight, at) } => {
            histogram.add(value, weight, at);
            None
        }
        Step::Subtract { subtract: (value, weight, at) } => {
            histogram.subtract(value, weight, at);
            None
        }
        Step::Percentile { percentile, is } => {
            differs(&format!("percentile {percentile}"), histogram.percentile(percentile), is)
        }
        Step::Find { find, is } => {
            let seen = layout.find(find);
            (seen != is).then(|| format!("bucket of {find}: expected {is}, seen {seen}"))
        }
        Step::Start { start, is } => differs("start", layout.start(start), is),
        Step::Buckets { buckets } => (layout.buckets() != buckets)
            .then(|| format!("expected {buckets} buckets, seen {}", layout.buckets())),
        Step::Empty { empty } => {
            (histogram.is_empty() != empty).then(|| format!("expected empty to be {empty}"))
        }
    }
}

fn after(layout: &Layout, steps: &[Step]) -> Histogram {
    let mut histogram = Histogram::new(layout.clone());
    for one in steps {
        assert_eq!(step(&mut histogram, layout, one), None);
    }
    histogram
}

#[test]
fn histograms() {
    #[derive(Deserialize)]
    struct Case {
        layout: Buckets,
        steps: Vec<Step>,
        /// What is merged into it, and what that should come to.
        merged: Option<(Vec<Step>, Vec<Step>)>,
    }
    holds(include_str!("../../../tests/tables/vpa_histogram.json"), |case: &Case| {
        let Buckets { first, ratio, most, epsilon, half_life } = case.layout;
        let layout = Layout { first, ratio, most, epsilon, half_life };
        let mut histogram = Histogram::new(layout.clone());
        let wrong = case.steps.iter().find_map(|one| step(&mut histogram, &layout, one));
        wrong.or_else(|| {
            let (other, both) = case.merged.as_ref()?;
            histogram.merge(after(&layout, other));
            unequal(&histogram, &layout, both)
        })
    });
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Estimate {
    Near { samples: Samples, near: f64 },
    Confidence { confidence: Confidence, multiplier: f64, exponent: f64, amount: u64, is: u64 },
    Margin { margin: f64, amount: u64, is: u64 },
    Least { least: u64, in_pod: u64, amount: u64, is: u64 },
}

#[derive(Deserialize)]
struct Samples {
    of: String,
    values: Vec<f64>,
    percentile: f64,
}

#[derive(Deserialize)]
struct Confidence {
    seconds: u64,
    samples: u64,
    is: Option<f64>,
}

#[test]
fn estimators() {
    holds(include_str!("../../../tests/tables/vpa_estimator.json"), |case: &Estimate| {
        let (seen, is) = match case {
            Estimate::Near { samples, near } => {
                let layout = if samples.of == "cpu" { CPU } else { MEMORY };
                let mut histogram = Histogram::new(layout);
                for value in &samples.values {
                    histogram.add(*value, 1.0, 0);
                }
                let seen = histogram.percentile(samples.percentile);
                let wrong = (seen - near).abs() > 0.05 * near;
                return wrong.then(|| format!("expected about {near}, seen {seen}"));
            }
            Estimate::Confidence { confidence: history, multiplier, exponent, amount, is } => {
                let found = confidence(float(history.seconds), float(history.samples));
                if let Some(is) = history.is.filter(|is| (is - found).abs() > 0.0) {
                    return Some(format!("confidence: expected {is}, seen {found}"));
                }
                (scaled(*amount, *multiplier, *exponent, found), is)
            }
            Estimate::Margin { margin, amount, is } => (with_margin(*amount, *margin), is),
            Estimate::Least { least, in_pod, amount, is } => {
                ((*amount).max(floor(*least, *in_pod)), is)
            }
        };
        (seen != *is).then(|| format!("expected {is}, seen {seen}"))
    });
}

/// What happens to a container: a sample or a kill, and whether it counts.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Event {
    Memory { memory: (u64, u64), takes: bool },
    Kill { kill: (u64, u64), takes: bool },
}

#[derive(Deserialize)]
struct Pod {
    cpu: Vec<(u64, u64)>,
    memory: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Model {
    Scaled {
        scaled: (f64, f64),
        is: u64,
    },
    Pods {
        pods: Vec<Pod>,
        expected: Vec<Step>,
        expected_cpu: Vec<Step>,
        count: u64,
    },
    Events {
        steps: Vec<Event>,
        expected: Vec<Step>,
        #[serde(default)]
        cpu: Vec<(u64, u64)>,
        #[serde(default)]
        expected_cpu: Vec<Step>,
        #[serde(default)]
        count: u64,
    },
}

fn samples(all: &[(u64, u64)]) -> Vec<Sample> {
    all.iter().map(|&(at, value)| Sample { at, value }).collect()
}

fn unequal(seen: &Histogram, layout: &Layout, expected: &[Step]) -> Option<String> {
    let expected = after(layout, expected);
    (!seen.equals(&expected)).then(|| format!("expected {expected:?}, seen {seen:?}"))
}

#[test]
fn what_is_counted_of_a_container() {
    holds(include_str!("../../../tests/tables/vpa_model.json"), |case: &Model| match case {
        Model::Scaled { scaled: (value, factor), is } => {
            let seen = amount(value * factor);
            (seen != *is).then(|| format!("expected {is}, seen {seen}"))
        }
        Model::Pods { pods, expected, expected_cpu, count } => {
            let mut all = Aggregate::default();
            for pod in pods {
                let series = Series { memory: samples(&pod.memory), cpu: samples(&pod.cpu) };
                all.merge(Aggregate::of(&series, None, 0));
            }
            unequal(&all.memory, &MEMORY, expected)
                .or_else(|| unequal(&all.cpu, &CPU, expected_cpu))
                .or_else(|| (all.count != *count).then(|| format!("{} samples", all.count)))
        }
        Model::Events { steps, expected, cpu, expected_cpu, count } => {
            let (mut memory, mut window) = (Histogram::new(MEMORY), Window::default());
            for event in steps {
                let (seen, takes) = match event {
                    Event::Memory { memory: (at, value), takes } => {
                        let sample = Sample { at: *at, value: *value };
                        (window.sample(&mut memory, sample), takes)
                    }
                    Event::Kill { kill: (at, requested), takes } => {
                        (window.killed(&mut memory, *at, *requested), takes)
                    }
                };
                if seen != *takes {
                    return Some(format!("expected to be taken: {takes}"));
                }
            }
            let all = Aggregate::of(&Series { memory: vec![], cpu: samples(cpu) }, None, 0);
            unequal(&memory, &MEMORY, expected)
                .or_else(|| unequal(&all.cpu, &CPU, expected_cpu))
                .or_else(|| (all.count != *count).then(|| format!("{} samples", all.count)))
        }
    });
}

#[derive(Deserialize)]
struct Whole {
    samples: u64,
    step: u64,
    at: u64,
    memory: Wave,
    cpu: Wave,
    kill: bool,
}

#[derive(Deserialize)]
struct Recommendation {
    in_pod: u64,
    request: u64,
    pods: Vec<Whole>,
    low: Resource,
    #[serde(rename = "request_is")]
    target: Resource,
    high: Resource,
}

impl Whole {
    fn used(&self) -> Used {
        let of = |wave: &Wave| wave.samples(self.samples, self.at, self.step);
        let series = Series { memory: of(&self.memory), cpu: of(&self.cpu) };
        Used {
            seconds: self.samples * self.step,
            samples: self.samples,
            oom: self.kill.then_some(Oom { kills: 1, limit: None }),
            series: Some(series),
            ..Used::default()
        }
    }
}

/// The size of a history, with or without its whole samples.
fn of(case: &Recommendation, whole: bool) -> Size {
    let mut container = Container {
        in_pod: case.in_pod,
        request: Resource { cpu: None, memory: Some(case.request) },
        pods: case.pods.iter().map(Whole::used).collect(),
        ..Container::default()
    };
    for pod in container.pods.iter_mut().filter(|_| !whole) {
        (pod.memory, pod.cpu) = (memory(pod), cpu(pod));
        pod.series = None;
    }
    let rules = Rules { least_seconds: 0, least_samples: 0 };
    match advise(Method::Vpa, &container, &rules) {
        Advice::Enough(size) => size,
        Advice::NotEnough { .. } => panic!("not enough data"),
    }
}

#[test]
fn recommendations_for_whole_histories() {
    let table = include_str!("../../../tests/tables/vpa_recommendations.json");
    holds(table, |case: &Recommendation| {
        let size = of(case, true);
        let seen = (size.low, size.request, size.high);
        let expected = (case.low, case.target, case.high);
        (seen != expected).then(|| format!("expected {expected:?}, seen {seen:?}"))
    });
}

#[test]
fn of_steady_use_quantiles_say_what_samples_say() {
    let table = include_str!("../../../tests/tables/vpa_recommendations.json");
    holds(table, |case: &Recommendation| {
        let steady = |pod: &Whole| pod.memory.rise + pod.cpu.rise == 0 && pod.step == 60;
        let [pod] = case.pods.as_slice() else { return None };
        if !steady(pod) {
            return None;
        }
        let (guess, exact) = (of(case, false), of(case, true));
        // A bucket is a twentieth wide.
        let near = |guess: Option<u64>, exact: Option<u64>| {
            let (guess, exact) = (guess.unwrap(), exact.unwrap());
            guess.abs_diff(exact) * 20 <= exact
        };
        let told = guess.why.iter().all(|why| why.approximated);
        let fine = near(guess.request.memory, exact.request.memory)
            && near(guess.request.cpu, exact.request.cpu)
            && told;
        (!fine).then(|| format!("expected about {exact:?}, seen {guess:?}"))
    });
}

#[test]
fn a_limit_keeps_its_proportion_to_the_request() {
    let mib = |amount: u64| Some(amount << 20);
    for (limit, request, new, is) in [
        (mib(512), mib(256), mib(300), mib(600)),
        (mib(256), mib(256), mib(300), mib(300)),
        // What has a limit and no request requests its limit.
        (mib(512), None, mib(300), mib(300)),
        (None, mib(256), mib(300), None),
        (mib(512), mib(256), None, None),
    ] {
        assert_eq!(proportional(limit, request, new), is, "{limit:?} {request:?} {new:?}");
    }
}
