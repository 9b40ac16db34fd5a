//! What is counted over time, and facts that hold for the process's life.
//!
//! Few series, changed by events: the registry's place. The host's metrics,
//! read anew at each scrape, do not pass through it.

use std::io::Write as _;

use prometheus::proto::MetricType;
use prometheus::{IntCounterVec, Opts, Registry};
use sysinfo::{Product, System};

use crate::encoder::{Encoder, Family, Kind};

const BUILD: Family =
    Family::gauge("terrarium_agent_build_info", "The agent's version and architecture.");
/// What dashboards that are made for `node_exporter` list their hosts by.
const EXPORTER: Family = Family::gauge(
    "node_exporter_build_info",
    "The version of what serves node_exporter's metrics: here, the agent's.",
);
const HOST: Family = Family::gauge("terrarium_agent_host_info", "Operating system and board.");

/// The registered metrics.
#[derive(Debug)]
pub struct Registered {
    registry: Registry,
    requests: IntCounterVec,
    failures: IntCounterVec,
    /// Facts do not change: a registry would copy them for every page.
    host: [String; 4],
}

impl Registered {
    /// Registers everything.
    ///
    /// # Errors
    /// Only when two metrics have the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("terrarium_agent_requests_total", "Requests answered."),
            &["path", "code"],
        )?;
        let failures = IntCounterVec::new(
            Opts::new("terrarium_agent_scrape_errors_total", "Collections that lacked something."),
            &["collector"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(failures.clone()))?;
        Ok(Self { registry, requests, failures, host: host_facts() })
    }

    /// Counts a request answered with `code`. `path` must be one of few.
    pub fn request(&self, path: &'static str, code: &'static str) {
        self.requests.with_label_values(&[path, code]).inc();
    }

    /// Counts a collection that lacked something.
    pub fn failure(&self, collector: &'static str) {
        self.failures.with_label_values(&[collector]).inc();
    }

    /// Where others register what they count over time.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Encodes the facts, and everything registered.
    pub fn encode(&self, out: &mut Encoder) {
        let (arch, version) = (std::env::consts::ARCH, env!("CARGO_PKG_VERSION"));
        out.family(&BUILD);
        let build = [("arch", arch.as_bytes()), ("version", version.as_bytes())];
        out.sample(&BUILD, &build, true);
        let [os, os_version, kernel, board] = self.host.each_ref().map(String::as_bytes);
        out.family(&HOST);
        let host = [("board", board), ("kernel", kernel), ("os", os), ("os_version", os_version)];
        out.sample(&HOST, &host, true);
        encode(&self.registry, out);
    }
}

/// Encodes what is on every page, as `node_exporter` has it.
pub fn exporter(out: &mut Encoder) {
    let arch = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    out.family(&EXPORTER);
    let labels = [
        ("goarch", arch.as_bytes()),
        ("goos", std::env::consts::OS.as_bytes()),
        ("version", env!("CARGO_PKG_VERSION").as_bytes()),
    ];
    out.sample(&EXPORTER, &labels, true);
}

/// Encodes a registry: counters and gauges, which is all there is.
pub fn encode(registry: &Registry, out: &mut Encoder) {
    for family in registry.gather() {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => Kind::Counter,
            _ => Kind::Gauge,
        };
        out.open(&[family.name().as_bytes()], kind, &[family.help().as_bytes()]);
        for metric in family.get_metric() {
            let labels = metric.get_label().iter();
            let labels: Vec<(&str, &[u8])> =
                labels.map(|label| (label.name(), label.value().as_bytes())).collect();
            let value = match kind {
                Kind::Counter => metric.get_counter().get_value(),
                _ => metric.get_gauge().get_value(),
            };
            out.series(family.name(), &labels);
            // A page in memory takes whatever is written.
            let _ = writeln!(out, " {value}");
        }
    }
}

/// Operating system, its version, kernel, board; empty where not known.
fn host_facts() -> [String; 4] {
    // A device tree ends its strings with a NUL.
    let board = Product::name().map(|name| name.trim_end_matches('\0').to_owned());
    [System::name(), System::os_version(), System::kernel_version(), board]
        .map(Result::unwrap_or_default)
}
