//! What Prometheus is told, and whether the program is ready.

use std::sync::{Mutex, PoisonError};

use prometheus::{GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

/// Counters and gauges, and what readiness waits for.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests to GitHub by status; `error` where none came back.
    pub requests: IntCounterVec,
    /// Requests GitHub allows in a window.
    pub rate_limit: IntGauge,
    /// Of these, how many are left.
    pub rate_remaining: IntGauge,
    /// Records written, by topic.
    pub events: IntCounterVec,
    /// Failed tries, by what failed: `github`, `kafka` or `registry`.
    pub failures: IntCounterVec,
    /// How old the newest event of a page was when Kafka had it.
    pub lag: GaugeVec,
    /// When a listing was last read to its end.
    pub success: GaugeVec,
    /// Whether a repository can be read.
    pub up: IntGaugeVec,
    /// Why the program is not ready; `None` when it is.
    waiting: Mutex<Option<String>>,
}

fn name(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("terrarium_source")
}

impl Metrics {
    /// Everything at zero, and not ready.
    ///
    /// # Errors
    /// Never with the names used here.
    pub fn new() -> Result<Self, prometheus::Error> {
        let place = &["repository", "listing"];
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                name("requests_total", "Requests to GitHub by status, error for none."),
                &["status"],
            )?,
            rate_limit: IntGauge::with_opts(name("rate_limit", "Requests allowed in a window."))?,
            rate_remaining: IntGauge::with_opts(name(
                "rate_limit_remaining",
                "Requests left in this window.",
            ))?,
            events: IntCounterVec::new(name("events_total", "Records written."), &["topic"])?,
            failures: IntCounterVec::new(
                name("failures_total", "Failed tries by what failed."),
                &["at"],
            )?,
            lag: GaugeVec::new(
                name("lag_seconds", "Age of a page's newest event when it was written."),
                place,
            )?,
            success: GaugeVec::new(
                name("last_success_timestamp_seconds", "When a listing was last read to its end."),
                place,
            )?,
            up: IntGaugeVec::new(
                name("repository_up", "Whether the repository can be read."),
                &["repository"],
            )?,
            waiting: Mutex::new(Some("starting".to_owned())),
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let build = name("build_info", "The program's version.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        let build = IntGauge::with_opts(build)?;
        build.set(1);
        let registry = &self.registry;
        registry.register(Box::new(build))?;
        for counter in [&self.requests, &self.events, &self.failures] {
            registry.register(Box::new(counter.clone()))?;
        }
        for gauge in [&self.rate_limit, &self.rate_remaining] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for gauge in [&self.lag, &self.success] {
            registry.register(Box::new(gauge.clone()))?;
        }
        registry.register(Box::new(self.up.clone()))
    }

    /// The page in Prometheus' text format.
    ///
    /// # Errors
    /// Never with the families above.
    pub fn page(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Says what the program waits for, or with `None` that it is ready.
    pub fn wait_for(&self, what: Option<String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// What the program waits for; `None` when it is ready.
    pub fn waiting(&self) -> Option<String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_what_was_counted() {
        let metrics = Metrics::new().unwrap();
        metrics.requests.with_label_values(&["304"]).inc();
        metrics.rate_remaining.set(4999);
        metrics.lag.with_label_values(&["o/n", "issues"]).set(1.5);
        let page = metrics.page().unwrap();
        for line in [
            "terrarium_source_requests_total{status=\"304\"} 1",
            "terrarium_source_rate_limit_remaining 4999",
            "terrarium_source_lag_seconds{listing=\"issues\",repository=\"o/n\"} 1.5",
            concat!("terrarium_source_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn readiness_begins_with_a_reason() {
        let metrics = Metrics::new().unwrap();
        assert!(metrics.waiting().is_some());
        metrics.wait_for(None);
        assert_eq!(metrics.waiting(), None);
    }
}
