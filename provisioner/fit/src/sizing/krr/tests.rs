use serde::Deserialize;

use crate::quantity::{milli, units};
use crate::sizing::tests::table::{Wave, holds};
use crate::sizing::{Advice, Container, Method, Oom, Rules, Series, Size, Used, advise};

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Quantity { quantity: String, milli: bool, is: u64 },
    History { pods: Vec<Pod>, memory: u64, cpu: u64 },
}

#[derive(Deserialize)]
struct Pod {
    samples: u64,
    memory: Wave,
    cpu: Wave,
    /// The limit it was killed at.
    killed: Option<u64>,
}

impl Pod {
    fn used(&self) -> Used {
        let of = |wave: &Wave| wave.samples(self.samples, 1_492_536_905, 60);
        Used {
            seconds: self.samples * 60,
            samples: self.samples,
            oom: self.killed.map(|limit| Oom { kills: 1, limit: Some(limit) }),
            series: Some(Series { memory: of(&self.memory), cpu: of(&self.cpu) }),
            ..Used::default()
        }
    }
}

fn size(pods: &[Pod]) -> Size {
    let pods = pods.iter().map(Pod::used).collect();
    let rules = Rules { least_seconds: 0, ..Rules::default() };
    match advise(Method::Krr, &Container { pods, ..Container::default() }, &rules) {
        Advice::Enough(size) => size,
        Advice::NotEnough { .. } => panic!("not enough data"),
    }
}

#[test]
fn what_its_simple_strategy_says() {
    holds(include_str!("../../../tests/tables/krr.json"), |case: &Case| match case {
        Case::Quantity { quantity, milli: thousandths, is } => {
            let seen = if *thousandths { milli(quantity) } else { units(quantity) };
            (seen.as_ref() != Ok(is)).then(|| format!("expected {is}, seen {seen:?}"))
        }
        Case::History { pods, memory, cpu } => {
            let size = size(pods);
            let seen = (size.request.memory, size.limit.memory, size.request.cpu, size.limit.cpu);
            let expected = (Some(*memory), Some(*memory), Some(*cpu), None);
            (seen != expected).then(|| format!("expected {expected:?}, seen {seen:?}"))
        }
    });
}
