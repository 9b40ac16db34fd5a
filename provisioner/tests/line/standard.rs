//! The inventory on standard input.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::world::provision;

const INVENTORY: &str = "[ssh]\nuser = \"pi\"\n\n[[node]]\nname = \"pi-1\"\nhost = \"192.0.2.1\"\n";

#[test]
fn an_inventory_of_standard_input_is_used_as_one_of_this_folder() {
    let folder = tempfile::tempdir().unwrap();
    // Not this one.
    std::fs::write(folder.path().join("pis.toml"), "broken").unwrap();
    let ran = provision(folder.path(), &["targets", "-i", "-"], INVENTORY);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("192.0.2.1:9100"), "{}", ran.stdout);
    // What is wrong in it is told with its line, and with where it came from.
    let wrong = INVENTORY.replace("host =", "hots =");
    let ran = provision(folder.path(), &["targets", "-i", "-"], &wrong);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("standard input:6:1"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: invalid inventory `standard input`"), "{}", ran.stderr);
    let ran = provision(folder.path(), &["targets", "-i", "-"], &"#".repeat(1 << 21));
    assert!(ran.stderr.contains("standard input: it is larger than 1 MiB"), "{}", ran.stderr);
    let ran = provision(folder.path(), &["targets", "-i", "-"], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("lists no node"), "{}", ran.stderr);
}

#[test]
fn what_lies_beside_the_inventory_lies_in_this_folder() {
    let folder = tempfile::tempdir().unwrap();
    let digest = "0".repeat(64);
    let words = ["lock", "accept", "-i", "-", "redis", &digest];
    let ran = provision(folder.path(), &words, "");
    assert!(ran.stderr.contains("pis.lock.toml"), "{}", ran.stderr);
}

#[test]
fn a_first_inventory_can_be_handed_on_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let ran = provision(folder.path(), &["init", "-i", "-", "192.0.2.1", "192.0.2.2"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let ran = provision(folder.path(), &["targets", "-i", "-"], &ran.stdout);
    assert!(ran.stdout.contains("192.0.2.2:9100"), "{} {}", ran.stdout, ran.stderr);
}

#[test]
fn an_inventory_of_another_folder_is_told_and_one_of_this_folder_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(folder.path().join("pis.toml"), INVENTORY).unwrap();
    let ran = provision(&deep, &["targets"], "");
    let told =
        format!("inventory: {}/pis.toml (found in a folder above)\n", folder.path().display());
    assert_eq!((ran.code, ran.stderr), (Some(0), told));
    let words = ["lock", "accept", "redis", &"0".repeat(64)];
    assert!(provision(&deep, &words, "").stderr.starts_with("inventory: "));
    for words in [&["targets"][..], &["targets", "--inventory", "pis.toml"]] {
        assert_eq!(provision(folder.path(), words, "").stderr, "");
    }
    let mut command = crate::world::command(env!("CARGO_BIN_EXE_provision"), &deep);
    command.arg("targets").env("TERRARIUM_INVENTORY", "../../pis.toml");
    let ran = crate::world::run(command, "");
    assert_eq!(ran.stderr, "inventory: ../../pis.toml (TERRARIUM_INVENTORY)\n");
}

#[test]
fn ctrl_c_is_heard_while_the_inventory_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::world::command(env!("CARGO_BIN_EXE_provision"), folder.path());
    command.args(["targets", "-i", "-"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"[[node]]\nname = ").unwrap();
    // Once it listens for the signal: the mask of those that are caught has its bit.
    let status = format!("/proc/{}/status", child.id());
    let listens = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 0b10 != 0
    };
    while !listens() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended by itself");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    drop(input);
}
