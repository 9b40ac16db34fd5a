//! What is told of the probes: on the page, and to a person.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry};

use super::{Failure, Findings};
use crate::config::Probe;

const LABELS: [&str; 3] = ["probe", "service", "kind"];

/// How a probe went last.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Label `service`.
    pub service: String,
    /// Label `kind`.
    pub kind: &'static str,
    /// Whether the service was well.
    pub success: bool,
    /// How long it took, in seconds.
    pub duration: f64,
    /// Since when it is as it is, in seconds since 1970.
    pub since: f64,
    /// Why it is not well.
    pub failure: Option<String>,
}

/// Every probe's last result.
#[derive(Debug)]
pub(super) struct Metrics {
    success: IntGaugeVec,
    duration: GaugeVec,
    status: IntGaugeVec,
    certificate: IntGaugeVec,
    lookup: GaugeVec,
    answers: IntGaugeVec,
    failures: IntCounterVec,
    states: BTreeMap<String, State>,
}

impl Metrics {
    /// Registers the families.
    ///
    /// # Errors
    /// Only when two metrics have the same name.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let whole = |name: &str, help: &str| {
            let family = IntGaugeVec::new(Opts::new(name, help), &LABELS)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let seconds = |name: &str, help: &str| {
            let family = GaugeVec::new(Opts::new(name, help), &LABELS)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let failures = IntCounterVec::new(
            Opts::new("terrarium_agent_probe_failures_total", "Probes that failed."),
            &LABELS,
        )?;
        registry.register(Box::new(failures.clone()))?;
        Ok(Self {
            success: whole("probe_success", "1 if the service was well when it was asked last.")?,
            duration: seconds("probe_duration_seconds", "How long the probe took.")?,
            status: whole("probe_http_status_code", "The HTTP status of the answer.")?,
            certificate: whole(
                "probe_ssl_earliest_cert_expiry",
                "When the first certificate of the chain ends, in seconds since 1970.",
            )?,
            lookup: seconds("probe_dns_lookup_time_seconds", "How long the name's lookup took.")?,
            answers: whole("probe_dns_answer_rrs", "Records in the answer.")?,
            failures,
            states: BTreeMap::new(),
        })
    }

    pub(super) fn states(&self) -> &BTreeMap<String, State> {
        &self.states
    }

    /// Notes how a probe went. Tells a failure that is new, to be logged.
    pub(super) fn note(
        &mut self,
        probe: &Probe,
        took: Duration,
        findings: Findings,
        result: Result<(), Failure>,
    ) -> Option<String> {
        let kind = probe.check.kind();
        let labels = [probe.name.as_str(), probe.service.as_str(), kind];
        let (success, duration) = (result.is_ok(), took.as_secs_f64());
        self.success.with_label_values(&labels).set(success.into());
        self.duration.with_label_values(&labels).set(duration);
        let show = |family: &IntGaugeVec, value: Option<i64>| match value {
            Some(value) => family.with_label_values(&labels).set(value),
            // What was true of an earlier answer is not of this one.
            None => drop(family.remove_label_values(&labels)),
        };
        show(&self.status, findings.status.map(i64::from));
        show(&self.certificate, findings.certificate_end);
        show(&self.answers, findings.addresses.map(i64::from));
        match findings.addresses {
            Some(_) => self.lookup.with_label_values(&labels).set(duration),
            None => drop(self.lookup.remove_label_values(&labels)),
        }
        let failures = self.failures.with_label_values(&labels);
        if !success {
            failures.inc();
        }
        let failure = result.err().map(|failure| failure.to_string());
        let before = self.states.get(&probe.name).filter(|before| before.success == success);
        let begins = before.is_none();
        let since = before.map_or_else(now, |before| before.since);
        let said = failure.clone().filter(|_| begins);
        let service = probe.service.clone();
        let state = State { service, kind, success, duration, since, failure };
        self.states.insert(probe.name.clone(), state);
        said
    }

    /// Forgets a probe that is no longer made, or whose service is not here.
    pub(super) fn forget(&mut self, probe: &Probe) {
        let labels = [probe.name.as_str(), probe.service.as_str(), probe.check.kind()];
        for family in [&self.success, &self.status, &self.certificate, &self.answers] {
            // It need not have been there.
            let _ = family.remove_label_values(&labels);
        }
        for family in [&self.duration, &self.lookup] {
            let _ = family.remove_label_values(&labels);
        }
        let _ = self.failures.remove_label_values(&labels);
        self.states.remove(&probe.name);
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
