//! One scrape: every collector in turn, into one page.

use std::io::Write;
use std::time::Instant;

use bytes::Bytes;
use prometheus::Registry;

use crate::cgroup::{Index, Shared};
use crate::collector::{self, Collector};
use crate::encoder::{Encoder, Family, Format};
use crate::failure::Failure;
use crate::process::Process;
use crate::registered::{self, Registered};
use crate::selection::Selection;
use crate::settings::Settings;
use crate::value::Value;

const DURATION: Family = Family::gauge(
    "node_scrape_collector_duration_seconds",
    "Seconds the collector took for this page.",
);
const SUCCESS: Family =
    Family::gauge("node_scrape_collector_success", "1 if the collector gave everything it should.");

/// A page of a small host; the room is adapted to the pages there are.
const FIRST_PAGE: usize = 48 * 1024;

/// How a collector fared.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    collector: &'static str,
    nanoseconds: u64,
    success: bool,
    /// Took part in the last scrape.
    ran: bool,
}

/// Everything a scrape needs, kept from one to the next.
#[derive(Debug)]
pub struct Agent {
    collectors: Vec<(Box<dyn Collector>, Outcome)>,
    pods: Shared,
    process: Process,
    registered: Registered,
    /// What is found outside of scrapes.
    probes: Registry,
    scratch: Vec<u8>,
    out: Encoder,
    room: usize,
    /// Pages have what the agent says of itself.
    own_metrics: bool,
}

impl Agent {
    /// An agent for the host that `settings` name.
    ///
    /// # Errors
    /// Only when two registered metrics have the same name.
    pub fn new(settings: &Settings) -> Result<Self, prometheus::Error> {
        let pods = Index::shared(settings);
        let collectors = collector::enabled(settings, &pods).into_iter().map(|collector| {
            // Taken for successful, so that the first failure is reported.
            let name = collector.name();
            let outcome = Outcome { collector: name, nanoseconds: 0, success: true, ran: false };
            (collector, outcome)
        });
        Ok(Self {
            collectors: collectors.collect(),
            pods,
            process: Process::default(),
            registered: Registered::new()?,
            probes: Registry::new(),
            scratch: Vec::new(),
            out: Encoder::with_capacity(FIRST_PAGE),
            room: FIRST_PAGE,
            own_metrics: true,
        })
    }

    /// Leaves out what the agent says of itself.
    #[must_use]
    pub fn without_own_metrics(self) -> Self {
        Self { own_metrics: false, ..self }
    }

    /// What is counted over time.
    pub fn registered(&self) -> &Registered {
        &self.registered
    }

    /// This node's pods: kept current and read by their collector at each
    /// scrape, by whoever wants them if that is switched off.
    pub fn pods(&self) -> &Shared {
        &self.pods
    }

    /// Where what is found outside of scrapes is registered: it is on every
    /// page that is not of chosen collectors.
    pub fn probes(&self) -> &Registry {
        &self.probes
    }

    /// The names of the collectors that run.
    pub fn running(&self) -> Vec<&'static str> {
        self.collectors.iter().map(|(_, outcome)| outcome.collector).collect()
    }

    /// Collects and encodes the host's metrics: all of the page but what is
    /// registered. Once every device was seen, this allocates nothing.
    pub fn collect(&mut self, selection: &Selection, format: Format) -> &[u8] {
        self.out.begin(self.room, format);
        for (collector, outcome) in &mut self.collectors {
            outcome.ran = selection.has(outcome.collector);
            if !outcome.ran {
                continue;
            }
            let start = Instant::now();
            let result = collector.collect(&mut self.scratch, &mut self.out);
            outcome.nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if let Err(failure) = &result {
                self.registered.failure(outcome.collector);
                if outcome.success && !matches!(failure, Failure::Absent { .. } | Failure::Told) {
                    report(outcome.collector, failure);
                }
            }
            outcome.success = result.is_ok();
        }
        if self.own_metrics && self.process.encode(&mut self.scratch, &mut self.out).is_err() {
            self.registered.failure("process");
        }
        let outcomes = || self.collectors.iter().map(|(_, outcome)| outcome).filter(|o| o.ran);
        self.out.family(&DURATION);
        for Outcome { collector, nanoseconds, .. } in outcomes() {
            let labels = [("collector", collector.as_bytes())];
            self.out.sample(&DURATION, &labels, Value::scaled(*nanoseconds, 9));
        }
        self.out.family(&SUCCESS);
        for Outcome { collector, success, .. } in outcomes() {
            self.out.sample(&SUCCESS, &[("collector", collector.as_bytes())], *success);
        }
        self.out.page()
    }

    /// Whether a collector can read this host. The first time it is asked, all
    /// are tried.
    pub fn is_ready(&mut self) -> bool {
        if !self.collectors.iter().any(|(_, outcome)| outcome.nanoseconds > 0) {
            self.collect(&Selection::All, Format::Text);
        }
        self.collectors.iter().any(|(_, outcome)| outcome.success)
    }

    /// The page, whole.
    pub fn render(&mut self, selection: &Selection, format: Format) -> Bytes {
        self.collect(selection, format);
        if *selection == Selection::All {
            registered::encode(&self.probes, &mut self.out);
        }
        if self.own_metrics {
            self.registered.encode(&mut self.out);
        }
        let page = self.out.finish();
        // A little more than this page, so that the next one fits.
        self.room = self.room.max(page.len() + page.len() / 8);
        page
    }
}

/// One line when a collector begins to fail, not one a scrape: the journal is
/// on flash. With standard error gone there is nobody left to tell.
fn report(collector: &str, failure: &Failure) {
    let cause = std::error::Error::source(failure);
    let _ = match cause {
        Some(cause) => writeln!(std::io::stderr(), "collector {collector}: {failure}: {cause}"),
        None => writeln!(std::io::stderr(), "collector {collector}: {failure}"),
    };
}
