//! `bootstrap.sh` among stand-ins for the programs it calls: what it would
//! install, that nothing is started by it, and what it says of Rust and Go.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// What the script may use of this machine.
const REAL: [&str; 14] = [
    "awk", "bash", "cat", "chmod", "cut", "dirname", "env", "grep", "mv", "rm", "sed", "sh",
    "sort", "touch",
];

/// A machine on which hardly anything is installed, and its administrator root.
fn machine() -> TempDir {
    let machine = tempfile::tempdir().unwrap();
    let at = machine.path();
    fs::create_dir_all(at.join("sysroot/bin")).unwrap();
    for tool in ["cargo-clippy", "cargo-fmt"] {
        fs::write(at.join("sysroot/bin").join(tool), "").unwrap();
    }
    let path = std::env::var_os("PATH").unwrap();
    for tool in REAL {
        let found = std::env::split_paths(&path).map(|dir| dir.join(tool)).find(|p| p.is_file());
        symlink(found.unwrap_or_else(|| panic!("{tool} is on no PATH")), at.join(tool)).unwrap();
    }
    program(at, "id", "echo 0");
    program(at, "cargo", "exit 0");
    program(at, "go", "echo go1.99.0");
    program(
        at,
        "rustc",
        &format!(
            "case $1 in --version) echo rustc 1.99.0;; *) echo {}/sysroot;; esac",
            at.display()
        ),
    );
    // Installing docker.io and openssh-server enables them; docker was before.
    program(
        at,
        "apt-get",
        "cd \"${0%/*}\"; echo \"$@\" >>calls; sh ./policy; echo \"policy $?\" >>calls; touch docker installed",
    );
    program(
        at,
        "systemctl",
        "cd \"${0%/*}\"; case \"$1 $2\" in\n\
         'is-enabled docker.service') echo enabled;;\n\
         'is-enabled ssh.service') [ ! -e installed ] || echo enabled;;\n\
         disable*) echo \"$@\" >>calls;; esac",
    );
    machine
}

fn program(at: &Path, name: &str, script: &str) {
    let path = at.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn bootstrap(at: &Path) -> Output {
    Command::new(at.join("bash"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/bootstrap.sh"))
        .env("PATH", at)
        .env("TERRARIUM_POLICY_RC_D", at.join("policy"))
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn what_is_missing_is_installed_and_none_of_it_started() {
    let machine = machine();
    let at = machine.path();
    fs::write(at.join("policy"), "exit 0").unwrap();
    let output = bootstrap(at);
    assert!(output.status.success(), "{}", said(&output));
    let calls = fs::read_to_string(at.join("calls")).unwrap();
    let [update, held, install, held_too, disable] = calls.lines().collect::<Vec<_>>()[..] else {
        panic!("{calls}");
    };
    assert_eq!(update, "update -q");
    for package in
        ["git", "mmdebstrap", "prometheus", "prometheus-node-exporter", "qemu-user-static"]
    {
        assert!(install.split(' ').any(|word| word == package), "{package}: {install}");
    }
    assert!(install.contains("--no-install-recommends"), "{install}");
    assert_eq!([held, held_too], ["policy 101"; 2], "services are held back");
    assert_eq!(disable, "disable --quiet ssh.service", "docker had been enabled before");
    assert_eq!(fs::read_to_string(at.join("policy")).unwrap(), "exit 0", "the machine's own");
    assert!(!at.join("policy.terrarium").exists());
}

#[test]
fn a_failed_installation_fails_and_leaves_no_policy_behind() {
    let machine = machine();
    let at = machine.path();
    program(at, "apt-get", "exit 100");
    let output = bootstrap(at);
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    assert!(!at.join("policy").exists());
}

#[test]
fn a_policy_put_aside_by_an_interrupted_run_comes_back() {
    let machine = machine();
    let at = machine.path();
    fs::write(at.join("policy"), "exit 101").unwrap();
    fs::write(at.join("policy.terrarium"), "exit 0").unwrap();
    bootstrap(at);
    assert_eq!(fs::read_to_string(at.join("policy")).unwrap(), "exit 0");
}

#[test]
fn without_root_it_says_what_is_missing_and_touches_nothing() {
    let machine = machine();
    let at = machine.path();
    program(at, "id", "echo 1000");
    let output = bootstrap(at);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains(" git ") && said.contains("root"), "{said}");
    assert!(!at.join("calls").exists() && !at.join("policy").exists());
}

#[test]
fn old_compilers_are_told_with_what_was_found_and_what_is_needed() {
    let machine = machine();
    let at = machine.path();
    program(at, "go", "echo go1.25.3");
    program(at, "rustc", "echo rustc 1.84.1");
    let output = bootstrap(at);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    let module = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/k3s/go.mod")).unwrap();
    let needed = module.lines().find_map(|line| line.strip_prefix("go ")).unwrap();
    for part in [&format!("is Go 1.25.3; {needed} or later"), "is Rust 1.84.1; "] {
        assert!(said.contains(part), "{said}");
    }
}
