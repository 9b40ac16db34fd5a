//! What steers a run, and what is secret.

use std::os::unix::fs::{chown, symlink};

use crate::world::{OPERATOR, STRANGER, TEAM, World};

/// Reads all there is and ends before it would connect: nothing is listening.
const READS_ALL: [&str; 3] = ["--patience", "0.01", "credentials"];

#[test]
fn what_others_may_write_is_not_used_and_the_command_that_mends_it_is_said() {
    for (file, what) in [
        ("work/pis.toml", "the inventory"),
        ("work/pis.sizes.toml", "the file of measured sizes"),
        ("work/pis.lock.toml", "the lock file"),
        ("work/known_hosts", "the record of host keys"),
        ("home/.ssh/known_hosts", "the record of host keys"),
        ("home/.ssh/key", "the private key"),
        ("work/password", "the password file"),
        ("home/.kube/config", "the kubeconfig"),
    ] {
        let world = World::new();
        world.mode(file, 0o666);
        let ran = world.run(&READS_ALL);
        ran.ended(2, &[what, "is not used", "chmod", file.rsplit('/').next().unwrap()]);
        world.give(file, STRANGER, 0o644);
        world.run(&READS_ALL).ended(2, &[what, "is not used", "another user (54322)"]);
    }
}

#[test]
fn what_others_may_read_is_refused_of_secrets_alone() {
    for (file, secret) in [
        ("work/password", true),
        ("home/.ssh/key", true),
        ("work/pis.toml", false),
        ("work/known_hosts", false),
    ] {
        for mode in [0o644, 0o640, 0o604] {
            let world = World::new();
            world.mode(file, mode);
            let ran = world.run(&READS_ALL);
            let refused = ran.text.contains("can be read by others");
            assert_eq!(refused, secret, "{file} {mode:o}: {}", ran.text);
            if secret {
                ran.ended(2, &["chmod 600"]);
            }
        }
    }
}

#[test]
fn a_folder_that_everybody_may_write_is_as_bad_as_the_file() {
    for (folder, what) in
        [("work", "the inventory"), ("home/.ssh", "the private key"), ("home", "the kubeconfig")]
    {
        let world = World::new();
        world.mode(folder, 0o777);
        world.run(&READS_ALL).ended(2, &[what, "everybody", "chmod go-w"]);
    }
}

#[test]
fn a_group_that_works_together_is_told_once_and_not_refused() {
    let world = World::new();
    for file in ["work", "work/pis.toml"] {
        chown(world.path(file), Some(OPERATOR), Some(TEAM)).unwrap();
    }
    world.mode("work", 0o775);
    world.mode("work/pis.toml", 0o664);
    let ran = world.run(&["targets"]);
    ran.ended(0, &["note: ", "can be written by its group", "chmod g-w"]);
    assert_eq!(ran.text.matches("note: ").count(), 1, "{}", ran.text);
}

#[test]
fn a_link_is_followed_and_what_it_leads_to_is_judged() {
    let world = World::new();
    for folder in ["open", "closed"] {
        std::fs::create_dir(world.path(folder)).unwrap();
        world.give(folder, OPERATOR, 0o755);
        std::fs::copy(world.path("work/pis.toml"), world.path(&format!("{folder}/pis.toml")))
            .unwrap();
        world.give(&format!("{folder}/pis.toml"), OPERATOR, 0o644);
    }
    world.mode("open", 0o777);
    for (folder, code) in [("closed", 0), ("open", 2)] {
        std::fs::remove_file(world.path("work/pis.toml")).unwrap();
        symlink(format!("../{folder}/pis.toml"), world.path("work/pis.toml")).unwrap();
        std::os::unix::fs::lchown(world.path("work/pis.toml"), Some(OPERATOR), None).unwrap();
        let ran = world.run(&["targets"]);
        assert_eq!(ran.code, Some(code), "{folder}: {}", ran.text);
    }
}

#[test]
fn an_access_control_list_counts_as_those_it_names() {
    let world = World::new();
    world.mode("work/password", 0o600);
    let set = std::process::Command::new("setfacl")
        .args(["-m", &format!("u:{STRANGER}:r")])
        .arg(world.path("work/password"))
        .status();
    // Debian has it in a package of its own; without one, the bits say the same.
    if !set.is_ok_and(|status| status.success()) {
        world.mode("work/password", 0o640);
    }
    world.run(&READS_ALL).ended(2, &["the password file", "can be read by others"]);
}

#[test]
fn root_on_somebodys_behalf_is_told_and_goes_on() {
    let world = World::new();
    let ran = world.run_as(0, &["targets"]);
    ran.ended(0, &["note: ", "belongs to another user (54321)", "192.0.2.1:9100"]);
    // Who called sudo is no stranger.
    let mut world = World::new();
    world.environment.insert("SUDO_UID", OPERATOR.to_string().into());
    let ran = world.run_as(0, &["targets"]);
    ran.ended(0, &[]);
    assert!(!ran.text.contains("note: "), "{}", ran.text);
}
