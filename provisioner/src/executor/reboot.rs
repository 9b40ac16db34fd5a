//! Restarting a node. The proof is another PID 1, not an open port 22: sshd
//! answers for seconds after `reboot` was called.

use std::time::{Duration, Instant};

use terrarium_plan::patient;
use terrarium_ssh::{Command, Output};

use crate::error::{Code, Failure};
use crate::host::{Host, failed};
use crate::log;

/// Boot id and start of PID 1, as the probe tells them.
const BOOT: &str =
    "set -- $(sed 's/.*) //' /proc/1/stat); echo \"$(cat /proc/sys/kernel/random/boot_id)/${20}\"";
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What a question may take: systemd is waited for if it is busy.
const WITHIN: Duration = Duration::from_mins(2);

/// Part of the deadline after which a node that still answers from before is
/// told again: the command may have been lost with its connection.
const TELL_AGAIN: u32 = 20;

/// Restarts the node and waits until it is back.
pub(super) async fn reboot(host: &Host, deadline: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    let output = host.run(command(host, "ask since when it runs", BOOT)).await?;
    let before = boot(&output).ok_or_else(|| {
        let name = &host.node.name;
        let mut failure = Failure::plain(
            Code::Change,
            format!("node `{name}` does not say since when it runs, so no restart could be seen"),
        );
        failure.causes.push(format!("{} {}", output.stdout.message(), output.stderr.message()));
        failure.hint(Some(format!("on {name}: cat /proc/1/stat")))
    })?;
    let deadline = Duration::from_secs(deadline);
    if let Some(said) = tell(host).await? {
        let node = &host.node.name;
        let mut failure = Failure::plain(Code::Change, format!("node `{node}` refuses to restart"));
        failure.causes.push(said);
        return Err(failure.hint(Some(format!(
            "restart it by hand (on {node}: systemctl reboot), then run the same command again"
        ))));
    }
    let mut told = Instant::now();
    loop {
        host.reconnect(deadline.saturating_sub(begun.elapsed())).await?;
        // A session that dies here was opened on the way down.
        let session = host.session().await?;
        if let Ok(now) = session.run(command(host, "ask since when it runs", BOOT)).await
            && let Some(now) = boot(&now)
        {
            if now != before {
                return Ok(());
            }
            if told.elapsed() > deadline / TELL_AGAIN {
                // It may refuse because it is on its way down.
                let _ = tell(host).await?;
                told = Instant::now();
            }
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

/// Tells the node to restart; what it says if it will not. The link may go down
/// before the answer comes.
async fn tell(host: &Host) -> Result<Option<String>, Failure> {
    let session = host.session().await?;
    let command = command(host, "restart", &patient("systemctl --no-block reboot"));
    let asked = log::Asked::of(&host.node.name, &command);
    let result = session.run(command.clone()).await;
    asked.ended(&result);
    match result {
        Ok(output) if output.success() => Ok(None),
        Ok(output) => Ok(Some(format!("status {}: {}", output.status, output.stderr.message()))),
        Err(error) if error.retryable() => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

fn command(host: &Host, label: &str, script: &str) -> Command {
    Command::new(label, script).as_root().deadline(host.patient(WITHIN))
}

/// Which boot an answer speaks of, when it is one: anything else would look
/// like another boot.
fn boot(output: &Output) -> Option<String> {
    output.stdout_text().parse(|text| {
        let (id, start) = text.trim().split_once('/')?;
        let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
        let sound = !id.is_empty() && id.chars().all(hex) && start.parse::<u64>().is_ok();
        (output.success() && sound).then(|| text.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use terrarium_untrusted::FromNode;

    use super::*;

    #[test]
    fn only_what_names_a_boot_counts_as_one() {
        let id = "9be2b9c5-1c2d-4f5e-8c7e-0123456789ab/33";
        for (status, stdout, found) in [
            (0, format!("{id}\n"), Some(id)),
            (1, format!("{id}\n"), None),
            (0, String::new(), None),
            (0, "/33".to_owned(), None),
            (0, "cat: boot_id: no such file/33".to_owned(), None),
            (0, "abc/".to_owned(), None),
        ] {
            let output = Output {
                status,
                stdout: FromNode::new(stdout.into_bytes()),
                stderr: FromNode::default(),
                stdout_cut: false,
                stderr_cut: false,
            };
            assert_eq!(boot(&output).as_deref(), found);
        }
    }
}
