//! Services probed by the agent as it runs: fakes that answer as they are told,
//! servers that hang, and real ones.

#![expect(clippy::float_cmp, reason = "values are whole numbers, or copies of one")]

mod container;
pub(crate) mod fakes;
mod real;
mod reload;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::exposition;
use crate::running::{Running, agent};
use fakes::Fake;

/// Longer than any probe takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A probe's lines in the configuration.
pub(crate) fn probe(name: &str, kind: &str, more: &str) -> String {
    format!(
        "[[probe]]\nname = \"{name}\"\nservice = \"of-{name}\"\nkind = \"{kind}\"\n\
         interval = \"1s\"\n{more}\n"
    )
}

fn start(folder: &Path, config: &str) -> Running {
    start_with(folder, config, &[])
}

fn start_with(folder: &Path, config: &str, flags: &[String]) -> Running {
    let file = folder.join("agent.toml");
    std::fs::write(&file, config).unwrap();
    Running::start(
        agent()
            .arg("--config.file")
            .arg(file)
            .args(["--collector.disable-defaults", "--collector.time"])
            .args(flags),
    )
}

type Labels = BTreeMap<String, String>;

/// The values of a family by the label `probe`.
fn values(page: &[u8], family: &str) -> BTreeMap<String, f64> {
    let page = exposition::read_unique(page).unwrap();
    let samples = page.get(family).map(|family| family.samples.as_slice()).unwrap_or_default();
    let by_probe = samples.iter().map(|sample| {
        let labels: &Labels = &sample.labels;
        (labels["probe"].clone(), sample.value.parse().unwrap())
    });
    by_probe.collect()
}

