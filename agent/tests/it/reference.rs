//! `docs/agent/metrics.md`: every metric, from the pages of the fixtures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use terrarium_agent::collector::TABLE;

use crate::golden;
use crate::manager::Manager;
use crate::probes::fakes::Fake;
use crate::probes::{probe, until};
use crate::running::{Running, agent, fixture};
use crate::web::{Folder, authority};

const INTRODUCTION: &str = "\
<!-- Generated; UPDATE=1 cargo test -p terrarium-agent --test it reference rewrites it. -->
# Metrics

Every metric the agent has, as the recorded files of a Pi 5 and of pods give
them, with all collectors switched on, probes and a web configuration. Names that
begin with `node_` are `node_exporter`'s, with `container_` cAdvisor's, with
`probe_` those of `blackbox_exporter`; `rpi_` and `terrarium_` are the agent's own.
Tables of the kernel's (`node_memory_`, `node_netstat_`, `node_sockstat_`,
`node_vmstat_`) have a series for each line that the kernel writes.
";

/// What is said of a metric.
struct Metric {
    kind: String,
    help: String,
    labels: Vec<String>,
}

/// The metrics of a page, by name.
fn read(page: &str, metrics: &mut BTreeMap<String, Metric>) {
    let (mut help, mut name) = ("", "");
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            (name, help) = rest.split_once(' ').unwrap();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let kind = rest.rsplit_once(' ').unwrap().1.to_owned();
            let metric = Metric { kind, help: help.to_owned(), labels: Vec::new() };
            metrics.entry(name.to_owned()).or_insert(metric);
        } else if let Some((_, labels)) = line.split_once('{') {
            let metric = metrics.get_mut(name).unwrap();
            for part in labels.split("=\"").collect::<Vec<_>>().split_last().unwrap().1 {
                let label = part.rsplit(['"', ',']).next().unwrap();
                if !metric.labels.iter().any(|known| known == label) {
                    metric.labels.push(label.to_owned());
                }
            }
        }
    }
}

/// The page of an agent that has probes and a web configuration.
fn probing() -> Vec<u8> {
    let web = Folder::new("http_server_config:\n  headers:\n    X-Frame-Options: deny\n");
    let secure = Folder::new("tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n");
    secure.certify(&authority(), "a");
    let secure = secure.start();
    let http = Fake::tcp(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let dns = Fake::dns(0, 1);
    let config = [
        probe("http", "http", &http.target()),
        probe("dns", "dns", &format!("query = \"pi.lan\"\n{}", dns.target())),
        probe("tls", "tls", &format!("target = \"{}\"", secure.address)),
    ];
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("agent.toml");
    std::fs::write(&file, config.concat()).unwrap();
    let mut command = agent();
    command.arg(web.flag()).arg("--config.file").arg(file).arg("--collector.disable-defaults");
    // Text files, one of which is left out.
    std::fs::write(root.path().join("a.prom"), "").unwrap();
    std::fs::write(root.path().join("b.prom"), "broken\n").unwrap();
    let textfiles = format!("--collector.textfile.directory={}", root.path().display());
    command.arg("--collector.textfile").arg(textfiles);
    let running = Running::start(&mut command);
    let found = ["probe_http_status_code{", "probe_dns_answer_rrs{", "probe_ssl_earliest_cert"];
    until(&running, |page| {
        let page = str::from_utf8(page).unwrap();
        found.iter().all(|name| page.contains(name))
    })
}

fn page() -> String {
    let root = tempfile::tempdir().unwrap();
    golden::rootfs(root.path());
    let mut metrics = BTreeMap::new();
    let manager = Manager::start(root.path());
    let on: Vec<String> = TABLE.iter().map(|spec| format!("--{}", spec.on)).collect();
    let pods = |tree: &str| format!("--path.{tree}={}", fixture("pods-v2").join(tree).display());
    for flags in [
        golden::flags(root.path()).to_vec(),
        vec![
            pods("sysfs").replace("/sysfs", "/sys"),
            pods("procfs").replace("/procfs", "/proc"),
            pods("rootfs").replace("/rootfs", "/root"),
        ],
    ] {
        let mut command = agent();
        command.args(flags).args(&on).env("DBUS_SYSTEM_BUS_ADDRESS", &manager.address);
        let running = Running::start(&mut command);
        // The second page counts the first.
        running.get("/metrics");
        read(str::from_utf8(&running.get("/metrics")).unwrap(), &mut metrics);
    }
    // No recorded file stands for the firmware: its pages are golden ones.
    for board in ["pi_4", "pi_5"] {
        let file = format!("terrarium_agent__collector__pi__tests__the_page_of_a_{board}.snap");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collector/pi/snapshots");
        let golden = std::fs::read_to_string(folder.join(file)).unwrap();
        read(golden.splitn(3, "---\n").last().unwrap(), &mut metrics);
    }
    read(str::from_utf8(&probing()).unwrap(), &mut metrics);
    let mut text = String::from(INTRODUCTION);
    let mut group = "";
    for (name, metric) in &metrics {
        let prefix = name.split('_').next().unwrap();
        if prefix != group {
            group = prefix;
            let _ = writeln!(
                text,
                "\n## {group}\n\n| metric | type | labels | what it is |\n|---|---|---|---|"
            );
        }
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let help = metric.help.replace('|', "\\|");
        let _ = writeln!(text, "| `{name}` | {} | {} | {help} |", metric.kind, labels.join(", "));
    }
    text
}

#[test]
fn the_committed_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agent/metrics.md");
    let fresh = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/agent/metrics.md is stale: UPDATE=1 cargo test -p terrarium-agent --test it reference"
    );
}
