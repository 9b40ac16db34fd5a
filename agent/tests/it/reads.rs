//! What one page costs the kernel: each file is opened and read once for it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::exposition;
use crate::running::{Running, agent, fixture};

/// `strace` of a running agent.
struct Traced {
    strace: Child,
    /// Kept, so that it can go on saying which threads it took hold of.
    _said: BufReader<ChildStderr>,
    to: tempfile::NamedTempFile,
}

impl Traced {
    fn begin(running: &Running) -> Self {
        let to = tempfile::NamedTempFile::new().unwrap();
        let mut strace = Command::new("strace")
            .args(["-f", "-y", "-s", "0", "-e", "trace=/^(open.*|p?read.*|preadv.*)$", "-o"])
            .arg(to.path())
            .args(["-p", &running.pid().to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("strace ({error}); install it: apt-get install strace"));
        // It says so once it has taken hold of every thread.
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        Self { strace, _said: said, to }
    }

    /// How often each file was opened, or read from its begin.
    fn end(mut self) -> BTreeMap<(&'static str, String), u32> {
        kill_process(Pid::from_child(&self.strace), Signal::INT).unwrap();
        // Interrupted is how it always ends.
        let _ = self.strace.wait().unwrap();
        let mut counts = BTreeMap::new();
        // A call that another thread's came in between is in two lines.
        let mut begun = BTreeMap::new();
        for line in std::fs::read_to_string(self.to.path()).unwrap().lines() {
            let (thread, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            let whole = if let Some(begin) = call.strip_suffix(" <unfinished ...>") {
                begun.insert(thread.to_owned(), begin.to_owned());
                continue;
            } else if let Some((_, end)) = call.split_once(" resumed>") {
                begun.remove(thread).unwrap_or_default() + end
            } else {
                call.to_owned()
            };
            if let Some(seen) = seen(&whole) {
                *counts.entry(seen).or_default() += 1;
            }
        }
        counts
    }
}

/// The file that a call opened or began to read.
fn seen(call: &str) -> Option<(&'static str, String)> {
    let (call, result) = call.rsplit_once(" = ")?;
    if call.starts_with("open") {
        // What is not there is asked for as well.
        return Some(("open", call.split('"').nth(1)?.to_owned()));
    }
    let path = call.split_once('<')?.1.split_once('>')?.0;
    let at_begin = call.starts_with("read(") || call.ends_with(", 0)");
    let something = result.starts_with(|digit: char| ('1'..='9').contains(&digit));
    (path.starts_with('/') && at_begin && something).then(|| ("read", path.to_owned()))
}

/// What two look for that know nothing of each other, once a minute: the board's
/// card among the disks, and the firmware's driver among the sensors.
const TWO: [&str; 3] = ["/sys/block", "/sys/class/hwmon", "/name"];

/// A page's exceptions: the driver is asked in the firmware's place, where that
/// cannot be, and the agent is a process like all others.
fn may_be_twice(path: &str, own: u32, first: bool) -> bool {
    path.ends_with("/in0_lcrit_alarm")
        || path == format!("/proc/{own}/stat")
        || first && TWO.iter().any(|end| path.ends_with(end))
}

fn all_once(running: &Running) {
    let (first, second) = {
        let mut connection = running.connect();
        let mut count = |pages: u32| {
            let traced = Traced::begin(running);
            for _ in 0..pages {
                let answer = connection.get("/metrics");
                exposition::read_unique(&answer.body).unwrap();
                // What follows a page by itself comes before this.
                assert_eq!(connection.get("/healthz").status, 200);
            }
            traced.end()
        };
        (count(1), count(1))
    };
    for (page, counts) in [("first", first), ("second", second)] {
        assert!(counts.keys().any(|(what, path)| *what == "read" && path.ends_with("/stat")));
        let once = |path: &str| !may_be_twice(path, running.pid(), page == "first");
        let often = counts.iter().filter(|((_, path), count)| **count > 1 && once(path));
        let often: Vec<_> = often.collect();
        assert!(often.is_empty(), "{page} page: {often:#?}");
    }
}

/// Those that are off by default too.
const ALL: [&str; 4] = ["interrupts", "processes", "systemd", "tcpstat"];

#[test]
fn a_page_of_this_host_reads_each_file_once() {
    let flags = ALL.map(|collector| format!("--collector.{collector}"));
    all_once(&Running::start(agent().args(flags)));
}

#[test]
fn a_page_of_a_pi_reads_each_file_once() {
    let path = |part: &str| fixture("pi5").join(part).display().to_string();
    let flags = ALL.map(|collector| format!("--collector.{collector}"));
    let mut agent = agent();
    agent.args(flags).arg(format!("--path.procfs={}", path("proc")));
    agent.arg(format!("--path.sysfs={}", path("sys")));
    assert!(Path::new(&path("proc")).is_dir());
    all_once(&Running::start(&mut agent));
}
