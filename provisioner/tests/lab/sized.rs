//! Sizes: from what containers were seen to use to what they ask for.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::world::{World, events, succeeded, wait_for};

const MIB: u64 = 1 << 20;
/// What Redis is filled with, in MiB: less than makes it write its log anew.
const FILLED: u64 = 48;
/// What the database may use, in MiB; one query asks for three times as much.
const TOO_LITTLE: u64 = 160;
/// Samples the agent takes under load, one in half a minute.
const SAMPLES: u64 = 5;

pub(crate) fn measured(world: &mut World) {
    world.provisioned();
    world.touched();
    let inventory = world.lab.inventory_path();
    let good = fs::read_to_string(&inventory).unwrap();
    let low = format!(
        "\n[stack.values.postgresql.resources]\nrequests = {{ memory = \"{TOO_LITTLE}Mi\" }}\n\
         limits = {{ memory = \"{TOO_LITTLE}Mi\" }}\n"
    );
    fs::write(&inventory, format!("{good}{low}")).unwrap();
    succeeded(&world.provision(&[]));

    overload_postgresql(world);
    let fill = "for i = 1, tonumber(ARGV[1]) do \
                redis.call(\\\"set\\\", \\\"load:\\\" .. i, string.rep(\\\"x\\\", 1048576)) end";
    world.redis(&format!("eval \"{fill}\" 0 {FILLED}"));
    let seen = used_by_redis(world);
    assert!(seen > FILLED * MIB, "{seen} bytes");

    let output = world.provision(&["report", "--json", "--min-history", "1m", "--write"]);
    succeeded(&output);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    is_what_was_seen(&report, seen);
    is_more_than_was_too_little(&report);

    fs::write(&inventory, &good).unwrap();
    becomes_what_runs(world);

    fs::remove_file(world.file("pis.sizes.toml")).unwrap();
    succeeded(&world.provision(&[]));
    world.redis("flushall");
    world.mended();
}

/// One backend asks for more than the container may have: the kernel kills it.
fn overload_postgresql(world: &World) {
    let query = "select length(string_agg(repeat(md5(i::text), 31250), chr(32))) \
                 from generate_series(1, 480) i";
    let said = world.kubectl(&format!(
        "exec -n terrarium postgresql-0 -- psql -U postgres -qtA -c \"{query}\" 2>&1 || true"
    ));
    assert!(!said.chars().all(|c| c.is_ascii_digit()), "the query had memory enough: {said}");
}

/// The container's working set as its control group tells it, the most of many
/// looks, while the agent takes its samples.
fn used_by_redis(world: &World) -> u64 {
    let pod = world.kubectl_json("get pod -n terrarium redis-0");
    let node = pod["spec"]["nodeName"].as_str().unwrap().to_owned();
    let id = pod["status"]["containerStatuses"][0]["containerID"].as_str().unwrap();
    let id = id.rsplit('/').next().unwrap();
    // Of version 1 or 2, whichever the machine has.
    let script = format!(
        "for dir in $(find /sys/fs/cgroup -type d -name '*{id}*'); do \
           for usage in memory.usage_in_bytes memory.current; do \
             [ -f $dir/$usage ] || continue; cat $dir/$usage; \
             awk '$1 == \"total_inactive_file\" || $1 == \"inactive_file\" {{last = $2}} \
                  END {{print last}}' $dir/memory.stat; exit; \
           done; done"
    );
    let (mut most, mut before) = (0, None);
    wait_for("the agent to have taken samples under load", Duration::from_mins(6), || {
        let told = world.sh(&node, &script);
        let figures: Vec<u64> = told.lines().map(|line| line.parse().unwrap()).collect();
        let [usage, inactive] = figures[..] else { panic!("no control group of {id}: {told}") };
        let samples = samples_of_redis(world, &node)?;
        let taken = samples - *before.get_or_insert(samples);
        // Looks before the first sample see what no sample does.
        if taken > 0 {
            most = most.max(usage.saturating_sub(inactive));
        }
        (taken >= SAMPLES).then_some(())
    });
    most
}

