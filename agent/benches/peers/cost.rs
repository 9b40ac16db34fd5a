//! What a program costs to scrape: processor time, memory, system calls.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::subject::{Started, Subject};

/// Scrapes a round; the cheapest of the rounds is taken, since whatever else
/// runs on the machine only ever adds.
const SCRAPES: u32 = 500;
const ROUNDS: u32 = 3;

/// Scrapes with a pause, as between two of Prometheus': caches are colder.
const PAUSED_SCRAPES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// Scrapes under `strace`.
const TRACED: u32 = 20;

/// How long the program is left alone to count what it does by itself.
const QUIET: Duration = Duration::from_secs(10);

/// One program's cost.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// Processor time a scrape, back to back, in microseconds.
    pub(crate) processor: f64,
    /// The same with pauses.
    pub(crate) paused: f64,
    /// Resident memory after all scrapes, in MiB.
    pub(crate) resident: f64,
    /// Threads.
    pub(crate) threads: u32,
    /// System calls a scrape.
    pub(crate) system_calls: f64,
    /// Times it woke up while nobody asked anything.
    pub(crate) wakeups: u32,
    /// Series on the page.
    pub(crate) series: u32,
    /// Bytes of the page.
    pub(crate) bytes: usize,
}

impl Cost {
    /// Starts the program and measures it.
    pub(crate) fn of(subject: &Subject) -> Self {
        println!("measuring {subject}");
        let started = subject.start();
        let mut connection = started.connect();
        let page = connection.get(&subject.page);
        let rounds = (0..ROUNDS).map(|_| {
            let before = processor_nanoseconds(&started);
            for _ in 0..SCRAPES {
                connection.get(&subject.page);
            }
            (processor_nanoseconds(&started) - before) / f64::from(SCRAPES) / 1e3
        });
        let processor = rounds.fold(f64::INFINITY, f64::min);
        let before = processor_nanoseconds(&started);
        for _ in 0..PAUSED_SCRAPES {
            std::thread::sleep(PAUSE);
            connection.get(&subject.page);
        }
        let paused = (processor_nanoseconds(&started) - before) / f64::from(PAUSED_SCRAPES) / 1e3;
        let resident = f64::from(status(&started, "VmRSS:")) / 1024.0;
        let threads = status(&started, "Threads:");
        let switches = || status(&started, "voluntary_ctxt_switches:");
        // The last answer's own going to sleep is none of it.
        std::thread::sleep(PAUSE);
        let quiet = switches();
        std::thread::sleep(QUIET);
        let wakeups = switches() - quiet;
        let system_calls = system_calls(&started, || {
            connection.get(&subject.page);
        });
        let series = page.split(|byte| *byte == b'\n');
        let series = series.filter(|line| !line.is_empty() && !line.starts_with(b"#")).count();
        Self {
            processor,
            paused,
            resident,
            threads,
            system_calls,
            wakeups,
            series: u32::try_from(series).unwrap(),
            bytes: page.len(),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} ms | {:.1} | {} | {:.0} | {} | {:.0} kB",
            self.paused / 1e3,
            self.resident,
            self.threads,
            self.system_calls,
            self.series,
            // A page is some kilobytes.
            f64::from(u32::try_from(self.bytes).unwrap_or(u32::MAX)) / 1e3,
        )
    }
}

/// The processor time of all threads so far, in nanoseconds.
fn processor_nanoseconds(started: &Started) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", started.pid())).unwrap();
    let spent = tasks.flatten().filter_map(|task| {
        // A thread may end between the listing and the reading.
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    spent.sum()
}

/// A number of `/proc/PID/status`.
fn status(started: &Started, key: &str) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", started.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// System calls a scrape, counted by `strace`.
fn system_calls(started: &Started, mut scrape: impl FnMut()) -> f64 {
    let counts = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace")
        .args(["-f", "-c", "-U", "calls,name", "-o"])
        .arg(counts.path())
        .args(["-p", &started.pid().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("strace ({error}); install it: apt-get install strace"));
    // It says so once it has taken hold of every thread.
    let mut said = std::io::BufReader::new(strace.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut String::new()).unwrap();
    for _ in 0..TRACED {
        scrape();
    }
    let pid = rustix::process::Pid::from_child(&strace);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    // Interrupted is how it always ends.
    let _ = strace.wait().unwrap();
    let text = std::fs::read_to_string(counts.path()).unwrap();
    let total = text.lines().find(|line| line.trim_end().ends_with("total"));
    let total = total.unwrap_or_else(|| panic!("strace counted nothing:\n{text}"));
    total.split_whitespace().next().unwrap().parse::<f64>().unwrap() / f64::from(TRACED)
}
