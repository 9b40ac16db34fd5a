//! The programs that are measured: started, asked, ended.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program, its flags, and the page that is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    program: String,
    flags: Vec<String>,
    pub(crate) page: String,
}

impl Subject {
    /// The agent as it is shipped.
    pub(crate) fn agent(program: &Path) -> Self {
        Self::new(&program.display().to_string(), "/metrics")
    }

    /// Debian's `node_exporter`.
    pub(crate) fn node_exporter() -> Self {
        Self::new("prometheus-node-exporter", "/metrics")
    }

    /// Debian's `blackbox_exporter`, probing `target` with each request.
    pub(crate) fn blackbox(target: &Started) -> Self {
        let page = format!("/probe?module=http_2xx&target=http://{}/healthz", target.address);
        // Debian's package keeps the modules there.
        let flag = "--config.file=/etc/prometheus/blackbox.yml".to_owned();
        Self::new("prometheus-blackbox-exporter", &page).with(&[flag])
    }

    fn new(program: &str, page: &str) -> Self {
        Self { program: program.to_owned(), flags: Vec::new(), page: page.to_owned() }
    }

    /// With more flags.
    pub(crate) fn with(mut self, flags: &[String]) -> Self {
        self.flags.extend_from_slice(flags);
        self
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&self) -> Started {
        let mut command = Command::new(&self.program);
        command.args(&self.flags).stderr(Stdio::null());
        Started::of(&mut command)
    }

    /// The program as the last argument of `tool`.
    pub(crate) fn under(&self, mut tool: Command) -> Command {
        tool.arg(&self.program).args(&self.flags);
        tool
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Path::new(&self.program).file_name().unwrap_or_default();
        write!(f, "{} with {} flags", name.display(), self.flags.len())
    }
}

/// A running program; ended when dropped.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl Started {
    /// Starts `command` on a free port and waits until it answers.
    pub(crate) fn of(command: &mut Command) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        command.arg(format!("--web.listen-address={address}"));
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut started = Self { child, address };
        while TcpStream::connect(address).is_err() {
            if let Some(status) = started.child.try_wait().unwrap() {
                panic!("{command:?} ended with {status} before it answered");
            }
            std::thread::yield_now();
        }
        started
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream: BufReader::new(stream) }
    }

    /// What it wrote to standard error until it ended.
    pub(crate) fn last_words(&mut self) -> String {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection kept for all requests, as Prometheus keeps its own.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// The body of an answer that has to be 200.
    pub(crate) fn get(&mut self, page: &str) -> Vec<u8> {
        let request = format!(
            "GET {page} HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\n\r\n"
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let status = self.line();
        assert!(status.contains(" 200 "), "{page}: {status}");
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            chunked |= line == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        if !chunked {
            self.append(length, &mut body);
            return body;
        }
        loop {
            length = usize::from_str_radix(&self.line(), 16).unwrap();
            self.append(length, &mut body);
            assert_eq!(self.line(), "");
            if length == 0 {
                return body;
            }
        }
    }

    fn append(&mut self, length: usize, body: &mut Vec<u8>) {
        let start = body.len();
        body.resize(start + length, 0);
        self.stream.read_exact(&mut body[start..]).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.truncate(line.trim_end().len());
        line
    }
}
