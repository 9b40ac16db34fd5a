//! Containers over time. One that is started again is the same container: what
//! it used before still tells what it needs.

use std::collections::BTreeMap;

use super::Moment;
use super::track::{Reading, Track};
use crate::cgroup::{Container, Pod};

/// How long a start takes at most: what is used in that time may be more than
/// ever after.
const START: f64 = 600.0;

/// Every container of the pods that are here, by the pod's uid and its name.
#[derive(Debug, Clone, Default)]
pub struct Containers(BTreeMap<(String, String), Tracked>);

/// A container.
#[derive(Debug, Clone, Default)]
pub struct Tracked {
    /// What it used.
    pub track: Track,
    /// The most memory in the first ten minutes after a start, in bytes.
    pub startup_memory: Option<u64>,
    /// Processes killed for want of memory since the agent's start.
    pub oom_kills: u64,
    /// The limit of memory when that happened last, in bytes.
    pub oom_limit: Option<u64>,
    run: Run,
}

/// One run of it: from a start to the next.
#[derive(Debug, Clone, Default)]
struct Run {
    id: String,
    kills: u64,
}

impl Containers {
    /// The container, if it was seen.
    pub fn get(&self, uid: &str, name: &str) -> Option<&Tracked> {
        self.0.get(&(uid.to_owned(), name.to_owned()))
    }

    /// Takes a sample of each, and forgets those whose pods are gone.
    pub fn note(&mut self, now: Moment, pods: &[Pod]) {
        self.0.retain(|(uid, _), _| pods.iter().any(|pod| pod.uid == *uid));
        for pod in pods {
            for container in pod.containers.iter().filter(|container| container.present) {
                let key = (pod.uid.clone(), container.names.container.clone());
                let started =
                    container.started.map(|hundredths| super::track::float(hundredths) / 100.0);
                let kills = container.readings.oom_kills.unwrap_or(0);
                let tracked = self.0.entry(key).or_default();
                tracked.note(
                    now,
                    &Seen {
                        id: &container.id,
                        age: started.map(|started| now.wall - started),
                        kills,
                        limit: container.readings.memory_limit.value(),
                        reading: reading(container),
                    },
                );
            }
        }
    }
}

/// A container at one moment.
#[derive(Debug)]
struct Seen<'s> {
    id: &'s str,
    /// Seconds since its start.
    age: Option<f64>,
    kills: u64,
    limit: Option<u64>,
    reading: Reading,
}

impl Tracked {
    fn note(&mut self, now: Moment, seen: &Seen<'_>) {
        if self.run.id != seen.id {
            self.run = Run { id: seen.id.to_owned(), kills: 0 };
        }
        if let Some(more) = seen.kills.checked_sub(self.run.kills).filter(|more| *more > 0) {
            self.oom_kills += more;
            self.oom_limit = seen.limit;
        }
        self.run.kills = seen.kills;
        if seen.age.is_some_and(|age| age <= START) {
            self.startup_memory = self.startup_memory.max(seen.reading.memory);
        }
        self.track.note(now, &seen.reading);
    }
}

fn reading(container: &Container) -> Reading {
    let readings = &container.readings;
    let [cpu, memory, io] = &readings.pressure;
    Reading {
        cpu: readings.cpu,
        memory: readings.working_set(),
        swap: readings.swap,
        pressure: [
            cpu.map(|pressure| pressure.some),
            memory.and_then(|pressure| pressure.full),
            io.map(|pressure| pressure.some),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_started_again_keeps_what_was_known() {
        let mut tracked = Tracked::default();
        let mut at = 0.0;
        let mut see = |id: &'static str, age: f64, kills: u64, memory: u64| {
            at += 30.0;
            let reading = Reading { memory: Some(memory), ..Reading::default() };
            let now = Moment { wall: at, steady: at };
            let seen = Seen { id, age: Some(age), kills, limit: Some(1000), reading };
            tracked.note(now, &seen);
            (tracked.oom_kills, tracked.oom_limit, tracked.startup_memory)
        };
        assert_eq!(see("a", 10.0, 0, 500), (0, None, Some(500)));
        assert_eq!(see("a", 700.0, 0, 900), (0, None, Some(500)));
        assert_eq!(see("a", 730.0, 2, 300), (2, Some(1000), Some(500)));
        assert_eq!(see("b", 5.0, 1, 600), (3, Some(1000), Some(600)));
        assert_eq!(see("b", 35.0, 1, 100), (3, Some(1000), Some(600)));
        assert_eq!(tracked.track.told().unwrap().samples, 5);
    }
}
