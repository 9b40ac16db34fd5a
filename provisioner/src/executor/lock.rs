//! One run at a time on a node. The kernel holds the lock for as long as our
//! connection lives: when this process or its link dies, the lock is free.

use std::sync::Arc;
use std::time::Duration;

use terrarium_plan::quote;
use terrarium_ssh::Command;

use crate::clock;
use crate::error::{Code, Failure};
use crate::host::{Host, failed};

/// Takes the lock of every node, or says who holds it.
pub(crate) async fn hold_all(hosts: &[Arc<Host>], operator: &str) -> Result<(), Failure> {
    let mut tasks = tokio::task::JoinSet::new();
    for host in hosts {
        let (host, operator) = (Arc::clone(host), operator.to_owned());
        tasks.spawn(async move { hold(&host, &operator).await });
    }
    let mut result = Ok(());
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(held) => result = result.and(held),
            Err(error) => return Err(Failure::internal("a lock's task ended", &error)),
        }
    }
    result
}

/// Takes the lock of one node; it is kept by the host's connection.
pub(super) async fn hold(host: &Host, operator: &str) -> Result<(), Failure> {
    let who = format!("{operator}, since {}", clock::timestamp());
    let script = format!(
        "mkdir -p /run/terrarium\nexec 9>>/run/terrarium/lock\n\
         if flock -n 9; then printf '%s\\n' {} >/run/terrarium/holder; echo held; exec cat >/dev/null; fi\n\
         echo \"by $(cat /run/terrarium/holder)\"",
        quote(&who)
    );
    let command = Command {
        script,
        root: true,
        stdin: Vec::new(),
        deadline: Duration::from_secs(30),
        label: "lock".to_owned(),
    };
    let session = host.session().await?;
    let held = session.hold(command).await.map_err(|error| failed(&error))?;
    match held.first_line().strip_prefix("by ") {
        None => {
            host.keep(held).await;
            Ok(())
        }
        Some(holder) => Err(Failure::plain(
            Code::Refused,
            format!("node `{}` is being worked on by {holder}", host.node.name),
        )
        .hint(Some("wait until that run has ended, or end it".to_owned()))),
    }
}
