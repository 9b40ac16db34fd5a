//! Programs that serve metrics, as children, and a client that asks them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any answer takes, emulated on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the fixture of that name is.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Copies a fixture, or a part of one, into a folder.
pub(crate) fn copy(part: &str, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(fixture(part)).arg(to).status().unwrap();
    assert!(copied.success(), "{part}");
}

/// The agent as this test run built it.
pub(crate) fn agent() -> Command {
    Command::new(env!("CARGO_BIN_EXE_terrarium-agent"))
}

/// A child that listens; killed when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Kept, so that the child can go on writing to it.
    log: Option<BufReader<ChildStderr>>,
}

impl Running {
    /// Starts `command` on a free port of the loopback interface and waits
    /// until it has logged the address it listens on.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let start = said.len();
            let read = log.read_line(&mut said).unwrap();
            assert_ne!(read, 0, "{command:?} ended before it listened:\n{said}");
            if let Some(at) = said[start..].find("127.0.0.1:") {
                let address = said[start + at..].split(['/', '\n', ' ', '"']).next().unwrap();
                if let Ok(address) = address.parse::<SocketAddr>()
                    && address.port() != 0
                {
                    break address;
                }
            }
        };
        Self { address, child, log: Some(log) }
    }

    /// Reads on what it logs, and forgets it: a full pipe would hold it up.
    pub(crate) fn drained(mut self) -> Self {
        let log = self.log.take();
        std::thread::spawn(move || {
            log.map(|mut log| std::io::copy(&mut log, &mut std::io::sink()))
        });
        self
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::over(self.stream())
    }

    /// A connection as it is.
    pub(crate) fn stream(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The body of an answer that has to be 200.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        let answer = self.connect().get(path);
        assert_eq!(answer.status, 200, "{path}");
        answer.body
    }

    /// A number of its `/proc/PID/status`: memory in KiB, threads.
    pub(crate) fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The files it has open.
    pub(crate) fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, and with it all connections.
    pub(crate) fn kill(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).unwrap();
    }

    /// Tells it to stop; the exit code, and what it logged since it listened.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut log = String::new();
        if let Some(mut said) = self.log.take() {
            said.read_to_string(&mut log).unwrap();
        }
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept for the next request.
pub(crate) struct Connection<S: Read = TcpStream> {
    stream: BufReader<S>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: agent\r\n\r\n"))
    }

    /// Sends a request; reads an answer whose length is told.
    pub(crate) fn send(&mut self, request: &str) -> Answer {
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let status = self.line();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut answer.body).unwrap();
        } else {
            assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
            self.chunks(&mut answer.body);
        }
        answer
    }

    /// The status of the answer to a request, whose body has a told length;
    /// `None` when the other side has ended.
    pub(crate) fn try_status(&mut self, request: &str) -> Option<u16> {
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.to_ascii_lowercase());
        }
        let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length?.trim_end().parse().unwrap()];
        self.stream.read_exact(&mut body).ok()?;
        lines[0].split(' ').nth(1)?.parse().ok()
    }

    fn chunks(&mut self, body: &mut Vec<u8>) {
        loop {
            let length = usize::from_str_radix(&self.line(), 16).unwrap();
            let start = body.len();
            body.resize(start + length, 0);
            self.stream.read_exact(&mut body[start..]).unwrap();
            assert_eq!(self.line(), "");
            if length == 0 {
                return;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.truncate(line.trim_end().len());
        line
    }
}
