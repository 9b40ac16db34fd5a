//! Nodes that go away and come back while releases are waited for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use terrarium_k3s::nodes;
use terrarium_plan::State;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::executor::{Run, kubectl};
use crate::host::Host;
use crate::view::Reporter;

/// How often nodes are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// How long a node may take to open its SSH port.
const KNOCK: Duration = Duration::from_secs(5);
const KUBECTL_SECONDS: u64 = 30;

/// What is seen of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Seen {
    /// Why Kubernetes calls it not ready; empty when it is, `None` when that is not
    /// known.
    unready: Option<String>,
    /// Whether its SSH port opens; `None` where it never did, as behind a jump host.
    answers: Option<bool>,
}

/// What was seen of the nodes last.
#[derive(Debug, Default)]
pub(super) struct Nodes(BTreeMap<String, Seen>);

impl Nodes {
    /// Tells of every node that goes away or comes back, for as long as it is polled.
    pub(super) async fn watch(
        &mut self,
        run: &Run,
        server: &Host,
        reporter: &Reporter,
    ) -> Infallible {
        loop {
            self.look(run, server, reporter).await;
            sleep(EVERY).await;
        }
    }

    /// Looks once more where a node was away: what was waited for may be there before
    /// the next look is due, and the node's return is told all the same.
    pub(super) async fn last_look(&mut self, run: &Run, server: &Host, reporter: &Reporter) {
        if self.0.values().any(Seen::is_away) {
            self.look(run, server, reporter).await;
        }
    }

    async fn look(&mut self, run: &Run, server: &Host, reporter: &Reporter) {
        let now = look(run, server, &self.0).await;
        for (name, what) in told(&self.0, &now) {
            reporter.of(&name).say("node", State::Note(what));
        }
        self.0 = now;
    }
}

impl Seen {
    fn is_away(&self) -> bool {
        self.answers == Some(false) || self.unready.as_ref().is_some_and(|why| !why.is_empty())
    }
}

async fn look(run: &Run, server: &Host, before: &BTreeMap<String, Seen>) -> BTreeMap<String, Seen> {
    let args = ["get", "nodes", "-o", "json"].map(str::to_owned);
    let listed = kubectl(server, &args, KUBECTL_SECONDS).await;
    // An API that is away is told by who waits for it.
    let listed = listed.ok().and_then(|said| said.parse(|json| nodes::parse(json)).ok());
    let mut now = BTreeMap::new();
    for (name, host) in &run.hosts {
        let known = before.get(name).cloned().unwrap_or_default();
        let found = listed.iter().flatten().find(|node| node.name == *name);
        let unready = match found {
            Some(node) if node.ready => Some(String::new()),
            Some(node) => Some(node.reason.clone()),
            None => known.unready,
        };
        let answers = knock(host).await;
        let answers = if answers { Some(true) } else { known.answers.map(|_| false) };
        now.insert(name.clone(), Seen { unready, answers });
    }
    now
}

async fn knock(host: &Host) -> bool {
    let Some(address) = host.address() else { return false };
    let open = TcpStream::connect((address, host.node.ssh.port));
    matches!(timeout(KNOCK, open).await, Ok(Ok(_)))
}

/// What has changed, by node. A first look changes nothing but that a node is not well.
fn told(before: &BTreeMap<String, Seen>, now: &BTreeMap<String, Seen>) -> Vec<(String, String)> {
    let unknown = Seen::default();
    let mut told = Vec::new();
    for (name, seen) in now {
        let was = before.get(name).unwrap_or(&unknown);
        let mut say = |what: String| told.push((name.clone(), what));
        match (was.answers, seen.answers) {
            (Some(true), Some(false)) => {
                say("does not answer at its SSH port any more; what runs on it is waited for"
                    .to_owned());
            }
            (Some(false), Some(true)) => say("answers at its SSH port again".to_owned()),
            _ => {}
        }
        let is_ready = |seen: &Seen| seen.unready.as_ref().map(String::is_empty);
        match (is_ready(was), is_ready(seen)) {
            (None | Some(true), Some(false)) => {
                let why = seen.unready.as_deref().unwrap_or_default();
                say(format!("is not Ready in Kubernetes: {why}"));
            }
            (Some(false), Some(true)) => say("is Ready in Kubernetes again".to_owned()),
            _ => {}
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(unready: Option<&str>, answers: Option<bool>) -> BTreeMap<String, Seen> {
        let seen = Seen { unready: unready.map(str::to_owned), answers };
        [("pi-2".to_owned(), seen)].into()
    }

    #[test]
    fn a_node_that_goes_away_and_comes_back_is_told_once_each() {
        let well = all(Some(""), Some(true));
        let cut = all(Some(""), Some(false));
        let gone =
            all(Some("NodeStatusUnknown: Kubelet stopped posting node status."), Some(false));
        for (before, now, expected) in [
            (&BTreeMap::new(), &well, vec![]),
            (&well, &well, vec![]),
            (
                &well,
                &cut,
                vec!["does not answer at its SSH port any more; what runs on it is waited for"],
            ),
            (&cut, &cut, vec![]),
            (
                &cut,
                &gone,
                vec![
                    "is not Ready in Kubernetes: NodeStatusUnknown: Kubelet stopped posting node status.",
                ],
            ),
            (&gone, &gone, vec![]),
            (&gone, &well, vec!["answers at its SSH port again", "is Ready in Kubernetes again"]),
            (
                &BTreeMap::new(),
                &gone,
                vec![
                    "is not Ready in Kubernetes: NodeStatusUnknown: Kubelet stopped posting node status.",
                ],
            ),
            // Behind a jump host, and while the API is away, nothing is known.
            (&all(Some(""), None), &all(Some(""), None), vec![]),
            (&well, &all(None, Some(true)), vec![]),
        ] {
            let told = told(before, now);
            let told: Vec<&str> = told.iter().map(|(_, what)| what.as_str()).collect();
            assert_eq!(told, expected, "{before:?} {now:?}");
        }
    }
}