/// How many samples the agent of a node has of Redis' container.
fn samples_of_redis(world: &World, node: &str) -> Option<u64> {
    let snapshot: Value = serde_json::from_str(&world.agent(node, "/api/v1/snapshot")).unwrap();
    let pods = snapshot["pods"].as_array().unwrap();
    let pod = pods.iter().find(|pod| pod["pod"] == "redis-0")?;
    pod["containers"][0]["history"]["samples"].as_u64()
}

/// The report's figures are within a tenth of the control group's.
fn is_what_was_seen(report: &Value, seen: u64) {
    let nodes = report["nodes"].as_array().unwrap();
    let mut pods = nodes.iter().flat_map(|node| node["pods"].as_array().unwrap());
    let used = &pods.find(|pod| pod["pod"] == "terrarium/redis-0").unwrap()["used"];
    for figure in ["p99", "max"] {
        let shown = used[figure].as_u64().unwrap();
        eprintln!("redis, {figure}: shown {shown}, seen {seen} bytes");
        assert!(shown.abs_diff(seen) * 10 <= seen, "{figure}: shown {shown}, seen {seen}");
    }
    let request = advised(report, "redis")["request"]["memory"].as_u64().unwrap();
    // A tenth is added to what is within a tenth.
    assert!((seen..=seen * 122 / 100).contains(&request), "advised {request}, seen {seen}");
}

fn is_more_than_was_too_little(report: &Value) {
    let advice = advised(report, "postgresql");
    let limit = advice["limit"]["memory"].as_u64().unwrap();
    assert!(limit >= (TOO_LITTLE + TOO_LITTLE / 2) * MIB, "{advice}");
    let why = advice["why"].as_array().unwrap();
    let why = why.iter().find(|why| why["what"] == "memory-limit").unwrap();
    assert_eq!((&why["term"], why["value"].as_u64()), (&"oom-kill".into(), Some(TOO_LITTLE * MIB)));
}

/// What is advised for the container of a service that bears its name.
fn advised<'a>(report: &'a Value, service: &str) -> &'a Value {
    let sizes = report["sizes"].as_array().unwrap();
    let size = sizes.iter().find(|s| s["service"] == service && s["container"] == service);
    let advice = &size.unwrap()["advice"]["enough"];
    assert!(advice.is_object(), "{service}: {size:?}");
    advice
}

/// The file is shown, applied, and then nothing is left to do.
fn becomes_what_runs(world: &World) {
    let text = fs::read_to_string(world.file("pis.sizes.toml")).unwrap();
    eprintln!("{text}");
    let sizes: toml::Table = toml::from_str(&text).unwrap();
    let sizes = serde_json::to_value(sizes).unwrap();
    let request = sizes["redis"]["resources"]["requests"]["memory"].as_str().unwrap();

    let plan = world.provision(&["plan", "--diff"]);
    succeeded(&plan);
    let text = String::from_utf8_lossy(&plan.stdout);
    let added = format!("memory: {request}");
    let added = |line: &str| line.strip_prefix('+').is_some_and(|line| line.trim() == added);
    assert!(text.lines().any(added), "{request}:\n{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("sizes are from") && words.contains("pis.sizes.toml"), "{text}");

    succeeded(&world.provision(&[]));
    let pods = world.kubectl_json("get pods -n terrarium");
    let containers = pods["items"].as_array().unwrap().iter().flat_map(|pod| {
        let containers = pod["spec"]["containers"].as_array().unwrap();
        containers.iter().map(|container| (container["name"].as_str().unwrap(), container))
    });
    let mut sized = 0;
    for (name, container) in containers {
        for kind in ["requests", "limits"] {
            for (what, wished) in sizes[name]["resources"][kind].as_object().into_iter().flatten() {
                assert_eq!(container["resources"][kind][what], *wished, "{name}: {kind}.{what}");
                sized += 1;
            }
        }
    }
    assert!(sized >= 6, "{sizes}");
    assert_eq!(world.redis("dbsize"), FILLED.to_string(), "what was stored is still there");

    let again = world.provision(&["--json"]);
    succeeded(&again);
    assert_eq!(events(&again).1["changed"], 0);
    succeeded(&world.provision(&["plan", "--exit-code"]));
    succeeded(&world.provision(&["fit", "--json"]));
}
