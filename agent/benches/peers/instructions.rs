//! Instructions a series, counted by `callgrind`: the only figure that is the
//! same on a busy machine and on an idle one.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::subject::{Started, Subject};

const FEW: u32 = 10;
const MANY: u32 = 60;

/// User instructions a series of a scrape, start-up left out.
pub(crate) fn a_series(subject: &Subject) -> f64 {
    println!("counting instructions of {subject}");
    let (few, _) = run(subject, FEW);
    let (many, series) = run(subject, MANY);
    (many - few) / f64::from(MANY - FEW) / f64::from(series)
}

/// Instructions of a whole life with so many scrapes, and the page's series.
fn run(subject: &Subject, scrapes: u32) -> (f64, u32) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let mut started = Started::of(subject.under(valgrind).stderr(Stdio::piped()));
    let mut connection = started.connect();
    let mut series = 0;
    for _ in 0..scrapes {
        let page = connection.get(&subject.page);
        let lines = page.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        series = u32::try_from(lines.count()).unwrap();
    }
    kill_process(Pid::from_child(&started.child), Signal::TERM).unwrap();
    let said = started.last_words();
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("callgrind counted nothing:\n{said}"));
    (count.trim().parse().unwrap(), series)
}
