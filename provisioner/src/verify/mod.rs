//! Proving stores and edges: a marked record goes in at the tail, is looked for at the
//! head until it is there or time is up, and is taken away again. Of a store, both are
//! in its own pod.

pub(crate) mod outcome;
mod pods;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrarium_helm::card::{Proof, ServiceId};
use terrarium_helm::edge::{Check, Edge, Exec};
use terrarium_helm::release::NAMESPACE;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

pub(crate) use outcome::{Outcome, StoreOutcome, Verdict, metrics, stores, table};
use pods::Pod;

use crate::error::Failure;
use crate::executor;
use crate::host::Host;

/// How many edges are tried at once: each look starts a kubectl on the server,
/// and some a Java program in a pod. A small board does not do more.
const AT_ONCE: usize = 3;
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The least a command gets, however late it is started.
const COMMAND_MIN: Duration = Duration::from_secs(10);

/// What is tried: stores by themselves, and edges with the services they lack.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    pub stores: Vec<(ServiceId, Proof)>,
    pub edges: Vec<(Edge, Vec<String>)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    pub stores: Vec<StoreOutcome>,
    pub edges: Vec<Outcome>,
}

/// One of either.
enum One {
    Store(StoreOutcome),
    Edge(Outcome),
}

/// Tries every store, and every edge whose services are deployed, several side by side.
pub(crate) async fn prove(
    server: &Arc<Host>,
    tried: Tried,
    run_id: &str,
    patience: f64,
) -> Result<Outcomes, Failure> {
    let pods = Arc::new(Pods::new(pods::ready(server).await?, &tried));
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut outcomes = Outcomes::default();
    let mut spawn = |check: Check, mark: String, one: Box<dyn FnOnce(Verdict) -> One + Send>| {
        let (server, pods, slots) = (Arc::clone(server), Arc::clone(&pods), Arc::clone(&slots));
        tasks.spawn(async move {
            // Closed by nobody: waiting for a slot cannot fail.
            let _slot = slots.acquire().await.ok();
            one(try_one(&server, &pods, &check, &mark, patience).await)
        });
    };
    for (number, (service, proof)) in tried.stores.into_iter().enumerate() {
        let check = proof.check(&service);
        let one = move |verdict| One::Store(StoreOutcome { service: service.to_string(), verdict });
        spawn(check, format!("v{run_id}s{number}"), Box::new(one));
    }
    for (edge, missing) in tried.edges {
        match &edge.check {
            Some(check) if missing.is_empty() => {
                let (check, mark) = (check.clone(), format!("v{run_id}e{}", edge.number));
                spawn(
                    check,
                    mark,
                    Box::new(move |verdict| One::Edge(Outcome::new(&edge, verdict))),
                );
            }
            _ => outcomes.edges.push(Outcome::new(&edge, Verdict::NotDeployed { missing })),
        }
    }
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(|error| Failure::internal("a check's task ended", &error))? {
            One::Store(outcome) => outcomes.stores.push(outcome),
            One::Edge(outcome) => outcomes.edges.push(outcome),
        }
    }
    outcomes.stores.sort_by(|one, other| one.service.cmp(&other.service));
    outcomes.edges.sort_by_key(|outcome| outcome.number);
    Ok(outcomes)
}

async fn try_one(server: &Host, pods: &Pods, check: &Check, mark: &str, patience: f64) -> Verdict {
    let begun = Instant::now();
    let within = Duration::from_secs(u64::from(check.within)).mul_f64(patience);
    let seen = see(server, pods, check, mark, begun, within).await;
    let seconds = begun.elapsed().as_secs_f64();
    if let Err(Unseen::Cannot(reason)) = seen {
        return Verdict::NotTried { reason };
    }
    let mut left = None;
    for exec in &check.clean {
        if let Err(error) = pods.exec(server, exec, mark, COMMAND_MIN).await {
            let what = error.what;
            left = Some(format!("the record `{mark}` stays in `{}`: {what}", exec.service));
        }
    }
    match seen {
        Ok(()) => Verdict::Proven { seconds, left },
        Err(Unseen::Failed(reason) | Unseen::Cannot(reason)) => Verdict::Failed { seconds, reason },
    }
}

/// Why a record was not seen.
enum Unseen {
    Failed(String),
    /// The pod has nothing to try it with.
    Cannot(String),
}

