//! One run at a time on a node. The kernel holds the lock for as long as our
//! connection lives: when this process or its link dies, the lock is free.

use std::time::Duration;

use terrarium_plan::quote;
use terrarium_ssh::Command;

use crate::clock;
use crate::error::{Code, Failure};
use crate::host::{Host, failed};

/// Takes the lock of one node; it is kept by the host's connection.
pub(crate) async fn hold(host: &Host, operator: &str) -> Result<(), Failure> {
    let who = format!("{operator}, since {}", clock::timestamp());
    let script = format!(
        "mkdir -p /run/terrarium\nexec 9>>/run/terrarium/lock\n\
         if flock -n 9; then printf '%s\\n' {} >/run/terrarium/holder; echo held; exec cat >/dev/null; fi\n\
         echo \"by $(cat /run/terrarium/holder)\"",
        quote(&who)
    );
    let command = Command::new("lock", script).as_root().deadline(Duration::from_secs(30));
    let session = host.session().await?;
    let held = session.hold(command).await.map_err(|error| failed(&error))?;
    let holder = held.first_line().parse(|line| line.strip_prefix("by ").map(str::to_owned));
    match holder {
        None => {
            host.keep(held, operator).await;
            Ok(())
        }
        // A connection of this very run that the node has not given up yet.
        Some(holder) if holder.starts_with(operator) => Ok(()),
        Some(holder) => Err(Failure::plain(
            Code::Refused,
            format!("node `{}` is being worked on by {holder}", host.node.name),
        )
        .hint(Some("wait until that run has ended, or end it".to_owned()))),
    }
}
