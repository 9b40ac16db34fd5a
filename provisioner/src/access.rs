//! The operator's way into the cluster: the server's kubeconfig, merged into
//! the operator's own.

use std::path::Path;
use std::time::Duration;

use terrarium_inventory::Inventory;
use terrarium_k3s::kubeconfig::{Access, KubeconfigError};
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
    let url = config::server_url(&address);
    let file = &inventory.cluster.kubeconfig;
    let context = &inventory.cluster.name;
    let access = output
        .stdout_text()
        .parse(|text| Access::parse(text))
        .map_err(|error| refused(&server.node.name, file, &error))?;
    for secret in access.secrets() {
        secrets::hide(&secret);
    }
    let outcome = kubeconfig::install(file, &access, context, &url).map_err(|error| {
        Failure::of(Code::Usage, &error).hint(Some(
            "mend or move that file, or name another with `kubeconfig` in [cluster]".to_owned(),
        ))
    })?;
    let what = match outcome {
        Outcome::Unchanged => return Ok(()),
        Outcome::Restricted => format!("{} is readable by its owner alone now", file.display()),
        Outcome::Written { backup, removed } => {
            let former = backup.map_or_else(String::new, |backup| {
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
            format!("context {context} in {}{former}{healed}", file.display())
        }
    };
    reporter.say("kubeconfig", State::Changed(what));
    Ok(())
}

/// What the server calls its kubeconfig is none that k3s writes.
fn refused(node: &str, file: &Path, error: &KubeconfigError) -> Failure {
    let what = format!("node `{node}`: {} is not what k3s writes", paths::KUBECONFIG);
    Failure::new(Code::Change, what, error).hint(Some(format!(
        "{} was left as it is. A kubeconfig can name programs that your kubectl would run, so \
         nothing but certificates and keys is taken from a node. If nobody of yours changed that \
         file, take the node for one that somebody else controls; if somebody did, take the change \
         back or move the file away, and restart k3s there, which writes it anew: `systemctl \
         restart k3s`",
        file.display()
    )))
}
