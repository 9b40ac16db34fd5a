//! `provision doctor` against nodes that are well, away, wrong, or no cluster yet.

use std::io::Read as _;

use serde_json::Value;

use crate::model::Reply;
use crate::node::{Do, Login};
use crate::world::World;

const QUICK: [&str; 2] = ["--patience", "0.05"];

/// A world whose operator has a key, as it may be.
fn world(names: &[&str]) -> World {
    let world = World::new(names);
    std::fs::write(world.path("home/.ssh/id_ed25519"), "").unwrap();
    world
}

fn checks(stdout: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(stdout).unwrap();
    document["checks"].as_array().unwrap().clone()
}

/// The state of a check, and what was found.
fn state<'a>(checks: &'a [Value], part: &str, check: &str) -> (&'a str, &'a str) {
    let found = checks.iter().find(|found| found["part"] == part && found["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {part}: {check}: {checks:?}"));
    (found["state"].as_str().unwrap(), found["found"].as_str().unwrap())
}

pub(crate) fn before_the_first_run_doctor_finds_all_it_takes_and_touches_nothing() {
    let world = world(&["pi-1", "pi-2"]);
    std::fs::remove_file(world.path("home/.ssh/id_ed25519")).unwrap();
    let mut world = world;
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), "correct horse".to_owned());
    let before = world.node("pi-1").calls().len();
    let ran = world.provision(&["doctor", "--json"]);
    ran.ended_with(0);
    let checks = checks(&ran.stdout);
    for (part, check, found) in [
        ("this machine", "inventory", "pis.toml: 2 nodes"),
        ("this machine", "login", "a password"),
        ("this machine", "cache", "GiB free"),
        ("this machine", "host keys", "known_hosts"),
        ("pi-1", "connection", "ssh pi@10."),
        ("pi-1", "board", "Raspberry Pi 5"),
        ("pi-2", "clock", "from this machine's"),
        ("pi-2", "disk", "GiB free"),
    ] {
        let (state, told) = state(&checks, part, check);
        assert_eq!(state, "ok", "{part}: {check}: {told}");
        assert!(told.contains(found), "{part}: {check}: {told}");
    }
    assert_eq!(state(&checks, "cluster", "api").0, "note");
    assert_eq!(state(&checks, "pi-1", "boot").0, "note");
    // A connection, and the probe: no lock, no file, no command.
    let calls = world.node("pi-1").calls();
    assert!(calls[before..].iter().all(|call| call.what == "probe"), "{calls:?}");
    assert!(!world.path("inventory/pis.lock.toml").exists());
    assert!(!world.kubeconfig().exists());
    assert_eq!(std::fs::read_dir(world.path("cache")).unwrap().count(), 0);
}

pub(crate) fn a_cluster_that_runs_is_well_and_what_is_not_is_told_with_what_to_do() {
    let world = world(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    let ran = world.provision(&["doctor"]);
    ran.succeeded().says("Everything a run needs is there.").says("is Ready").says("answers: ");
    for line in ran.stdout.lines() {
        // A path is one word.
        assert!(line.chars().count() <= 80 || line.contains(" /tmp/"), "{line}");
    }
    world.node("pi-2").down(true);
    let ran = world.provision(&["doctor", "--patience", "0.05"]);
    ran.ended_with(3).says("FAILED connection node `pi-2`").says("to mend.").says("is Ready");
    world.node("pi-2").down(false);
    world.node("pi-2").manner().login = Login::Refused;
    let ran = world.provision(&["doctor", "--json", "--patience", "0.05"]);
    ran.ended_with(3);
    let found = checks(&ran.stdout);
    assert_eq!(state(&found, "pi-2", "connection").0, "failed");
    assert_eq!(state(&found, "pi-1", "connection").0, "ok");
    // Whatever failed says what to do next.
    let failed = found.iter().filter(|check| check["state"] == "failed");
    for check in failed {
        assert!(check["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{check}");
    }
}

pub(crate) fn a_node_that_would_be_refused_is_refused_by_doctor() {
    let world = world(&["pi-1"]);
    world.node("pi-1").model().facts.insert("machine".to_owned(), "armv7l".to_owned());
    let ran = world.provision(&[&["doctor"][..], &QUICK].concat());
    ran.ended_with(6).says("FAILED");
    let plan = world.provision(&[&["plan"][..], &QUICK].concat());
    plan.ended_with(6);
}

pub(crate) fn what_is_wrong_on_this_machine_is_told_before_anything_is_asked() {
    let world = World::new(&["pi-1"]);
    let ran = world.provision(&["doctor", "--json"]);
    ran.ended_with(2);
    assert_eq!(state(&checks(&ran.stdout), "this machine", "login").0, "failed");
    std::fs::write(world.inventory_path(), "[[node]]\nname = \"pi-1\"\nhots = \"x\"\n").unwrap();
    let ran = world.provision(&["doctor"]);
    ran.ended_with(2).says("FAILED inventory").says("3:1").says("`host`");
    let calls = world.node("pi-1").calls().len();
    let ran = world.provision(&["doctor", "--json"]);
    ran.ended_with(2);
    assert_eq!(checks(&ran.stdout).len(), 1);
    assert_eq!(world.node("pi-1").calls().len(), calls);
}

pub(crate) fn a_bundle_has_what_a_report_needs_and_no_secret() {
    const PASSWORD: &str = "correct horse battery";
    let mut world = world(&["pi-1"]);
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), PASSWORD.to_owned());
    let token = format!("K10{}::server:{}", "ab".repeat(32), "cd".repeat(16));
    let said = format!("{PASSWORD} {token}");
    world.node("pi-1").hook(move |call| {
        (call.what == "write /etc/hosts").then(|| Do::Say(Reply::failed(7, said.clone())))
    });
    world.provision(&QUICK).ended_with(4);
    world.node("pi-1").behave();
    world.node("pi-1").model().facts.insert("os".to_owned(), format!("Debian {PASSWORD}"));
    let file = world.path("inventory/report.tar.gz");
    let bundle = ["doctor", "--bundle", file.to_str().unwrap()];
    world.provision(&bundle).succeeded().says("wrote").says("read it before");
    let archive = flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap());
    let mut all = String::new();
    let mut names = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        entry.read_to_string(&mut all).unwrap();
    }
    for name in ["doctor.txt", "doctor.json", "plan.json", "facts/pi-1.json"] {
        assert!(names.contains(&format!("terrarium-doctor/{name}")), "{names:?}");
    }
    assert!(
        names.iter().any(|name| name.contains("/logs/") && name.contains("-apply-")),
        "{names:?}"
    );
    assert!(all.contains("status 7") && all.contains("[secret]"), "{all}");
    for secret in [PASSWORD, "horse", &token, &"cd".repeat(16)] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let ran = world.provision(&["doctor", "--bundle", "/nowhere/report.tar.gz"]);
    ran.ended_with(2).says("cannot write the bundle");
}
