//! One scrape: every collector in turn, into one page.

use std::io::Write;
use std::mem::discriminant;
use std::path::PathBuf;

use bytes::Bytes;
use prometheus::Registry;

use crate::aside::Aside;
use crate::cgroup::{Index, Shared};
use crate::collector;
use crate::common::Files;
use crate::encoder::{Encoder, Family, Format};
use crate::failure::Failure;
use crate::process::Process;
use crate::registered::{self, Registered};
use crate::round::{Outcome, Rounds};
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

/// Everything a scrape needs, kept from one to the next.
#[derive(Debug)]
pub struct Agent {
    rounds: Rounds,
    aside: Aside,
    /// Whether procfs and sysfs are there, asked of whoever may not answer.
    trees: [PathBuf; 2],
    pods: Shared,
    files: Files,
    process: Process,
    registered: Registered,
    /// What is found outside of scrapes.
    probes: Registry,
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
        let files = Files::new(settings);
        let pods = Index::shared(settings, &files);
        let collectors = collector::enabled(settings, &pods, &files);
        Ok(Self {
            rounds: Rounds::new(collectors, files.pages.clone(), FIRST_PAGE),
            files,
            aside: Aside::default(),
            trees: [settings.procfs.clone(), settings.sysfs.clone()],
            pods,
            process: Process::default(),
            registered: Registered::new()?,
            probes: Registry::new(),
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

    /// The files that pages and the history are made of.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Where what is found outside of scrapes is registered: it is on every
    /// page that is not of chosen collectors.
    pub fn probes(&self) -> &Registry {
        &self.probes
    }

    /// Reads the host on a thread of its own from now on: what does not answer
    /// there costs a page only its own part.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.rounds.beside(self.aside.clone());
        self
    }

    /// The thread that reads the host, for whoever else does.
    pub fn aside(&self) -> &Aside {
        &self.aside
    }

    /// The names of the collectors that run.
    pub fn running(&self) -> Vec<&'static str> {
        self.rounds.outcomes(|outcome| outcome.collector)
    }

    /// Collects and encodes the host's metrics: all of the page but what is
    /// registered. Once every device was seen, this allocates nothing.
    pub fn collect(&mut self, selection: &Selection, format: Format) {
        self.page(selection, format, |_, _| ());
    }

    fn page<T>(
        &mut self,
        selection: &Selection,
        format: Format,
        then: impl FnOnce(&Registered, &mut Encoder) -> T,
    ) -> T {
        let Self { rounds, process, registered, own_metrics, room, .. } = self;
        rounds.run(selection, format, *room, |places, out, scratch| {
            let outcomes = || places.iter().map(|place| &place.outcome).filter(|o| o.ran);
            for Outcome { collector, failure, before, .. } in outcomes() {
                let Some(failure) = failure else { continue };
                registered.failure(collector);
                let quiet = matches!(failure, Failure::Absent { .. } | Failure::Told);
                if *before != Some(discriminant(failure)) && !quiet {
                    report(collector, failure);
                }
            }
            if *own_metrics && process.encode(scratch, out).is_err() {
                registered.failure("process");
            }
            registered::exporter(out);
            out.family(&DURATION);
            for Outcome { collector, nanoseconds, .. } in outcomes() {
                let labels = [("collector", collector.as_bytes())];
                out.sample(&DURATION, &labels, Value::scaled(*nanoseconds, 9));
            }
            out.family(&SUCCESS);
            for Outcome { collector, failure, .. } in outcomes() {
                out.sample(&SUCCESS, &[("collector", collector.as_bytes())], failure.is_none());
            }
            then(registered, out)
        })
    }

    /// Whether this host can be read: procfs and sysfs are there, and a collector
    /// found what it looks for. The first time it is asked, all are tried.
    pub fn is_ready(&mut self) -> bool {
        let there =
            |tree: &PathBuf| std::fs::read_dir(tree).is_ok_and(|mut in_it| in_it.next().is_some());
        let trees = self.trees.clone();
        if self.aside.get(move || trees.iter().all(there).then_some(())).is_none() {
            return false;
        }
        if self.rounds.outcomes(|outcome| outcome.nanoseconds).iter().all(|taken| *taken == 0) {
            self.collect(&Selection::All, Format::Text);
        }
        self.rounds
            .outcomes(|outcome| outcome.nanoseconds > 0 && outcome.failure.is_none())
            .contains(&true)
    }

    /// The page, whole.
    pub fn render(&mut self, selection: &Selection, format: Format) -> Bytes {
        let probes = self.probes.clone();
        let own_metrics = self.own_metrics;
        let page = self.page(selection, format, |registered, out| {
            if *selection == Selection::All {
                registered::encode(&probes, out);
            }
            if own_metrics {
                registered.encode(out);
            }
            out.finish()
        });
        // A little more than this page, so that the next one fits.
        self.room = self.room.max(page.len() + page.len() / 8);
        page
    }
}

/// One line when a collector begins to fail, or fails for another reason, not one a
/// scrape: the journal is on flash. With standard error gone there is nobody left to tell.
fn report(collector: &str, failure: &Failure) {
    let cause = std::error::Error::source(failure);
    let _ = match cause {
        Some(cause) => writeln!(std::io::stderr(), "collector {collector}: {failure}: {cause}"),
        None => writeln!(std::io::stderr(), "collector {collector}: {failure}"),
    };
}
