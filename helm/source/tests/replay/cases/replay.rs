//! Thirty days, with everything that goes wrong in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::broker::Broker;
use crate::hub::{self, Shared};
use crate::lot::Lot;
use crate::program::{Setup, wait_for};
use crate::records::{decode, moment, text};
use crate::registry::Schemas;
use crate::world::World;

/// How often the program is killed at least.
const KILLS: u64 = 8;
/// Memory it may ever have had resident.
const PEAK_MAX: u64 = 20 * 1024 * 1024;

pub(crate) fn every_event_is_there_once(broker: &Broker) {
    let begun = Instant::now();
    let world = World::generate(7);
    let (api, hub) = hub::start(&world);
    let setup = Setup::quick(
        broker,
        &format!(
            "[github]\napi = \"{api}\"\nevery = \"50ms\"\nhistory = \"3650d\"\nrepositories = \
             [\"busy/terrarium\", \"old/garden\", \"gone/nothing\", \"empty/shell\"]\n"
        ),
    );

    let (kills, peak) = live(&setup, &hub);
    let counts = hub.lock().unwrap().counts.clone();
    println!("{:?}, {kills} kills, peak {peak} bytes, {counts:?}", begun.elapsed());

    let repeats = everything_is_there(broker, &world, &broker.schemas);
    println!("{} changes, {repeats} records more than needed", world.changes.len());
    // A kill between a page and its offset sends that page again.
    assert!(repeats <= 100 * kills, "{repeats} needless repeats");
    assert_eq!((counts.over_limit, counts.impatient), (0, 0), "limits are respected");
    assert!(peak <= PEAK_MAX, "{peak} bytes resident");
    assert!(kills >= KILLS, "only {kills} kills: the replay is too short");
    for (what, count) in [
        ("unchanged", counts.unchanged),
        ("moved", counts.moved),
        ("missing", counts.missing),
        ("failed", counts.failed),
        ("broken", counts.broken),
        ("refused", counts.refused),
        ("disordered", counts.disordered),
        ("used up", counts.used_up),
    ] {
        assert!(count > 0, "nothing was ever {what}: the replay proves too little");
    }
}

/// Runs the program through the thirty days, killing it now and then, until
/// GitHub has nothing new for it. How often, and its peak memory.
fn live(setup: &Setup, hub: &Shared) -> (u64, u64) {
    let mut lot = Lot::new(3);
    let (mut kills, mut peak) = (0, 0);
    let requests = || hub.lock().unwrap().counts.requests;
    let ended = || hub.lock().unwrap().ended();
    while !ended() {
        let running = setup.start(&["github"]);
        let until = requests() + 20 + lot.below(130);
        wait_for("requests", || (requests() >= until || ended()).then_some(()));
        if ended() {
            drop(running);
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(lot.below(40)));
        peak = peak.max(running.peak());
        running.kill();
        kills += 1;
        hub.lock().unwrap().forget();
    }
    kills += 1;
    hub.lock().unwrap().forget();
    let running = setup.start(&["github"]);
    // Three rounds that cost nothing.
    let mut seen = (0, 0);
    wait_for("nothing new", || {
        let counts = hub.lock().unwrap().counts.clone();
        if counts.fresh_after_end != seen.0 {
            seen = (counts.fresh_after_end, counts.unchanged_after_end);
        }
        (counts.unchanged_after_end >= seen.1 + 60).then_some(())
    });
    peak = peak.max(running.peak());
    served(&running);
    assert!(running.stop(), "SIGTERM is no failure");
    (kills, peak)
}

fn served(running: &crate::program::Running) {
    assert_eq!(running.get("/healthz").0, 200);
    assert_eq!(running.get("/readyz"), (200, "ready\n".to_owned()));
    let (_, page) = running.get("/metrics");
    for part in [
        "terrarium_source_requests_total{status=\"304\"}",
        "terrarium_source_rate_limit 30",
        "terrarium_source_repository_up{repository=\"busy/terrarium\"} 1",
        "terrarium_source_repository_up{repository=\"gone/nothing\"} 0",
        "terrarium_source_last_success_timestamp_seconds{listing=\"issues\",repository=\"busier/terrarium\"}",
        "terrarium_source_last_success_timestamp_seconds{listing=\"commits\",repository=\"empty/shell\"}",
        "terrarium_source_last_success_timestamp_seconds{listing=\"stargazers\",repository=\"new/garden\"}",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let log = running.log();
    for part in ["old/garden is now called new/garden", "gone/nothing: there is no such repository"]
    {
        assert!(log.contains(part), "{part} is not in\n{log}");
    }
}

/// Compares the topics with the world; how many records were more than needed.
fn everything_is_there(broker: &Broker, world: &World, schemas: &Schemas) -> u64 {
    for (topic, expected) in
        [("github-issues", &world.issues), ("github-pull_requests", &world.pull_requests)]
    {
        let found: BTreeMap<String, i64> = broker
            .compacted(topic)
            .into_iter()
            .map(|(key, value)| {
                let record = decode(topic, &value, schemas);
                assert_eq!(text(&record, "id"), key);
                (key, moment(&record, "updated_at"))
            })
            .collect();
        same(topic, &found, expected);
    }
    let found: BTreeMap<String, String> = broker
        .compacted("github-releases")
        .into_iter()
        .map(|(key, value)| (key, text(&decode("github-releases", &value, schemas), "title")))
        .collect();
    same("github-releases", &found, &world.releases);

    let keys = |topic| broker.compacted(topic).into_keys().collect::<BTreeSet<String>>();
    let mut stars = keys("github-stargazers");
    assert!(stars.remove("1002:5"), "the moved repository is followed");
    within("github-stargazers", &stars, &world.stars, &world.unstarred);
    within("github-commits", &keys("github-commits"), &world.commits, &world.rewritten);
    for topic in ["github-stargazers", "github-commits"] {
        for (key, value) in broker.compacted(topic) {
            assert_eq!(text(&decode(topic, &value, schemas), "id"), key);
        }
    }

    repeats(broker)
}

/// Records whose value was sent before.
fn repeats(broker: &Broker) -> u64 {
    let topics = ["issues", "pull_requests", "commits", "releases", "stargazers"];
    let mut repeats = 0;
    for topic in topics {
        let records = broker.records(&format!("github-{topic}"));
        let all = records.len();
        let distinct = records.into_iter().collect::<BTreeSet<_>>().len();
        println!("github-{topic}: {all} records, {distinct} of them different");
        repeats += u64::try_from(all - distinct).unwrap();
    }
    repeats
}

fn same<T: PartialEq + std::fmt::Debug>(
    topic: &str,
    found: &BTreeMap<String, T>,
    expected: &BTreeMap<String, T>,
) {
    let wrong: Vec<_> = expected
        .iter()
        .map(|(key, value)| (key, value, found.get(key)))
        .filter(|(_, value, found)| *found != Some(value))
        .take(5)
        .collect();
    assert!(wrong.is_empty(), "{topic}: key, expected and found: {wrong:?}");
    assert_eq!(found.len(), expected.len(), "{topic}: more than there should be");
}

fn within(
    topic: &str,
    found: &BTreeSet<String>,
    expected: &BTreeSet<String>,
    perhaps: &BTreeSet<String>,
) {
    let missing: Vec<_> = expected.difference(found).take(5).collect();
    assert!(missing.is_empty(), "{topic}: missing {missing:?}");
    let unknown: Vec<_> =
        found.iter().filter(|key| !expected.contains(*key) && !perhaps.contains(*key)).collect();
    assert!(unknown.is_empty(), "{topic}: unknown {unknown:?}");
}
