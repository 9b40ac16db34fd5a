//! The question for the password, on a terminal.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::terminal::Terminal;
use crate::{INTERRUPTED, REQUESTS, SOON, provision, send, unwrapped};

const QUESTION: &str = "password of the nodes (login and sudo): ";

/// The program about to ask for the password of a node, in a network in which
/// nothing can be reached: an attempt to is told with the node's name.
fn asking(home: &Path) -> Command {
    let inventory = "[ssh]\nuser = \"pi\"\n\n[[node]]\nname = \"pi-1\"\nhost = \"10.64.0.11\"\n";
    fs::write(home.join("pis.toml"), inventory).unwrap();
    let mut command = provision(home);
    command.args(["plan", "--ask-password"]);
    command
}

/// Starts the program and waits for its question.
fn asked(command: &Command) -> Terminal {
    let mut terminal = Terminal::start(command);
    terminal.shows(QUESTION);
    assert!(!terminal.echoes(), "the password would be shown");
    terminal
}

fn nothing_was_sent(said: &str) {
    assert!(!said.contains("pi-1"), "a node was called: {said}");
    assert!(!said.contains("hunter2"), "the password is shown: {said}");
}

#[test]
fn a_key_that_ends_the_question_ends_the_run_and_gives_the_echo_back() {
    let cases: [(&[u8], i32, &str); 8] = [
        (b"\x03", INTERRUPTED, "error: interrupted"),
        (b"hunter2\x03", INTERRUPTED, "error: interrupted"),
        (b"\x04", 2, "error: no password was given"),
        (b"hunter2\x04\x04", 2, "error: no password was given"),
        (b"\r", 2, "error: no password was given"),
        (b"\n", 2, "error: no password was given"),
        (b"hunter2\xff\r", 2, "it is not UTF-8 text"),
        (b"hunter2\x16\x00\r", 2, "it has a line break or a NUL in it"),
    ];
    for (keys, code, said) in cases {
        let home = tempfile::tempdir().unwrap();
        let command = asking(home.path());
        let mut terminal = asked(&command);
        terminal.types(keys);
        let (ended, took) = terminal.ends();
        let shown = unwrapped(&terminal.shown);
        assert_eq!(ended, code, "{keys:?}: {shown}");
        assert!(shown.contains(said) && shown.contains("hint: "), "{keys:?}: {shown}");
        assert!(took < SOON, "{keys:?}: {took:?}");
        assert!(terminal.echoes(), "{keys:?}: the shell would be typed into blindly");
        nothing_was_sent(&terminal.shown);
    }
}

#[test]
fn a_line_longer_than_sudo_reads_is_refused_and_not_cut() {
    let home = tempfile::tempdir().unwrap();
    let command = asking(home.path());
    let mut terminal = asked(&command);
    terminal.types(&b"hunter2".repeat(200));
    terminal.types(b"\r");
    assert_eq!(terminal.ends().0, 2);
    let shown = unwrapped(&terminal.shown);
    assert!(shown.contains("it has 1400 bytes, and sudo reads at most 1023"), "{shown}");
    nothing_was_sent(&terminal.shown);
}

#[test]
fn a_request_to_end_is_heard_at_the_question() {
    for signal in REQUESTS {
        let home = tempfile::tempdir().unwrap();
        let command = asking(home.path());
        let mut terminal = asked(&command);
        terminal.types(b"hunt");
        send(&terminal.child, signal);
        let (code, took) = terminal.ends();
        assert_eq!(code, INTERRUPTED, "{signal:?}: {}", terminal.shown);
        assert!(took < SOON, "{signal:?}: {took:?}");
        assert!(terminal.echoes(), "{signal:?}");
        nothing_was_sent(&terminal.shown);
    }
}

#[test]
fn ctrl_z_lends_the_terminal_back_and_the_question_is_asked_again() {
    let home = tempfile::tempdir().unwrap();
    let command = asking(home.path());
    let mut terminal = asked(&command);
    terminal.types(b"hun");
    send(&terminal.child, Signal::TSTP);
    terminal.sleeps();
    assert!(terminal.echoes(), "the shell would be typed into blindly");
    send(&terminal.child, Signal::CONT);
    terminal.shows(QUESTION);
    assert!(!terminal.echoes());
    terminal.types(b"\r");
    assert_eq!(terminal.ends().0, 2, "what was typed before is forgotten: {}", terminal.shown);
    assert!(terminal.echoes());
    nothing_was_sent(&terminal.shown);
}

#[test]
fn a_password_that_was_typed_is_used_and_not_shown() {
    let home = tempfile::tempdir().unwrap();
    let command = asking(home.path());
    let mut terminal = asked(&command);
    terminal.types(b"hunter2\r");
    let (code, _) = terminal.ends();
    assert_eq!(code, 3, "{}", terminal.shown);
    assert!(terminal.shown.contains("pi-1"), "{}", terminal.shown);
    assert!(!terminal.shown.contains("hunter2"), "{}", terminal.shown);
    assert!(terminal.echoes());
}

#[test]
fn without_a_terminal_there_is_nobody_to_ask() {
    let home = tempfile::tempdir().unwrap();
    for input in [Stdio::null(), Stdio::piped()] {
        let output = asking(home.path()).stdin(input).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("standard input is not a terminal"), "{said}");
        assert!(said.contains("TERRARIUM_PASSWORD"), "{said}");
        nothing_was_sent(&said);
    }
}

#[test]
fn a_password_of_the_environment_or_a_file_is_held_to_the_same_rules() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    for (value, why) in
        [(&b"hunter2\xff"[..], "it is not UTF-8 text"), (b"hunter2\n", "it has a line break")]
    {
        let home = tempfile::tempdir().unwrap();
        asking(home.path());
        let mut command = provision(home.path());
        command.arg("plan").env("TERRARIUM_PASSWORD", OsStr::from_bytes(value));
        let output = command.output().unwrap();
        let said = unwrapped(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("TERRARIUM_PASSWORD cannot be one") && said.contains(why), "{said}");
        nothing_was_sent(&said);
    }
    let home = tempfile::tempdir().unwrap();
    asking(home.path());
    let inventory = fs::read_to_string(home.path().join("pis.toml")).unwrap();
    let with_file = inventory.replace("[ssh]\n", "[ssh]\npassword_file = \"password\"\n");
    fs::write(home.path().join("pis.toml"), with_file).unwrap();
    fs::write(home.path().join("password"), "\nhunter2\n").unwrap();
    rustix::fs::chmod(home.path().join("password"), rustix::fs::Mode::RUSR).unwrap();
    let output = provision(home.path()).arg("plan").output().unwrap();
    let said = unwrapped(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is empty: it is no password"), "{said}");
    nothing_was_sent(&said);
}
