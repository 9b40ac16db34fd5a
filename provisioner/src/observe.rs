//! Observing: one connection and one probe a node, all nodes at once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use terrarium_helm::{drift, state};
use terrarium_inventory::Inventory;
use terrarium_plan::{Facts, State, UNANSWERED, cloud_init_is_done, probe};
use terrarium_ssh::{Command, Greeting};
use tokio::task::JoinSet;

use crate::clock;
use crate::error::{Code, Failure};
use crate::executor::{self, lock};
use crate::host::Host;
use crate::view::Reporter;

const DEADLINE: Duration = Duration::from_secs(90);
/// A banner is for people at a terminal; as much of it as fits a few lines.
const BANNER_CHARS_MAX: usize = 400;

/// What was found, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    pub facts: BTreeMap<String, Facts>,
    pub failures: Vec<(String, Failure)>,
}

/// Probes every node, asking for `image`, the one of our own services, when one
/// of them is wanted; with an operator named, takes each node's lock first, so
/// that nobody changes what is about to be looked at.
pub(crate) async fn all(
    inventory: &Arc<Inventory>,
    hosts: &[Arc<Host>],
    image: Option<&str>,
    operator: Option<&str>,
    reporter: &Reporter,
) -> Observation {
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    for host in hosts {
        let (host, inventory) = (Arc::clone(host), Arc::clone(inventory));
        let reporter = reporter.of(&host.node.name);
        let (image, operator) = (image.map(str::to_owned), operator.map(str::to_owned));
        let name = host.node.name.clone();
        let task = tasks.spawn(async move {
            let (image, operator) = (image.as_deref(), operator.as_deref());
            one(&inventory, &host, image, operator, &reporter).await
        });
        names.insert(task.id(), name);
    }
    let mut observation = Observation::default();
    while let Some(done) = tasks.join_next_with_id().await {
        let name = |id| names.get(&id).cloned().unwrap_or_default();
        match done {
            Ok((id, Ok(facts))) => {
                observation.facts.insert(name(id), facts);
            }
            Ok((id, Err(failure))) => observation.failures.push((name(id), failure)),
            Err(error) => {
                let name = name(error.id());
                let what = format!("node `{name}`: its probe ended before its work");
                observation.failures.push((name, Failure::internal(&what, &error)));
            }
        }
    }
    observation.failures.sort_by(|a, b| a.0.cmp(&b.0));
    observation
}

/// What kubectl is asked about the stack.
pub(crate) fn queries() -> probe::Queries {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    probe::Queries {
        releases: owned(&state::RECORDS_ARGS),
        objects: owned(&drift::KUBECTL_ARGS),
        kinds: owned(&drift::KINDS),
        others: owned(&drift::OTHERS_ARGS),
    }
}

/// Probes one node.
pub(crate) async fn one(
    inventory: &Inventory,
    host: &Host,
    image: Option<&str>,
    operator: Option<&str>,
    reporter: &Reporter,
) -> Result<Facts, Failure> {
    reporter.say("observe", State::Started(format!("connect to {}", host.node.host)));
    host.tell(reporter);
    let greeting = host.greet(reporter).await?;
    if let Some(greeting) = greeting {
        welcome(host, greeting, reporter);
    }
    if let Some(operator) = operator {
        lock::hold(host, operator).await?;
    }
    let request = probe::request(inventory, &host.node, image, &queries());
    let command =
        Command::new("probe", probe::script(&request)).as_root().deadline(host.patient(DEADLINE));
    let output = host.run(command).await?;
    let mut facts = output
        .stdout_text()
        .parse(|reply| probe::parse(reply, Some(clock::now_ms())))
        .map_err(|error| {
            let stderr = output.stderr.message();
            let mut failure = Failure::new(
                Code::Change,
                format!("node `{}` ({})", host.node.name, host.node.host),
                &error,
            );
            if !stderr.is_empty() {
                failure.causes.push(stderr);
            }
            let hint = if output.status == UNANSWERED {
                "something may be upgrading systemd there; run the same command again"
            } else {
                "the node needs a Debian-like system with systemd, coreutils and iproute2"
            };
            failure.hint(Some(hint.to_owned()))
        })?;
    facts.reached = host.address();
    // It would be at the same things as this run.
    if facts.cloud_init.as_ref().is_some_and(|cloud| cloud.busy) && host.is_worked_on() {
        let what = "cloud-init is still at its work of this start; waiting for it".to_owned();
        reporter.say("observe", State::Note(what));
        executor::wait(host, &cloud_init_is_done()).await?;
        return Box::pin(one(inventory, host, image, None, reporter)).await;
    }
    // A name may lead elsewhere than it did yesterday.
    let at = facts.reached.filter(|_| host.node.host.parse::<IpAddr>().is_err());
    let at = at.map_or_else(String::new, |address| format!("{} is {address}; ", host.node.host));
    reporter.say("observe", State::Unchanged(format!("{at}{}", describe(&facts))));
    Ok(facts)
}

/// Passes on what the operator has to know of a new connection.
fn welcome(host: &Host, greeting: Greeting, reporter: &Reporter) {
    let note = |change: &str, text: String| reporter.say(change, State::Note(text));
    if let Some(key) = greeting.new_host_key {
        let file = host.node.ssh.known_hosts.display();
        note("host-key", format!("host key {key} trusted on first use, kept in {file}"));
    }
    for text in greeting.notes {
        note("host-key", text);
    }
    if let Some(banner) = greeting.banner {
        let words: Vec<&str> = banner.split_whitespace().collect();
        let text: String = words.join(" ").chars().take(BANNER_CHARS_MAX).collect();
        note("banner", format!("before the login the node says: {text}"));
    }
}

fn describe(facts: &Facts) -> String {
    let board = if facts.model.is_empty() { facts.machine.as_str() } else { facts.model.as_str() };
    format!("{board}, {}, kernel {}", facts.os, facts.kernel)
}
