//! The operator's way into the cluster: the server's kubeconfig, merged into
//! the operator's own.

use std::time::Duration;

use terrarium_inventory::Inventory;
use terrarium_k3s::{config, paths};
use terrarium_plan::State;
use terrarium_ssh::Command;

use crate::error::{Code, Failure};
use crate::host::Host;
use crate::kubeconfig::{self, Outcome};
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
            .deadline(Duration::from_secs(30));
    let output = server.run(command).await?;
    if !output.success() {
        let mut failure = Failure::plain(
            Code::Change,
            format!("node `{}`: {} cannot be read", server.node.name, paths::KUBECONFIG),
        );
        failure.causes.push(output.stderr_text().trim().to_owned());
        return Err(failure
            .hint(Some("k3s writes it when it starts: see `journalctl -u k3s` there".to_owned())));
    }
    let address = server.address().map_or_else(|| server.node.host.clone(), |ip| ip.to_string());
    let url = config::server_url(&address);
    let file = &inventory.cluster.kubeconfig;
    let context = &inventory.cluster.name;
    let outcome =
        kubeconfig::install(file, &output.stdout_text(), context, &url).map_err(|error| {
            Failure::of(Code::Usage, &error).hint(Some(
                "mend or move that file, or name another with `kubeconfig` in [cluster]".to_owned(),
            ))
        })?;
    let what = match outcome {
        Outcome::Unchanged => return Ok(()),
        Outcome::Restricted => format!("{} is readable by its owner alone now", file.display()),
        Outcome::Written { backup: None } => format!("context {context} in {}", file.display()),
        Outcome::Written { backup: Some(backup) } => {
            format!(
                "context {context} in {}, the former file is {}",
                file.display(),
                backup.display()
            )
        }
    };
    reporter.say("kubeconfig", State::Changed(what));
    Ok(())
}
