//! Prometheus' history of containers: what is asked for, and what comes back.
//! The agents' metrics have cAdvisor's names.

use std::collections::BTreeMap;

use serde::Deserialize;
use terrarium_fit::sizing::{Oom, Quantiles, Sample, Series};
use terrarium_untrusted::lines;

use super::snapshot::whole;

/// Seconds from one sample to the next: each is the most, or the average, of
/// a minute.
pub(crate) const STEP: u64 = 60;

/// What is asked, a series for each container.
pub(crate) const MEMORY: &str = "max by (namespace, pod, container) \
    (max_over_time(container_memory_working_set_bytes{container!=\"\"}[1m]))";
pub(crate) const CPU: &str = "sum by (namespace, pod, container) \
    (rate(container_cpu_usage_seconds_total{container!=\"\"}[2m]))";
/// The limit in force in the minutes in which something was killed; minutes on
/// end count as one kill.
pub(crate) const KILLED: &str = "max by (namespace, pod, container) \
    (container_spec_memory_limit_bytes{container!=\"\"} and on (namespace, pod, container) \
    (increase(container_oom_events_total{container!=\"\"}[2m]) > 0))";

/// Namespace, pod and container.
pub(crate) type Key = (String, String, String);

/// One container's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Past {
    pub series: Series,
    pub oom: Option<Oom>,
}

/// Everybody's.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub containers: BTreeMap<Key, Past>,
}

/// Why a reply cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplyError {
    #[error("it is not as Prometheus answers")]
    Form(#[from] serde_json::Error),
    #[error("it refused: {0}")]
    Refused(String),
}

/// Which of the three a reply is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Memory,
    Cpu,
    Killed,
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(deserialize_with = "lines")]
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

impl What {
    pub(crate) const ALL: [Self; 3] = [Self::Memory, Self::Cpu, Self::Killed];

    pub(crate) const fn query(self) -> &'static str {
        match self {
            Self::Memory => MEMORY,
            Self::Cpu => CPU,
            Self::Killed => KILLED,
        }
    }
}

impl History {
    /// Takes a reply in; those of older times may come later.
    pub(crate) fn take(&mut self, what: What, json: &[u8]) -> Result<(), ReplyError> {
        let reply: Reply = serde_json::from_slice(json)?;
        if reply.status != "success" {
            return Err(ReplyError::Refused(reply.error));
        }
        for mut line in reply.data.map(|data| data.result).unwrap_or_default() {
            let mut label = |name: &str| line.metric.remove(name).unwrap_or_default();
            let key = (label("namespace"), label("pod"), label("container"));
            let values = line.values.iter().filter_map(|(at, value)| {
                let value: f64 = value.parse().ok().filter(|value: &f64| value.is_finite())?;
                let scale = if what == What::Cpu { 1000.0 } else { 1.0 };
                Some(Sample { at: whole(*at), value: whole(value * scale) })
            });
            let values: Vec<Sample> = values.collect();
            let past = self.containers.entry(key).or_default();
            match what {
                What::Memory => past.series.memory.extend(values),
                What::Cpu => past.series.cpu.extend(values),
                What::Killed => past.killed(&values),
            }
        }
        Ok(())
    }

    /// Puts everything in the order of time, each moment once.
    pub(crate) fn sort(&mut self) {
        for past in self.containers.values_mut() {
            for samples in [&mut past.series.memory, &mut past.series.cpu] {
                samples.sort_by_key(|sample| sample.at);
                samples.dedup_by_key(|sample| sample.at);
            }
        }
    }
}

impl Past {
    fn killed(&mut self, limits: &[Sample]) {
        let mut before = None;
        for sample in limits {
            let oom = self.oom.get_or_insert_default();
            // Two looks see one kill: they go back two minutes each.
            if before.replace(sample.at).is_none_or(|before| before + STEP < sample.at) {
                oom.kills += 1;
            }
            // 0 is no limit.
            oom.limit = oom.limit.max(Some(sample.value).filter(|limit| *limit > 0));
        }
    }

    /// From the first sample to the last, in seconds.
    pub(crate) fn seconds(&self) -> u64 {
        let span = |samples: &[Sample]| {
            samples.first().zip(samples.last()).map_or(0, |(first, last)| last.at - first.at)
        };
        span(&self.series.memory).max(span(&self.series.cpu))
    }
}

/// Exact quantiles of samples, by the nearest rank; none of none.
pub(crate) fn quantiles(samples: &[Sample]) -> Option<Quantiles> {
    let mut values: Vec<u64> = samples.iter().map(|sample| sample.value).collect();
    values.sort_unstable();
    let at = |percent: usize| {
        let rank = (values.len() * percent).div_ceil(100).max(1);
        values.get(rank - 1).copied()
    };
    Some(Quantiles { p50: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(values: &str) -> String {
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[
            {{"metric":{{"namespace":"terrarium","pod":"redis-0","container":"redis"}},
            "values":{values}}}]}}}}"#
        )
    }

    #[test]
    fn chunks_in_any_order_become_one_series() {
        let mut history = History::default();
        for values in [r#"[[120,"30"],[180,"40"]]"#, r#"[[60,"10"],[120,"30"],[125.5,"NaN"]]"#] {
            history.take(What::Memory, matrix(values).as_bytes()).unwrap();
        }
        history.take(What::Cpu, matrix(r#"[[60,"0.0425"]]"#).as_bytes()).unwrap();
        history
            .take(What::Killed, matrix(r#"[[60,"0"],[120,"512"],[300,"512"]]"#).as_bytes())
            .unwrap();
        history.sort();
        let past = history.containers.values().next().unwrap();
        let memory: Vec<_> = past.series.memory.iter().map(|s| (s.at, s.value)).collect();
        assert_eq!(memory, [(60, 10), (120, 30), (180, 40)]);
        assert_eq!(past.series.cpu, [Sample { at: 60, value: 43 }]);
        assert_eq!(past.oom, Some(Oom { kills: 2, limit: Some(512) }));
        assert_eq!(past.seconds(), 120);
    }

    #[test]
    fn a_refusal_is_told_in_prometheus_own_words() {
        let json = br#"{"status":"error","errorType":"bad_data","error":"too many points"}"#;
        let error = History::default().take(What::Memory, json).unwrap_err();
        assert!(error.to_string().contains("too many points"), "{error}");
        assert!(History::default().take(What::Memory, b"<html>").is_err());
    }

    #[test]
    fn quantiles_are_by_the_nearest_rank() {
        let samples: Vec<Sample> = (1..=200).map(|value| Sample { at: 0, value }).collect();
        let expected = Quantiles { p50: 100, p90: 180, p95: 190, p99: 198, max: 200 };
        assert_eq!(quantiles(&samples), Some(expected));
        assert_eq!(quantiles(&samples[..1]).unwrap().p50, 1);
        assert_eq!(quantiles(&[]), None);
    }
}
