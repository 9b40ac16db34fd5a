//! The operator's way into the cluster: the server's kubeconfig, merged into
//! the operator's own.

use std::path::Path;
use std::time::Duration;

use terrarium_inventory::Inventory;
use terrarium_k3s::kubeconfig::{Access, KubeconfigError, merge};
use terrarium_k3s::{config, paths};
use terrarium_plan::State;
use terrarium_ssh::Command;

use crate::error::{Code, Failure};
use crate::host::Host;
use crate::kubeconfig::{self, Outcome};
use crate::report::secrets;
use crate::view::Reporter;

/// Merges the server's credentials into the inventory's kubeconfig file.
pub(crate) async fn kubeconfig(
    inventory: &Inventory,
    server: &Host,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let file = &inventory.cluster.kubeconfig;
    let outcome = read(server, Some(file)).await?.install(inventory, file)?;
    if outcome != Outcome::Unchanged {
        reporter.say("kubeconfig", State::Changed(told(&outcome, inventory, file)));
    }
    Ok(())
}

/// The way into the cluster, as the server tells it.
pub(crate) struct Entrance {
    access: Access,
    url: String,
}

/// Asks the server for it; `file` is what it is for.
pub(crate) async fn read(server: &Host, file: Option<&Path>) -> Result<Entrance, Failure> {
    let command =
        Command::new("read the cluster's kubeconfig", format!("cat {}", paths::KUBECONFIG))
            .as_root()
            .deadline(server.patient(Duration::from_secs(30)));
    let output = server.run(command).await?;
    if !output.success() {
        let mut failure = Failure::plain(
            Code::Change,
            format!("node `{}`: {} cannot be read", server.node.name, paths::KUBECONFIG),
        );
        failure.causes.push(output.stderr.message());
        return Err(failure
            .hint(Some("k3s writes it when it starts: see `journalctl -u k3s` there".to_owned())));
    }
    let address = server.address().map_or_else(|| server.node.host.clone(), |ip| ip.to_string());
    let access = output
        .stdout_text()
        .parse(|text| Access::parse(text))
        .map_err(|error| refused(&server.node.name, file, &error))?;
    for secret in access.secrets() {
        secrets::hide(&secret);
    }
    Ok(Entrance { access, url: config::server_url(&address) })
}

impl Entrance {
    /// A kubeconfig of nothing else.
    pub(crate) fn text(&self, inventory: &Inventory) -> Result<String, Failure> {
        let merged = merge(None, &self.access, &inventory.cluster.name, &self.url);
        let merged = merged.map_err(|error| Failure::of(Code::Internal, &error))?;
        Ok(merged.text)
    }

    /// Lays it into a file, beside what else that has.
    pub(crate) fn install(&self, inventory: &Inventory, file: &Path) -> Result<Outcome, Failure> {
        let context = &inventory.cluster.name;
        kubeconfig::install(file, &self.access, context, &self.url).map_err(|error| {
            Failure::of(Code::Usage, &error).hint(Some(
                "correct or move that file, or name another with `kubeconfig` in [cluster]"
                    .to_owned(),
            ))
        })
    }
}

/// What was done to a file.
pub(crate) fn told(outcome: &Outcome, inventory: &Inventory, file: &Path) -> String {
    let (context, file) = (&inventory.cluster.name, file.display());
    match outcome {
        Outcome::Unchanged => format!("context {context} is in {file} already"),
        Outcome::Restricted => format!("{file} is readable by its owner alone now"),
        Outcome::Written { backup, removed } => {
            let former = backup.as_ref().map_or_else(String::new, |backup| {
                format!(", the former file is {}", backup.display())
            });
            let healed = if removed.is_empty() {
                String::new()
            } else {
                format!(
                    "; removed from our own entries, which hold only what was checked: {}",
                    removed.join(", ")
                )
            };
            format!("context {context} in {file}{former}{healed}")
        }
    }
}

/// What the server calls its kubeconfig is none that k3s writes.
fn refused(node: &str, file: Option<&Path>, error: &KubeconfigError) -> Failure {
    let what = format!("node `{node}`: {} is not what k3s writes", paths::KUBECONFIG);
    let kept =
        file.map_or_else(String::new, |file| format!("{} was left as it is. ", file.display()));
    Failure::new(Code::Change, what, error).hint(Some(format!(
        "{kept}A kubeconfig can name programs that your kubectl would run, so \
         nothing but certificates and keys is taken from a node. If nobody of yours changed that \
         file, take the node for one that somebody else controls; if somebody did, take the change \
         back or move the file away, and restart k3s there, which writes it anew: `systemctl \
         restart k3s`"
    )))
}
