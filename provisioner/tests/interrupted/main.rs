//! Ctrl-C and requests to end, in every stage of a run: it ends within a moment
//! with the documented code, the terminal as it was and no program left behind.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod prompt;
mod stages;
mod terminal;

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long a run may take to end, on a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(3);
/// What an interrupted run exits with.
const INTERRUPTED: i32 = 130;
/// The requests to end a run that a person or a system makes.
const REQUESTS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// The program, with a folder for all it reads and writes, in a network of its
/// own: unshare becomes the program.
fn provision(home: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--map-root-user", env!("CARGO_BIN_EXE_provision")]);
    command.env_clear().env("HOME", home).env("TERM", "xterm").current_dir(home);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TERRARIUM_CACHE", home.join("cache"));
    command
}

/// Sends a signal to a program we started.
fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A text without the breaks that fit it to a terminal's width.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
