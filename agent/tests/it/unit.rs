//! The unit the agent runs as.

use std::process::Command;

use clap::Parser;
use terrarium_agent::cli::Args;

fn path() -> String {
    format!("{}/unit/terrarium-agent.service", env!("CARGO_MANIFEST_DIR"))
}

fn setting(name: &str) -> String {
    let unit = std::fs::read_to_string(path()).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    line.unwrap().to_owned()
}

#[test]
fn its_exposure_is_at_most_2() {
    let analyzed = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(path())
        .output()
        .unwrap_or_else(|error| {
            panic!("systemd-analyze ({error}); install it: apt-get install systemd")
        });
    assert!(analyzed.status.success(), "{}", String::from_utf8_lossy(&analyzed.stdout));
}

#[test]
fn its_command_is_one_the_agent_takes() {
    let command = setting("ExecStart");
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words[0], "/usr/bin/terrarium-agent");
    // What a drop-in may add, after all others.
    let (further, words) = words.split_last().unwrap();
    assert_eq!(*further, "$ARGS");
    let given = Args::try_parse_from(words).unwrap();
    let default = Args::try_parse_from(["terrarium-agent"]).unwrap();
    assert_eq!(given.listen, default.listen);
    let port = setting("SocketBindAllow");
    assert_eq!(format!(":{}", port.strip_prefix("tcp:").unwrap()), given.listen[0].to_string());
}
