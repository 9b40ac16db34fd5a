//! Asking the node agents, from the operator's machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const PORT: u16 = 9100;
const WITHIN: Duration = Duration::from_secs(3);

/// What is read of an agent's snapshot; it has more.
#[derive(Debug, Deserialize)]
struct Snapshot {
    taken_seconds: f64,
    probes: Vec<Probe>,
}

/// One probe as the snapshot tells it.
#[derive(Debug, Deserialize)]
struct Probe {
    service: String,
    success: bool,
    since_seconds: f64,
    failure: Option<String>,
}

/// A service that the agent beside it finds not well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Unwell {
    /// Its name.
    pub service: String,
    /// Why, in the agent's words.
    pub failure: String,
    /// For how long that has been so, in seconds.
    pub seconds: u64,
}

/// The services that are not well by the agent on this host; `None` when the
/// agent does not answer.
pub(crate) async fn unwell(host: &str) -> Option<Vec<Unwell>> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let asked = tokio::task::spawn_blocking(move || {
        let client = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .proxy(None)
            .build()
            .new_agent();
        let url = format!("http://{host}:{PORT}/api/v1/snapshot");
        client.get(url).call().ok()?.body_mut().read_to_string().ok()
    });
    read(&asked.await.ok()??)
}

fn read(snapshot: &str) -> Option<Vec<Unwell>> {
    let Snapshot { taken_seconds, probes } = serde_json::from_str(snapshot).ok()?;
    let failed = probes.into_iter().filter(|probe| !probe.success);
    let unwell = failed.map(|probe| Unwell {
        service: probe.service,
        failure: probe.failure.unwrap_or_else(|| "no word of why".to_owned()),
        seconds: Duration::try_from_secs_f64(taken_seconds - probe.since_seconds)
            .unwrap_or_default()
            .as_secs(),
    });
    Some(unwell.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_well_is_told_with_the_reason_and_since_when() {
        let probe = |service: &str, success: bool, since: f64, failure: &str| {
            serde_json::json!({"name": service, "kind": "tcp", "service": service, "success": success,
                "duration_seconds": 0.1, "since_seconds": since, "failure": failure})
        };
        let snapshot = serde_json::json!({
            "version": 1,
            "taken_seconds": 1000.5,
            "probes": [
                probe("postgresql", true, 5.0, ""),
                probe("redis", false, 958.0, "no answer within 5s"),
                probe("kafka", false, 2000.0, "refused"),
            ],
        });
        let unwell = |service: &str, failure: &str, seconds| Unwell {
            service: service.to_owned(),
            failure: failure.to_owned(),
            seconds,
        };
        // A clock that was set back makes a time of the future.
        let expected = [unwell("redis", "no answer within 5s", 42), unwell("kafka", "refused", 0)];
        assert_eq!(read(&snapshot.to_string()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_snapshot_is_no_answer() {
        assert_eq!(read("<html>"), None);
        assert_eq!(read("{}"), None);
    }
}
