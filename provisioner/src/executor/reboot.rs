//! Restarting a node. The proof is another PID 1, not an open port 22: sshd
//! answers for seconds after `reboot` was called.

use std::time::{Duration, Instant};

use terrarium_ssh::Command;

use crate::error::{Code, Failure};
use crate::host::{Host, failed};

/// Boot id and start of PID 1, as the probe tells them.
const BOOT: &str =
    "set -- $(sed 's/.*) //' /proc/1/stat); echo \"$(cat /proc/sys/kernel/random/boot_id)/${20}\"";
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Restarts the node and waits until it is back.
pub(super) async fn reboot(host: &Host, deadline: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    let before = host.run(command(BOOT)).await?.stdout_text().message();
    let deadline = Duration::from_secs(deadline);
    // The link may go down before the answer comes.
    let session = host.session().await?;
    match session.run(command("systemctl --no-block reboot")).await {
        Err(error) if !error.retryable() => return Err(failed(&error)),
        _ => {}
    }
    loop {
        host.reconnect(deadline.saturating_sub(begun.elapsed())).await?;
        // A session that dies here was opened on the way down.
        let session = host.session().await?;
        if let Ok(now) = session.run(command(BOOT)).await
            && !now.stdout.is_empty()
            && now.stdout_text().message() != before
        {
            return Ok(());
        }
        if begun.elapsed() > deadline {
            return Err(Failure::plain(
                Code::Change,
                format!(
                    "node `{}` did not restart within {} s: PID 1 is the one from before",
                    host.node.name,
                    deadline.as_secs()
                ),
            )
            .hint(Some(
                "look at its screen, or cut its power, then run the same command again".to_owned(),
            )));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn command(script: &str) -> Command {
    Command::new("restart", script).as_root().deadline(Duration::from_secs(20))
}
