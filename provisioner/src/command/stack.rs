//! `provision stack`

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use terrarium_helm::release::NAMESPACE;
use terrarium_helm::runner::Helm;
use terrarium_helm::state;
use terrarium_plan::State;
use terrarium_untrusted::is_word;

use super::owner;
use super::prepare::Ground;
use crate::access;
use crate::cli::{Common, StackCommand};
use crate::error::{Code, Failure};
use crate::executor::{kubectl, lock};
use crate::host::Host;
use crate::report::terminal;
use crate::settings::Settings;
use crate::stack::{deployed, helm};
use crate::trust::Keep;
use crate::view::{self, Reporter};

/// What charts leave behind on purpose, and Kubernetes of stores.
const DATA: &str = "persistentvolumeclaims,secrets";
/// A volume is gone when its pod is, and the node has cleared the folder.
const KUBECTL_SECONDS: u64 = 180;

/// What became of one service.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Removed {
    service: String,
    /// Whether it was deployed.
    deployed: bool,
    /// Volumes and Secrets that are still there.
    kept: Vec<String>,
    /// Volumes and Secrets that are gone.
    deleted: Vec<String>,
}

/// Runs a command about the stack.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    command: &StackCommand,
) -> Result<Code, Failure> {
    let StackCommand::Remove { services, data } = command;
    let ground = Ground::new(common, settings).await?;
    let (reporter, done) = view::open(common.json, &ground.names());
    let result = remove(&ground, common, settings, services, data.delete_data, &reporter).await;
    reporter.ended(&result);
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let removed = result?;
    if common.json {
        terminal::json_line(&serde_json::json!({ "version": 1, "removed": removed }))?;
    } else {
        for service in &removed {
            terminal::line(&terminal::wrapped("", &service.to_string()));
        }
    }
    Ok(Code::Done)
}

async fn remove(
    ground: &Ground,
    common: &Common,
    settings: &Settings,
    services: &[String],
    delete: bool,
    reporter: &Reporter,
) -> Result<Vec<Removed>, Failure> {
    let server = ground.server()?;
    lock::hold(server, &settings.operator).await?;
    owner::hold(ground).await?;
    let query = state::KUBECTL_ARGS.map(str::to_owned);
    let present = kubectl(server, &query, KUBECTL_SECONDS).await?.parse(|said| deployed(said))?;
    let order = ground.stack.removal(services, &present)?;
    access::kubeconfig(&ground.inventory, server, reporter).await?;
    let reporter = reporter.of("stack");
    let helm = helm(&ground.inventory, common.patience, settings, Keep::Record, &reporter).await?;
    let mut removed = Vec::new();
    for name in order {
        reporter.say(&name, State::Started("remove the release".to_owned()));
        let there = present.iter().any(|found| found.name == name && found.namespace == NAMESPACE);
        match one(&helm, server, name.clone(), there, delete).await {
            Ok(done) => {
                let state = if done.deployed || !done.deleted.is_empty() {
                    State::Changed(done.what())
                } else {
                    State::Unchanged(done.what())
                };
                reporter.say(&name, state);
                removed.push(done);
            }
            Err(failure) => {
                reporter.say(&name, State::Failed(failure.line()));
                return Err(failure);
            }
        }
    }
    Ok(removed)
}

/// Removes one release, then its data if that is asked for.
async fn one(
    helm: &Helm,
    server: &Arc<Host>,
    service: String,
    deployed: bool,
    delete: bool,
) -> Result<Removed, Failure> {
    if deployed {
        helm.remove(NAMESPACE, &service).await.map_err(|error| {
            Failure::of(Code::Change, &error)
                .hint(Some("run the same command again to take it up".to_owned()))
        })?;
    }
    let output = kubectl(server, &arguments(&service, delete), KUBECTL_SECONDS).await?;
    // `delete` that finds nothing says so where names would stand.
    let data: Vec<String> = output.parse(|said| {
        let names = said.lines().filter(|line| line.contains('/') && is_word(line, "/"));
        names.map(str::to_owned).collect()
    });
    let (kept, deleted) = if delete { (Vec::new(), data) } else { (data, Vec::new()) };
    Ok(Removed { service, deployed, kept, deleted })
}

/// Names what is left of a service, or deletes it and names it.
fn arguments(service: &str, delete: bool) -> Vec<String> {
    let verb = if delete { "delete" } else { "get" };
    let selector = format!("--selector=app.kubernetes.io/instance={service}");
    let words = [verb, DATA, "--namespace", NAMESPACE, &selector, "--ignore-not-found"];
    words.into_iter().chain(["--output", "name"]).map(str::to_owned).collect()
}

impl Removed {
    /// All but the service's name.
    fn what(&self) -> String {
        let done = if self.deployed { "removed" } else { "was not deployed" };
        let data = match (&self.kept[..], &self.deleted[..]) {
            ([], []) => "it left no data".to_owned(),
            (kept, []) => format!("kept: {}", kept.join(", ")),
            (_, deleted) => format!("deleted: {}", deleted.join(", ")),
        };
        format!("{done}; {data}")
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service, self.what())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_becomes_of_the_data_has_to_be_said() {
        for (options, fine) in [
            (&[][..], false),
            (&["--keep-data"], true),
            (&["--delete-data"], true),
            (&["--keep-data", "--delete-data"], false),
        ] {
            let words = ["provision", "stack", "remove", "redis"];
            let parsed = Cli::try_parse_from(words.iter().chain(options));
            assert_eq!(parsed.is_ok(), fine, "{options:?}");
        }
    }

    #[test]
    fn only_data_of_this_release_is_asked_for() {
        let line = |delete| arguments("redis", delete).join(" ");
        let rest = "persistentvolumeclaims,secrets --namespace terrarium \
                    --selector=app.kubernetes.io/instance=redis --ignore-not-found --output name";
        assert_eq!(line(false), format!("get {rest}"));
        assert_eq!(line(true), format!("delete {rest}"));
    }

    #[test]
    fn it_is_said_what_was_kept_and_what_is_gone() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        for (deployed, kept, deleted, expected) in [
            (true, &["secret/redis"][..], &[][..], "redis: removed; kept: secret/redis"),
            (true, &[], &["secret/redis"], "redis: removed; deleted: secret/redis"),
            (true, &[], &[], "redis: removed; it left no data"),
            (false, &[], &[], "redis: was not deployed; it left no data"),
        ] {
            let removed = Removed {
                service: "redis".to_owned(),
                deployed,
                kept: texts(kept),
                deleted: texts(deleted),
            };
            assert_eq!(removed.to_string(), expected);
        }
    }
}