/// Scrapes until the page has what is wanted.
pub(crate) fn until(running: &Running, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let end = Instant::now() + PATIENCE;
    loop {
        let page = running.get("/metrics");
        if wanted(&page) {
            return page;
        }
        assert!(Instant::now() < end, "{}", String::from_utf8_lossy(&page));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Each probe's name, with whether it succeeded, once all were made.
fn successes(running: &Running, probes: usize) -> BTreeMap<String, f64> {
    let page = until(running, |page| values(page, "probe_success").len() == probes);
    values(&page, "probe_success")
}

/// A kind, what its service answers, more of its configuration, and whether the
/// service is well.
fn answers() -> Vec<(&'static str, Vec<u8>, &'static str, bool)> {
    let kafka = |error: u8| [&b"\0\0\0\x0aterr\0"[..], &[error], b"\0\0\0\0"].concat();
    let mongodb = |kind: u8, ok: &[u8]| {
        let field = [&[kind], &b"ok\0"[..], ok, b"\0"].concat();
        let document =
            [&u32::try_from(4 + field.len()).unwrap().to_le_bytes(), &field[..]].concat();
        let length = u32::try_from(16 + 5 + document.len()).unwrap().to_le_bytes();
        [&length[..], b"\x07\0\0\0\x01\0\0\0\xdd\x07\0\0", b"\0\0\0\0\0", &document].concat()
    };
    let error = |state: &str| {
        let fields = format!("SFATAL\0C{state}\0Mgo away\0\0");
        let length = u32::try_from(4 + fields.len()).unwrap().to_be_bytes();
        [&b"E"[..], &length, fields.as_bytes()].concat()
    };
    let http = |status: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    };
    let chunked = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n\
        8\r\nall is w\r\n3\r\nell\r\n0\r\n\r\n"
        .to_vec();
    vec![
        ("tcp", Vec::new(), "", true),
        ("redis", b"+PONG\r\n".to_vec(), "", true),
        ("redis", b"-NOAUTH Authentication required.\r\n".to_vec(), "", true),
        ("redis", b"-LOADING Redis is loading\r\n".to_vec(), "", false),
        ("redis", b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "", false),
        ("redis", b"+".repeat(2000), "", false),
        ("postgresql", b"R\0\0\0\x08\0\0\0\x0a".to_vec(), "", true),
        ("postgresql", error("28000"), "", true),
        ("postgresql", error("3D000"), "", true),
        ("postgresql", error("57P03"), "", false),
        ("postgresql", error("53300"), "", false),
        ("postgresql", b"E\xff\xff\xff\xff".to_vec(), "", false),
        ("kafka", kafka(0), "", true),
        ("kafka", kafka(35), "", true),
        ("kafka", kafka(1), "", false),
        ("kafka", b"\0\0\0\x02te".to_vec(), "", false),
        ("mongodb", mongodb(1, &1_f64.to_le_bytes()), "", true),
        ("mongodb", mongodb(1, &0_f64.to_le_bytes()), "", false),
        // Proxies and servers that speak its protocol write other numbers.
        ("mongodb", mongodb(0x10, &1_i32.to_le_bytes()), "", true),
        ("mongodb", mongodb(0x10, &0_i32.to_le_bytes()), "", false),
        ("mongodb", mongodb(0x12, &1_i64.to_le_bytes()), "", true),
        ("mongodb", mongodb(0x12, &0_i64.to_le_bytes()), "", false),
        ("mongodb", mongodb(8, &[1]), "", true),
        ("mongodb", mongodb(8, &[0]), "", false),
        ("mongodb", mongodb(2, b"\x02\0\0\x001\0"), "", false),
        ("mongodb", b"\xff".repeat(16), "", false),
        ("http", http("200", "all is well"), "", true),
        ("http", http("302", ""), "", true),
        ("http", http("503", "all is well"), "", false),
        ("http", http("200", "all is well"), "body = \"is well\"", true),
        ("http", http("200", "all is lost"), "body = \"is well\"", false),
        ("http", chunked, "body = \"is well\"", true),
        ("http", b"\0".repeat(40), "", false),
        ("tls", b"220 mail\r\n".to_vec(), "", false),
    ]
}

#[test]
fn a_service_is_well_when_it_answers_as_its_kind_does() {
    let mut config = String::new();
    let mut expected = BTreeMap::new();
    let mut fakes = Vec::new();
    for (nth, (kind, answer, more, well)) in answers().into_iter().enumerate() {
        let fake = Fake::tcp(answer);
        let name = format!("{nth:02}-{kind}");
        write!(config, "{}", probe(&name, kind, &format!("{more}\n{}", fake.target()))).unwrap();
        expected.insert(name, if well { 1.0 } else { 0.0 });
        fakes.push(fake);
    }
    for (name, flags, answers, well) in
        [("dns-well", 0, 1, true), ("dns-none", 3, 0, false), ("dns-empty", 0, 0, false)]
    {
        let fake = Fake::dns(flags, answers);
        let more = format!("query = \"pi.lan\"\n{}", fake.target());
        config += &probe(name, "dns", &more);
        expected.insert(name.to_owned(), if well { 1.0 } else { 0.0 });
        fakes.push(fake);
    }
    let closed = fakes::closed();
    config += &probe("closed", "tcp", &format!("target = \"{closed}\""));
    expected.insert("closed".to_owned(), 0.0);

    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), &config);
    assert_eq!(successes(&running, expected.len()), expected);

    let page = running.get("/metrics");
    let durations = values(&page, "probe_duration_seconds");
    assert!(durations.keys().eq(expected.keys()) && durations.values().all(|took| *took >= 0.0));
    let statuses: Vec<f64> = values(&page, "probe_http_status_code").into_values().collect();
    assert_eq!(statuses, [200.0, 302.0, 503.0, 200.0, 200.0, 200.0]);
    assert_eq!(values(&page, "probe_dns_answer_rrs")["dns-well"], 1.0);
    let failures = values(&page, "terrarium_agent_probe_failures_total");
    assert!(expected.iter().all(|(name, well)| (failures[name] == 0.0) == (*well == 1.0)));

    let chosen = String::from_utf8(running.get("/metrics?collect[]=time")).unwrap_or_default();
    assert!(!chosen.contains("probe_success"), "{chosen}");
    let (code, log) = running.terminate();
    assert_eq!(code, Some(0));
    // Said once, however often it fails.
    assert_eq!(log.matches("probe closed at").count(), 1, "{log}");
    assert!(log.contains("expected a status below 400, got 503"), "{log}");
}

#[test]
fn a_service_that_hangs_costs_nobody_else_anything() {
    let mut config = String::new();
    let mut fakes = Vec::new();
    let kinds = ["http", "tls", "postgresql", "redis", "kafka", "mongodb"];
    for kind in kinds {
        let fake = Fake::hanging();
        config += &probe(kind, kind, &format!("timeout = \"300ms\"\n{}", fake.target()));
        fakes.push(fake);
    }
    let silent = Fake::silent_dns();
    let more = format!("timeout = \"300ms\"\nquery = \"a\"\n{}", silent.target());
    config += &probe("dns", "dns", &more);
    let slow = Fake::hanging();
    config += &probe("patient", "redis", &format!("interval2\n{}", slow.target()))
        .replace("interval = \"1s\"\ninterval2", "interval = \"5m\"\ntimeout = \"5m\"");
    let well = Fake::tcp(b"+PONG\r\n".to_vec());
    config += &probe("well", "redis", &well.target());

    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), &config);
    let page = until(&running, |page| {
        let failures = values(page, "terrarium_agent_probe_failures_total");
        kinds.iter().chain(&["dns"]).all(|kind| failures.get(*kind).is_some_and(|n| *n >= 2.0))
    });
    assert_eq!(values(&page, "probe_success")["well"], 1.0);
    assert_eq!(values(&page, "terrarium_agent_probe_failures_total")["well"], 0.0);
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    assert!(status.contains("\nThreads:\t2\n"), "{status}");
    let (code, log) = running.terminate();
    assert_eq!(code, Some(0));
    assert!(log.contains("no answer within 300ms"), "{log}");
}
