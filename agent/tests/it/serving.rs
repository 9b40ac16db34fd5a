//! The HTTP side of the real program, over the real /proc and /sys.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use terrarium_agent::collector::TABLE;

use crate::exposition;
use crate::lint::findings;
use crate::running::{Connection, Running, agent};

/// What not every machine has, nor every kernel tells.
const NOT_EVERYWHERE: [&str; 14] = [
    "bonding",
    "conntrack",
    "cpufreq",
    "dmi",
    "hwmon",
    "kernel_hung",
    "mdadm",
    "nvme",
    "powersupplyclass",
    "pressure",
    "rpi",
    "schedstat",
    "thermal_zone",
    "watchdog",
];

/// What holds for every page: well formed, and complete to its last family.
fn check(page: &[u8]) -> exposition::Page {
    let families = exposition::read_unique(page).unwrap();
    let outcomes = &families["node_scrape_collector_success"].samples;
    let by_default = TABLE.iter().filter(|spec| spec.by_default).count();
    assert_eq!(outcomes.len(), by_default);
    for outcome in outcomes {
        let collector = outcome.labels["collector"].as_str();
        if !NOT_EVERYWHERE.contains(&collector) {
            assert_eq!(outcome.value, "1", "{collector}");
        }
    }
    assert_eq!(families["terrarium_agent_build_info"].samples.len(), 1);
    families
}

#[test]
fn a_thousand_pages_are_all_complete() {
    let running = Running::start(&mut agent());
    let mut connection = running.connect();
    for scrape in 0..1000 {
        let answer = connection.get("/metrics");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let page = check(&answer.body);
        // The page is written before its own request is counted.
        let served = page.get("terrarium_agent_requests_total");
        let served = served.map_or("0", |family| family.samples[0].value.as_str());
        assert_eq!(served, scrape.to_string());
    }
}

#[test]
fn scrapers_side_by_side_get_whole_pages() {
    let running = Running::start(&mut agent());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    check(&running.get("/metrics"));
                }
            });
        }
    });
}

/// Tables of the kernel's, whose names `node_exporter` takes over as they are.
const NAMED_BY_THE_KERNEL: [&str; 3] = ["node_memory_", "node_netstat_", "node_sockstat_"];

#[test]
fn promtool_finds_nothing_that_it_does_not_find_in_node_exporter() {
    let mut exporter = Command::new("prometheus-node-exporter");
    let theirs = findings(&Running::start(&mut exporter).get("/metrics"));
    for finding in findings(&Running::start(&mut agent()).get("/metrics")) {
        let kernels = NAMED_BY_THE_KERNEL.iter().any(|start| finding.starts_with(start));
        let style = finding.contains("camelCase");
        assert!(kernels && style || theirs.contains(&finding), "{finding}");
    }
}

#[test]
fn there_is_health_and_nothing_elsewhere() {
    let running = Running::start(&mut agent());
    let mut connection = running.connect();
    let answer = connection.get("/healthz");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok\n"[..]));
    assert_eq!(connection.get("/readyz").status, 200);
    let root = connection.get("/");
    assert_eq!(root.status, 200);
    assert!(str::from_utf8(&root.body).unwrap().contains("href=\"/metrics\""));
    assert_eq!(connection.get("/metrics/").status, 404);
    let post = "POST /metrics HTTP/1.1\r\nhost: agent\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(connection.send(post).status, 405);

    let page = check(&connection.get("/metrics").body);
    let counted: Vec<(&str, &str, &str)> = page["terrarium_agent_requests_total"]
        .samples
        .iter()
        .map(|sample| (&*sample.labels["path"], &*sample.labels["code"], &*sample.value))
        .collect();
    assert_eq!(
        counted,
        [
            ("/", "200", "1"),
            ("/healthz", "200", "1"),
            ("/readyz", "200", "1"),
            ("other", "404", "1")
        ]
    );
}

#[test]
fn told_to_stop_it_stops_with_0() {
    let running = Running::start(&mut agent());
    // Neither an idle connection nor half a request holds it up.
    let mut idle = running.connect();
    idle.get("/healthz");
    let half = running.connect();
    let (code, _) = running.terminate();
    assert_eq!(code, Some(0));
    drop((idle, half));
}

#[test]
fn every_address_given_is_listened_on() {
    let other = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    let running = Running::start(agent().arg(format!("--web.listen-address={other}")));
    assert_eq!(running.get("/healthz"), b"ok\n");
    let stream = TcpStream::connect(other).unwrap();
    assert_eq!(Connection::over(stream).get("/healthz").body, b"ok\n");
    assert_eq!(running.terminate().0, Some(0));
    assert!(TcpStream::connect(other).is_err());
}

#[test]
fn a_port_in_use_is_said_to_be() {
    let running = Running::start(&mut agent());
    let flag = format!("--web.listen-address={}", running.address);
    let second = agent().arg(flag).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.starts_with(&format!("error: cannot listen on {}", running.address)), "{said}");
    assert!(said.contains("because: "), "{said}");
}

#[test]
fn a_wrong_flag_is_a_usage_error() {
    let wrong = agent().arg("--web.listen-address=nonsense").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("no port in \"nonsense\""));
}
