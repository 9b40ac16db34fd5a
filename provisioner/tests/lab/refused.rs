//! What is refused, and how it is said.

use std::fs;

use crate::trees;
use crate::world::{World, ended_with, succeeded};

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
