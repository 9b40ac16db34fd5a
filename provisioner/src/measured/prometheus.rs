//! Asking the stack's own Prometheus for its history. Policies let only its own
//! node in from outside, so it is asked from there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use terrarium_helm::release::NAMESPACE;
use terrarium_plan::State;
use terrarium_untrusted::FromNode;

use super::cluster::{Cluster, Pod};
use super::history::{History, STEP, What};
use super::http::{self, Server};
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::view::Reporter;

/// Its service, and the port of its pod.
const SERVICE: &str = "prometheus";
const PORT: u16 = 9090;
/// Seconds of one question: as many samples as Prometheus gives at once are
/// seven times that, and a Pi answers this in a second or two.
const CHUNK: u64 = 24 * 3600;
const QUESTION_WITHIN: Duration = Duration::from_secs(30);
/// For all questions together.
const WITHIN: Duration = Duration::from_mins(3);

/// Its pod, where the stack has one that runs.
pub(crate) fn pod(cluster: &Cluster) -> Option<&Pod> {
    cluster.pods.iter().find(|pod| {
        pod.namespace == NAMESPACE && pod.service == SERVICE && pod.address.is_some() && !pod.once
    })
}

/// Asks for the history before `now`, in seconds since 1970, newest first. What
/// came before a failure is given with it.
pub(crate) async fn ask(
    pod: &Pod,
    hosts: &[Arc<Host>],
    now: u64,
    history: Duration,
    reporter: &Reporter,
) -> (History, Option<Failure>) {
    ask_at(PORT, pod, hosts, now, history, reporter).await
}

async fn ask_at(
    port: u16,
    pod: &Pod,
    hosts: &[Arc<Host>],
    now: u64,
    history: Duration,
    reporter: &Reporter,
) -> (History, Option<Failure>) {
    let mut found = History::default();
    let node = pod.node.as_deref().unwrap_or_default();
    let Some(host) = hosts.iter().find(|host| host.node.name == node) else {
        let what = format!("Prometheus runs on `{node}`, which is not in the inventory");
        return (found, Some(Failure::plain(Code::Change, what)));
    };
    let reporter = reporter.of(node);
    reporter.say("history", State::Started("ask Prometheus".to_owned()));
    let begun = Instant::now();
    for (from, to) in chunks(now, history.as_secs()) {
        for what in What::ALL {
            let reply = if begun.elapsed() > WITHIN {
                let what = format!("Prometheus did not answer everything within {WITHIN:?}");
                Err(Failure::plain(Code::Connection, what))
            } else {
                question(host, (pod, port), what, (from, to)).await
            };
            let taken = reply.and_then(|reply| {
                reply.parse(|reply| found.take(what, reply)).map_err(|error| {
                    Failure::new(Code::Change, "the reply of Prometheus cannot be read", &error)
                })
            });
            if let Err(failure) = taken {
                found.sort();
                return (found, Some(failure));
            }
        }
    }
    found.sort();
    let containers = crate::report::terminal::count(found.containers.len(), "container");
    reporter.say("history", State::Unchanged(format!("of {containers}")));
    (found, None)
}

async fn question(
    host: &Host,
    (pod, port): (&Pod, u16),
    what: What,
    (from, to): (u64, u64),
) -> Result<FromNode<Vec<u8>>, Failure> {
    let query = utf8_percent_encode(what.query(), NON_ALPHANUMERIC);
    let path = format!("/api/v1/query_range?query={query}&start={from}&end={to}&step={STEP}");
    let server = Server {
        login: None,
        name: "Prometheus",
        address: &pod.address.map(|address| address.to_string()).unwrap_or_default(),
        port,
        absent: "is its pod ready? `kubectl --namespace terrarium get pods`",
    };
    Box::pin(http::get(host, server, &path, QUESTION_WITHIN)).await
}

