//! What is refused, and how it is said.

use std::fs;

use serde_json::Value;

use crate::trees;
use crate::world::{NODES, World, ended_with, succeeded};

pub(crate) fn host_key(world: &mut World) {
    world.provisioned();
    let file = world.file("known_hosts");
    let good = fs::read_to_string(&file).unwrap();
    // pi-2 now answers with a key that was recorded for somebody else.
    let (two, three) = (world.lab.node_ip(2).to_string(), world.lab.node_ip(3).to_string());
    let key = |ip: &str| {
        good.lines()
            .find(|line| line.starts_with(ip))
            .unwrap()
            .split_once(' ')
            .unwrap()
            .1
            .to_owned()
    };
    let bad = good.replace(&key(&two), &key(&three));
    fs::write(&file, &bad).unwrap();

    let output = world.provision(&[]);
    ended_with(&output, 3);
    let text = String::from_utf8_lossy(&output.stderr);
    for part in ["pi-2", "known_hosts", "SHA256:", "ssh-keygen -R"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), bad, "the file is the operator's to mend");
    fs::write(&file, &good).unwrap();
    succeeded(&world.provision(&[]));
}

pub(crate) fn password(world: &mut World) {
    world.provisioned();
    let before = trees::all(world);
    let file = world.file("password");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, "strawberry\n").unwrap();
    let output = world.provision(&[]);
    fs::write(&file, good).unwrap();
    ended_with(&output, 3);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("password: refused") && !text.contains("strawberry"), "{text}");
    trees::assert_equal(&before, &trees::all(world));
}

/// Redis asks for more memory than any machine has.
pub(crate) fn unfit(world: &mut World) {
    world.fresh();
    let before = trees::all(world);
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let values = "\n[stack.values.redis.resources.requests]\nmemory = \"900Ti\"\n\
                  [stack.values.redis.resources.limits]\nmemory = \"900Ti\"\n";
    fs::write(&file, format!("{good}{values}")).unwrap();
    let plan = world.provision(&["plan"]);
    let run = world.provision(&[]);
    let ignored = world.provision(&["--ignore-fit", "plan"]);
    fs::write(&file, good).unwrap();
    for output in [&plan, &run] {
        ended_with(output, 6);
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        // Broken into lines of eighty columns.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["terrarium/redis-0 is larger than every node", "leave out `redis`"] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
    }
    succeeded(&ignored);
    trees::assert_equal(&before, &trees::all(world));
}

/// The nodes are asked, and what is predicted is what their kubelets present.
pub(crate) fn predicted(world: &mut World) {
    world.provisioned();
    let output = world.provision(&["fit", "--json"]);
    succeeded(&output);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in NODES {
        let nodes = answer["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["name"] == name).unwrap();
        let kubelet = &world.kubectl_json(&format!("get node {name}"))["status"];
        let bytes = |kind: &str| -> u64 {
            let text = kubelet[kind]["memory"].as_str().unwrap();
            let number = text.trim_end_matches(|c: char| !c.is_ascii_digit());
            let powers = ["", "Ki", "Mi", "Gi"];
            let power = powers.iter().position(|unit| *unit == &text[number.len()..]);
            number.parse::<u64>().unwrap() << (10 * power.expect(text))
        };
        for (ours, theirs) in [("memory", "capacity"), ("allocatable", "allocatable")] {
            let range = &node[ours];
            assert_eq!(range["low"], range["high"], "{name}: a node that answers has no range");
            assert_eq!(range["low"].as_u64().unwrap(), bytes(theirs), "{name}: {ours}");
        }
        let cores = kubelet["allocatable"]["cpu"].as_str().unwrap();
        let predicted = node["allocatable_cpu"].as_u64().unwrap() / 1000;
        assert_eq!(predicted, cores.parse::<u64>().unwrap(), "{name}");
    }
}
