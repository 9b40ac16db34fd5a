//! Stages that need no node: verdicts, downloads, input that does not come.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::{INTERRUPTED, REQUESTS, SOON, provision, send, unwrapped};

/// Starts the program, waits until it is in its stage, sends each signal in a run of
/// its own and holds the end against what is promised.
fn interrupted(stage: &str, mut start: impl FnMut() -> Child, in_stage: impl Fn()) {
    for signal in REQUESTS {
        let mut child = start();
        in_stage();
        assert!(child.try_wait().unwrap().is_none(), "{stage}: it ended before it was asked to");
        let begun = Instant::now();
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let took = begun.elapsed();
        let said = unwrapped(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(INTERRUPTED), "{stage}, {signal:?}: {said}");
        assert!(took < SOON, "{stage}, {signal:?}: {took:?}");
        assert!(said.contains("error: interrupted hint: "), "{stage}, {signal:?}: {said}");
        assert!(output.stdout.is_empty(), "{stage}, {signal:?}: an answer was given");
    }
}

fn piped(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a program has computed for some time.
fn computed(child: u32) {
    let status = format!("/proc/{child}/stat");
    let ticks = || {
        let stat = std::fs::read_to_string(&status).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(11)?.parse().ok())
    };
    while ticks().is_some_and(|ticks: u64| ticks < 20) {
        std::thread::yield_now();
    }
}

#[test]
fn a_verdict_that_is_computed_is_left() {
    let home = tempfile::tempdir().unwrap();
    let id = std::cell::Cell::new(0);
    let start = || {
        let mut command = provision(home.path());
        command.args(["fit", "--boards", "1000xpi5-8gb", "--profile", "full", "--budget", "600"]);
        let child = piped(command);
        id.set(child.id());
        child
    };
    interrupted("verdict", start, || computed(id.get()));
}

#[test]
fn input_that_does_not_come_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let input = home.path().join("input");
    let start = || {
        drop(std::fs::remove_file(&input));
        assert!(Command::new("mkfifo").arg(&input).status().unwrap().success());
        let mut command = provision(home.path());
        command.args(["fit", "--nodes", "input", "--manifests", "input"]);
        piped(command)
    };
    let held = std::cell::RefCell::new(Vec::new());
    // Opening its other end waits for the reader, who then waits for bytes.
    let in_stage = || held.borrow_mut().push(File::options().write(true).open(&input).unwrap());
    interrupted("input", start, in_stage);
}

/// A mirror that never finishes: says how it was asked, and drips.
fn dripping() -> (TcpListener, String) {
    let mirror = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", mirror.local_addr().unwrap());
    (mirror, address)
}

fn inventory(home: &Path, mirror: &str) {
    let text = format!(
        "[artifacts]\nmirror = \"{mirror}\"\n\n[ssh]\nuser = \"pi\"\n\n\
         [[node]]\nname = \"pi-1\"\nhost = \"10.64.0.11\"\nboard = \"pi5-8gb\"\n"
    );
    std::fs::write(home.join("pis.toml"), text).unwrap();
}

#[test]
fn a_download_that_drips_is_left() {
    let home = tempfile::tempdir().unwrap();
    let (mirror, address) = dripping();
    inventory(home.path(), &address);
    let start = || {
        // In the network of the test, where the mirror is.
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.env_clear().env("HOME", home.path()).current_dir(home.path());
        command.env("TERRARIUM_CACHE", home.path().join("cache"));
        command.args(["fit", "--offline", "--profile", "core"]);
        piped(command)
    };
    let held = std::cell::RefCell::new(Vec::new());
    interrupted("download", start, || {
        let (mut stream, _) = mirror.accept().unwrap();
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 70000000\r\n\r\nx").unwrap();
        held.borrow_mut().push(stream);
    });
}