/// Times on whole steps, newest first, that touch nowhere.
fn chunks(now: u64, history: u64) -> Vec<(u64, u64)> {
    let end = now / STEP * STEP;
    let begin = end.saturating_sub(history / STEP * STEP);
    let mut chunks = Vec::new();
    let mut to = end;
    while to > begin {
        let from = begin.max(to.saturating_sub(CHUNK - STEP));
        chunks.push((from, to));
        to = from.saturating_sub(STEP);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::gather::tests::{answering, host, http, sshd};

    const NOW: u64 = 1_800_000_017;

    /// What comes of asking a server for so many days.
    async fn asked(port: u16, days: u32) -> (History, Option<Failure>) {
        let (dir, ssh) = sshd();
        let hosts = [Arc::new(host(dir.path(), ssh))];
        let pod = Pod {
            node: Some("pi-1".to_owned()),
            address: Some(std::net::Ipv4Addr::LOCALHOST.into()),
            ..Pod::default()
        };
        let (reporter, done) = crate::view::open(false, &[]);
        let history = days * Duration::from_hours(24);
        let found = ask_at(port, &pod, &hosts, NOW, history, &reporter).await;
        drop(reporter);
        done.await.unwrap();
        found
    }

    fn matrix(at: u64) -> String {
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":
            {{"namespace":"terrarium","pod":"redis-0","container":"redis"}},
            "values":[[{at},"12"]]}}]}}}}"#
        )
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_day_is_asked_for_and_brought_together() {
        let replies = (0..6).map(|n| http("200 OK", &matrix(NOW - n * 60))).collect();
        let (port, requests) = answering(replies);
        let (history, failure) = asked(port, 2).await;
        assert!(failure.is_none(), "{failure:?}");
        let past = history.containers.values().next().unwrap();
        // Memory, CPU and kills of one day, then of the other.
        assert_eq!((past.series.memory.len(), past.series.cpu.len()), (2, 2));
        assert_eq!(past.oom.unwrap().kills, 2);
        let requests: Vec<String> = requests.try_iter().collect();
        assert_eq!(requests.len(), 6);
        let first = &requests[0];
        assert!(first.starts_with("GET /api/v1/query_range?query=max%20by%20"), "{first}");
        assert!(first.contains("&end=1800000000&step=60 HTTP/1.1"), "{first}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_came_before_a_failure_is_kept() {
        let replies = vec![http("200 OK", &matrix(NOW)), http("503 Service Unavailable", "busy")];
        let (history, failure) = asked(answering(replies).0, 14).await;
        assert_eq!(history.containers.len(), 1);
        let line = failure.unwrap().line();
        assert!(line.contains("Prometheus (127.0.0.1:"), "{line}");
        assert!(line.contains("answers 503 Service Unavailable: busy"), "{line}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_prometheus_on_a_node_nobody_knows_is_told() {
        let pod = Pod { node: Some("pi-7".to_owned()), ..Pod::default() };
        let (reporter, _done) = crate::view::open(false, &[]);
        let (_, failure) = ask(&pod, &[], NOW, Duration::from_hours(1), &reporter).await;
        assert!(failure.unwrap().line().contains("`pi-7`, which is not in the inventory"));
    }

    #[test]
    fn every_minute_is_asked_for_once() {
        for history in [60, 3600, CHUNK, CHUNK + 60, 14 * CHUNK, 14 * CHUNK + 7] {
            let mut minutes: Vec<u64> = chunks(NOW, history)
                .into_iter()
                .inspect(|(from, to)| assert!(to - from < CHUNK && from <= to, "{history}"))
                .flat_map(|(from, to)| (from..=to).step_by(60))
                .collect();
            let count = minutes.len();
            minutes.sort_unstable();
            minutes.dedup();
            assert_eq!(minutes.len(), count, "{history}");
            let last = minutes.last().unwrap();
            assert!(*last <= NOW && NOW - last < 60);
            assert!(last - minutes[0] <= history && history - (last - minutes[0]) <= 2 * 60);
        }
    }
}