async fn see(
    server: &Host,
    pods: &Pods,
    check: &Check,
    mark: &str,
    begun: Instant,
    within: Duration,
) -> Result<(), Unseen> {
    let (put, look) = (&check.put, &check.look);
    let mut pause = PAUSE_MIN;
    let mut stored = false;
    loop {
        let time = within.saturating_sub(begun.elapsed()).max(COMMAND_MIN);
        let now = if stored { look } else { put };
        let last = match pods.exec(server, now, mark, time).await {
            Ok(_) if !stored => {
                stored = true;
                pause = PAUSE_MIN;
                continue;
            }
            Ok(output) if output.contains(mark) => return Ok(()),
            Ok(output) => last_line(&output).unwrap_or_else(|| "no output".to_owned()),
            Err(error) if error.cannot && !stored => return Err(Unseen::Cannot(error.what)),
            Err(error) => error.what,
        };
        if begun.elapsed() > within {
            let seconds = within.as_secs();
            return Err(Unseen::Failed(if stored {
                format!(
                    "the record put in at `{}` was not seen in `{}` within {seconds} s; last seen: \
                     {last}",
                    put.service, look.service
                )
            } else {
                format!("no record could be put in at `{}` for {seconds} s: {last}", put.service)
            }));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// A command that did not succeed.
struct Trouble {
    what: String,
    /// There is nothing to try it with.
    cannot: bool,
}

impl Trouble {
    fn new(what: String) -> Self {
        Self { what, cannot: false }
    }
}

/// The pods commands run in; looked up again when one is gone.
struct Pods {
    names: Mutex<BTreeMap<String, Pod>>,
    /// One command at a time in a pod: its memory is meant for its service, and
    /// some commands are Java programs.
    turns: BTreeMap<String, Mutex<()>>,
}

impl Pods {
    fn new(names: BTreeMap<String, Pod>, tried: &Tried) -> Self {
        let checks = tried.edges.iter().filter_map(|(edge, _)| edge.check.as_ref());
        let services = checks.flat_map(|check| &check.needs);
        let services = services.chain(tried.stores.iter().map(|(service, _)| service));
        let turns =
            services.map(ToString::to_string).map(|service| (service, Mutex::new(()))).collect();
        Self { names: Mutex::new(names), turns }
    }

    /// Runs a command in a service's pod and gives its standard output.
    async fn exec(
        &self,
        server: &Host,
        exec: &Exec,
        mark: &str,
        time: Duration,
    ) -> Result<String, Trouble> {
        let service = exec.service.as_str();
        let _turn = match self.turns.get(service) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let pod = self.names.lock().await.get(service).cloned();
        let Some(pod) = pod else {
            self.renew(server).await;
            return Err(Trouble::new(format!("`{service}` has no pod that is ready")));
        };
        let Pod { name: pod, containers } = pod;
        // FerretDB's pod is that of MongoDB, and has other containers.
        if !containers.iter().any(|container| container == service) {
            let what = format!("pod {pod} has no container `{service}`");
            return Err(Trouble { what, cannot: true });
        }
        let words = ["exec", "--namespace", NAMESPACE, &pod, "--container", service, "--"];
        let args: Vec<String> =
            words.into_iter().map(str::to_owned).chain(exec.marked(mark)).collect();
        // The command itself may be a whole program: it is named by its pod.
        let label = format!("the check's command in pod {pod}");
        let output = executor::ask(server, label, &args, time.as_secs()).await;
        let output = output.map_err(|failure| Trouble::new(failure.line()))?;
        if output.success() {
            return Ok(output.stdout.message());
        }
        self.renew(server).await;
        let said = [output.stderr.message(), output.stdout.message()];
        let said = said.iter().find_map(|text| last_line(text));
        let said = said.unwrap_or_else(|| "no word of why".to_owned());
        let what = format!("in pod {pod}: {said} (status {})", output.status);
        Err(Trouble { what, cannot: output.status == Proof::CANNOT })
    }

    async fn renew(&self, server: &Host) {
        // Without an answer the old list stays; the next attempt asks again.
        if let Ok(found) = pods::ready(server).await {
            *self.names.lock().await = found;
        }
    }
}

/// The last line that says something; kubectl's own about the exit code does not.
fn last_line(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut telling = lines.filter(|line| !line.starts_with("command terminated with exit code"));
    telling.next_back().map(|line| line.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_is_found() {
        for (text, expected) in [
            ("", None),
            ("a\nb\n\n", Some("b")),
            ("ERROR: no table\ncommand terminated with exit code 1\n", Some("ERROR: no table")),
            ("command terminated with exit code 1\n", None),
        ] {
            assert_eq!(last_line(text).as_deref(), expected, "{text}");
        }
    }
}
