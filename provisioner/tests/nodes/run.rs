//! One run of `provision`: its output, its exit code, and a deadline.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::node::lock;

/// A run that is not over after this long hangs.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` for one that was ended by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// A run under way. Dropping it ends it.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
    stdout: Stream,
    stderr: Stream,
}

/// What came so far, and a bell for those who wait for more.
#[derive(Clone, Default)]
struct Came(Arc<(Mutex<Vec<u8>>, Condvar)>);

struct Stream {
    came: Came,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let came = Came::default();
        let into = came.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                lock(&into.0.0).extend_from_slice(&buffer[..count]);
                into.0.1.notify_all();
            }
        });
        Self { came, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.came.0.0)).into_owned()
    }

    fn end(&mut self) -> String {
        self.reader.take().map(JoinHandle::join).transpose().unwrap();
        self.text()
    }
}

impl Running {
    pub(super) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = Stream::of(child.stdout.take().unwrap());
        let stderr = Stream::of(child.stderr.take().unwrap());
        Self { child, begun: Instant::now(), stdout, stderr }
    }

    /// Sends bytes to its standard input or terminal.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: `INT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// What it has printed so far, on both streams.
    pub(crate) fn said(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Waits until a text is printed on either stream.
    pub(crate) fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.said().contains(text) {
            assert!(begun.elapsed() < DEADLINE, "`{text}` did not come:\n{}", self.said());
            // Woken by either stream at the latest at its next word.
            let (bytes, bell) = &*self.stderr.came.0;
            drop(bell.wait_timeout(lock(bytes), Duration::from_millis(10)).unwrap());
        }
    }

    /// Waits for its end, which comes within a minute.
    pub(crate) fn end(self) -> Ran {
        self.end_within(DEADLINE)
    }

    /// Waits for its end; fails with all it said if it does not come in time.
    pub(crate) fn end_within(mut self, deadline: Duration) -> Ran {
        drop(self.child.stdin.take());
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                self.begun.elapsed() < deadline,
                "still running after {deadline:?}:\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Ran {
            code: status.code(),
            took: self.begun.elapsed(),
            stdout: self.stdout.end(),
            stderr: self.stderr.end(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// Fails with all that was said unless it ended with this code.
    #[track_caller]
    pub(crate) fn ended_with(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "after {:?}\nstdout:\n{}\nstderr:\n{}",
            self.took,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails unless it ended well.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        self.ended_with(0)
    }

    /// Fails unless this was said on standard error or standard output; where
    /// lines were broken does not count.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let said = format!("{} {}", self.stderr, self.stdout);
        let said: Vec<&str> = said.split_whitespace().collect();
        let text: Vec<&str> = text.split_whitespace().collect();
        let found = said.join(" ").contains(&text.join(" "));
        assert!(found, "`{}` is not in\n{}{}", text.join(" "), self.stdout, self.stderr);
        self
    }

    /// The events of a `--json` run, and its summary.
    #[track_caller]
    pub(crate) fn events(&self) -> (Vec<Value>, Value) {
        let mut lines: Vec<Value> =
            self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.pop().unwrap_or_default();
        assert!(last.get("summary").is_some(), "no summary ends\n{}{}", self.stdout, self.stderr);
        (lines, last["summary"].clone())
    }

    /// What a `--json` run changed, as `node: change`, in the order it came.
    #[track_caller]
    pub(crate) fn changed(&self) -> Vec<String> {
        let (events, _) = self.events();
        let changed = events.iter().filter(|event| event["state"] == "changed");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        changed
            .map(|event| format!("{}: {}", text(&event["node"]), text(&event["change"])))
            .collect()
    }
}
