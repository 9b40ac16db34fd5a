//! What helm made in the cluster and what is there of it.

use std::time::Duration;

use terrarium_helm::drift::{Key, Objects};
use terrarium_plan::{Cluster, Facts, Refusal, probe};
use terrarium_ssh::Command;

use super::{PART, Wish};
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::observe;

const SECONDS: u64 = 60;

/// Asks the server; `None` where its API does not answer.
pub(crate) async fn now(server: &Host) -> Result<Option<Cluster>, Failure> {
    let script = probe::stack_script(&observe::queries());
    let command = Command::new("list the stack's objects", script)
        .as_root()
        .deadline(server.patient(Duration::from_secs(SECONDS)));
    let output = server.run(command).await?;
    let facts = output.stdout_text().parse(|reply| probe::parse(reply, None));
    Ok(facts
        .map_err(|error| {
            let what = format!("node `{}`: the list of the stack's objects", server.node.name);
            Failure::new(Code::Change, what, &error)
        })?
        .cluster)
}

/// The answer read, where there is one.
pub(crate) fn read(cluster: Option<&Cluster>) -> Result<Option<Objects>, Failure> {
    let told = cluster.and_then(|cluster| cluster.objects.as_ref());
    told.map(|told| Objects::parse(&told.made, &told.there)).transpose().map_err(|error| {
        Failure::new(Code::Change, "the cluster's list of objects cannot be read", &error).hint(
            Some("run the same command again; kubectl on the server says what is there".to_owned()),
        )
    })
}

impl Wish {
    /// Services that are wished and deployed and have no pod that is ready.
    pub(crate) fn idle(&self, server: &Facts) -> Result<Vec<Refusal>, Failure> {
        let Some(objects) = read(server.cluster.as_ref())? else { return Ok(Vec::new()) };
        let note = |name: &str, key: &Key| {
            Refusal::new(
                PART,
                "no-pod",
                format!("`{name}` has no pod that is ready: {} {}", key.kind, key.name),
                format!(
                    "`kubectl --namespace {0} describe pods --selector \
                     app.kubernetes.io/instance={name}` says why",
                    terrarium_helm::release::NAMESPACE
                ),
            )
        };
        let notes = self.releases.iter().flat_map(|release| {
            let name = release.name.as_str();
            objects
                .without_pods(name)
                .into_iter()
                .map(move |key| note(name, key))
                .collect::<Vec<_>>()
        });
        Ok(notes.collect())
    }
}
