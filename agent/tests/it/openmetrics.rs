//! The page in `OpenMetrics`, as the format's reference parser reads it: the one
//! in Prometheus' client for Python.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::exposition;
use crate::golden;
use crate::running::{Running, agent};

/// Reads a page and prints of each sample its family, the family's type, and
/// its own name.
const PARSER: &str = "\
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
for family in read(sys.stdin.buffer.read().decode()):
    for sample in family.samples:
        print(family.name, family.type, sample.name)
";

/// The samples of each name, with the family and its type; or what is wrong.
pub(crate) fn parse(page: &[u8]) -> Result<BTreeMap<String, (String, usize)>, String> {
    // Debian's own: another one has not Debian's packages.
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", PARSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("python3: {error}; apt-get install python3"));
    python.stdin.take().unwrap().write_all(page).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("ModuleNotFound"), "apt-get install python3-prometheus-client:\n{said}");
    if !output.status.success() {
        return Err(said);
    }
    let mut samples = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (family, name) = line.rsplit_once(' ').unwrap();
        samples.entry(name.to_owned()).or_insert((family.to_owned(), 0)).1 += 1;
    }
    Ok(samples)
}

pub(crate) const REQUEST: &str = "GET /metrics HTTP/1.1\r\nhost: agent\r\n\
    accept: application/openmetrics-text;version=1.0.0\r\n\r\n";

#[test]
fn the_reference_parser_reads_all_that_the_text_format_has() {
    let folder = tempfile::tempdir().unwrap();
    golden::rootfs(folder.path());
    let running = Running::start(agent().args(golden::flags(folder.path())));
    running.get("/metrics");
    let answer = running.connect().send(REQUEST);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    let strict = parse(&answer.body).unwrap_or_else(|said| panic!("{said}"));

    let text = exposition::read_unique(&running.get("/metrics")).unwrap();
    for (name, family) in &text {
        // The kernel's numbers are of no type there; a counter has its ending.
        let (announced, kind) = match (family.kind.as_str(), name.strip_suffix("_total")) {
            ("counter", Some(short)) => (short, "counter"),
            ("gauge", _) => (name.as_str(), "gauge"),
            _ => (name.as_str(), "unknown"),
        };
        let expected = (format!("{announced} {kind}"), family.samples.len());
        assert_eq!(strict.get(name), Some(&expected), "{name}");
    }
    assert_eq!(strict.len(), text.len());
}

#[test]
fn the_reference_parser_refuses_a_page_that_is_cut_off() {
    let running = Running::start(&mut agent());
    let page = running.connect().send(REQUEST).body;
    let cut = page.strip_suffix(b"# EOF\n").unwrap();
    assert!(parse(cut).unwrap_err().contains("EOF"));
    let twice = [cut, b"# TYPE node_boot_time_seconds gauge\n# EOF\n"].concat();
    assert!(parse(&twice).unwrap_err().contains("ValueError"));
}
