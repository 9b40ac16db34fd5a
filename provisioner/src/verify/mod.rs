//! Proving the edges: a marked record goes in at the tail, is looked for at the
//! head until it is there or time is up, and is taken away again.

pub(crate) mod outcome;
mod pods;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrarium_helm::edge::{Check, Edge, Exec};
use terrarium_helm::release::NAMESPACE;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

pub(crate) use outcome::{Outcome, Verdict, metrics, table};

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

/// Tries every edge whose services are deployed, several side by side.
pub(crate) async fn prove(
    server: &Arc<Host>,
    edges: Vec<(Edge, Vec<String>)>,
    run_id: &str,
    patience: f64,
) -> Result<Vec<Outcome>, Failure> {
    let pods = Arc::new(Pods::new(pods::ready(server).await?, &edges));
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut outcomes = Vec::new();
    for (edge, missing) in edges {
        let check = match &edge.check {
            Some(check) if missing.is_empty() => check.clone(),
            _ => {
                outcomes.push(Outcome::new(&edge, Verdict::NotDeployed { missing }));
                continue;
            }
        };
        let (server, pods, slots) = (Arc::clone(server), Arc::clone(&pods), Arc::clone(&slots));
        let mark = format!("v{run_id}e{}", edge.number);
        tasks.spawn(async move {
            // Closed by nobody: waiting for a slot cannot fail.
            let _slot = slots.acquire().await.ok();
            let verdict = try_edge(&server, &pods, &check, &mark, patience).await;
            Outcome::new(&edge, verdict)
        });
    }
    while let Some(ended) = tasks.join_next().await {
        outcomes.push(ended.map_err(|error| Failure::internal("a check's task ended", &error))?);
    }
    outcomes.sort_by_key(|outcome| outcome.number);
    Ok(outcomes)
}

async fn try_edge(server: &Host, pods: &Pods, check: &Check, mark: &str, patience: f64) -> Verdict {
    let begun = Instant::now();
    let within = Duration::from_secs(u64::from(check.within)).mul_f64(patience);
    let seen = see(server, pods, check, mark, begun, within).await;
    let seconds = begun.elapsed().as_secs_f64();
    let mut left = None;
    for exec in &check.clean {
        if let Err(error) = pods.exec(server, exec, mark, COMMAND_MIN).await {
            left = Some(format!("the record `{mark}` stays in `{}`: {error}", exec.service));
        }
    }
    match seen {
        Ok(()) => Verdict::Proven { seconds, left },
        Err(reason) => Verdict::Failed { seconds, reason },
    }
}

async fn see(
    server: &Host,
    pods: &Pods,
    check: &Check,
    mark: &str,
    begun: Instant,
    within: Duration,
) -> Result<(), String> {
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
            Err(error) => error,
        };
        if begun.elapsed() > within {
            let seconds = within.as_secs();
            return Err(if stored {
                format!(
                    "the record put in at `{}` was not seen in `{}` within {seconds} s; last seen: \
                     {last}",
                    put.service, look.service
                )
            } else {
                format!("no record could be put in at `{}` for {seconds} s: {last}", put.service)
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The pods commands run in; looked up again when one is gone.
struct Pods {
    names: Mutex<BTreeMap<String, String>>,
    /// One command at a time in a pod: its memory is meant for its service, and
    /// some commands are Java programs.
    turns: BTreeMap<String, Mutex<()>>,
}

impl Pods {
    fn new(names: BTreeMap<String, String>, edges: &[(Edge, Vec<String>)]) -> Self {
        let services = edges.iter().filter_map(|(edge, _)| edge.check.as_ref());
        let services = services.flat_map(|check| &check.needs).map(ToString::to_string);
        let turns = services.map(|service| (service, Mutex::new(()))).collect();
        Self { names: Mutex::new(names), turns }
    }

    /// Runs a command in a service's pod and gives its standard output.
    async fn exec(
        &self,
        server: &Host,
        exec: &Exec,
        mark: &str,
        time: Duration,
    ) -> Result<String, String> {
        let service = exec.service.as_str();
        let _turn = match self.turns.get(service) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let pod = self.names.lock().await.get(service).cloned();
        let Some(pod) = pod else {
            self.renew(server).await;
            return Err(format!("`{service}` has no pod that is ready"));
        };
        let words = ["exec", "--namespace", NAMESPACE, &pod, "--container", service, "--"];
        let args: Vec<String> =
            words.into_iter().map(str::to_owned).chain(exec.marked(mark)).collect();
        // The command itself may be a whole program: it is named by its pod.
        let label = format!("the check's command in pod {pod}");
        let output = executor::ask(server, label, &args, time.as_secs()).await;
        let output = output.map_err(|failure| failure.line())?;
        if output.success() {
            return Ok(output.stdout.message());
        }
        self.renew(server).await;
        let said = [output.stderr.message(), output.stdout.message()];
        let said = said.iter().find_map(|text| last_line(text));
        let said = said.unwrap_or_else(|| "no word of why".to_owned());
        Err(format!("in pod {pod}: {said} (status {})", output.status))
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
