//! One scrape: every collector in turn, into one page.

use std::io::Write;
use std::time::Instant;

use bytes::Bytes;

use crate::collector::{self, Collector, Roots};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::process::Process;
use crate::registered::Registered;
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
}

/// Everything a scrape needs, kept from one to the next.
#[derive(Debug)]
pub struct Agent {
    collectors: Vec<(Box<dyn Collector>, Outcome)>,
    process: Process,
    registered: Registered,
    scratch: Vec<u8>,
    out: Encoder,
    room: usize,
}

impl Agent {
    /// An agent for the host whose trees are at `roots`.
    ///
    /// # Errors
    /// Only when two registered metrics have the same name.
    pub fn new(roots: &Roots) -> Result<Self, prometheus::Error> {
        let collectors = collector::all(roots).into_iter().map(|collector| {
            // Taken for successful, so that the first failure is reported.
            let outcome = Outcome { collector: collector.name(), nanoseconds: 0, success: true };
            (collector, outcome)
        });
        Ok(Self {
            collectors: collectors.collect(),
            process: Process::default(),
            registered: Registered::new()?,
            scratch: Vec::new(),
            out: Encoder::with_capacity(FIRST_PAGE),
            room: FIRST_PAGE,
        })
    }

    /// What is counted over time.
    pub fn registered(&self) -> &Registered {
        &self.registered
    }

    /// Collects and encodes the host's metrics: all of the page but what is
    /// registered. Once every device was seen, this allocates nothing.
    pub fn collect(&mut self) -> &[u8] {
        self.out.begin(self.room);
        for (collector, outcome) in &mut self.collectors {
            let start = Instant::now();
            let result = collector.collect(&mut self.scratch, &mut self.out);
            outcome.nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if let Err(failure) = &result {
                self.registered.failure(outcome.collector);
                if outcome.success {
                    report(outcome.collector, failure);
                }
            }
            outcome.success = result.is_ok();
        }
        if self.process.encode(&mut self.scratch, &mut self.out).is_err() {
            self.registered.failure("process");
        }
        let outcomes = || self.collectors.iter().map(|(_, outcome)| outcome);
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

    /// The page, whole.
    ///
    /// # Errors
    /// When something registered cannot be written as text.
    pub fn render(&mut self) -> Result<Bytes, prometheus::Error> {
        self.collect();
        self.registered.encode(&mut self.out)?;
        let page = self.out.finish();
        // A little more than this page, so that the next one fits.
        self.room = self.room.max(page.len() + page.len() / 8);
        Ok(page)
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
