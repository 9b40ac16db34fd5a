//! What a scrape takes, counted by valgrind: figures that are the same on a busy
//! machine and on an idle one.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::subject::{Started, Subject};

const FEW: u32 = 10;
const MANY: u32 = 60;

/// User instructions a series of a scrape, start-up left out.
pub(crate) fn instructions_a_series(subject: &Subject) -> f64 {
    let flags = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let (count, series) = a_scrape(subject, &flags, |said| {
        said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count)
    });
    count / f64::from(series)
}

/// Memory asked for from the heap, times a scrape.
pub(crate) fn allocations(subject: &Subject) -> f64 {
    let flags = ["--tool=memcheck", "--leak-check=no"];
    let (count, _) = a_scrape(subject, &flags, |said| {
        said.split_once("total heap usage: ")?.1.split_once(" allocs").map(|(count, _)| count)
    });
    count
}

/// What a tool counts a scrape, start-up left out, and the page's series.
fn a_scrape(subject: &Subject, flags: &[&str], count: fn(&str) -> Option<&str>) -> (f64, u32) {
    println!("counting with valgrind {}: {subject}", flags[0]);
    let run = |scrapes| {
        let (said, series) = run(subject, flags, scrapes);
        let count = count(&said).unwrap_or_else(|| panic!("valgrind counted nothing:\n{said}"));
        (count.trim().replace(',', "").parse::<f64>().unwrap(), series)
    };
    let (few, _) = run(FEW);
    let (many, series) = run(MANY);
    ((many - few) / f64::from(MANY - FEW), series)
}

/// What is said at the end of a life with so many scrapes, and the page's series.
fn run(subject: &Subject, flags: &[&str], scrapes: u32) -> (String, u32) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(flags);
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
    (started.last_words(), series)
}
