//! From what a channel said to what it means. Pure.

use std::time::Duration;

use terrarium_untrusted::FromNode;

use crate::account::Unstarted;
use crate::bootstrap::Way;
use crate::channel::Collected;
use crate::command::Output;
use crate::exec_error::{ExecError, Origin};
use crate::link::Lost;
use crate::secret::Secret;
use crate::sudo::{SudoError, classify};

/// `timeout`'s exit status when its time was up.
const TIMED_OUT: u32 = 124;
/// The same, when the command had to be killed.
const TIMED_OUT_KILLED: u32 = 128 + 9;
/// Noise shown when the login shell did not start the script.
const SAID_CHARS_MAX: usize = 300;

/// What the caller knows about the command.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) origin: Origin,
    /// The login user.
    pub(crate) user: String,
    pub(crate) way: Way,
    pub(crate) deadline: Duration,
    /// The limit set on the node in seconds; 0 for none.
    pub(crate) deadline_s: u64,
    /// Since the request was sent, so never less than the time on the node.
    pub(crate) elapsed: Duration,
    /// Why the connection ended, if it has.
    pub(crate) lost: Option<Lost>,
    /// Not to be repeated, should the node do so.
    pub(crate) password: Option<Secret>,
}

/// Why a run has no output: a failure, or no way to root.
#[derive(Debug)]
pub(crate) enum NoOutput {
    Failed(ExecError),
    NoRoot(SudoError),
}

/// What became of the command.
pub(crate) fn judge(run: Run, collected: Collected) -> Result<Output, NoOutput> {
    let Run { origin, user, way, deadline, deadline_s, elapsed, lost, password } = run;
    let failed = |error| Err(NoOutput::Failed(error));
    let time_was_up = deadline_s > 0 && elapsed >= Duration::from_secs(deadline_s);
    let ended_on_node =
        |origin| ExecError::Deadline { origin, after: deadline, ended_on_node: true };

    if collected.refused {
        return failed(ExecError::Refused { origin });
    }
    let began = collected.stderr.began().is_some();
    let status = match (collected.status, collected.signal) {
        (_, Some(signal)) if time_was_up && matches!(signal.as_str(), "TERM" | "KILL") => {
            return failed(ended_on_node(origin));
        }
        (_, Some(signal)) => {
            return failed(ExecError::Signal {
                origin,
                signal,
                stderr: collected.stderr.finish().0,
            });
        }
        (None, None) => {
            let unexplained =
                || Lost::Protocol("the channel was closed without an exit status".to_owned());
            return failed(ExecError::ConnectionLost {
                origin,
                source: lost.unwrap_or_else(unexplained),
            });
        }
        (Some(TIMED_OUT | TIMED_OUT_KILLED), None) if time_was_up && began => {
            return failed(ended_on_node(origin));
        }
        (Some(status), None) => i32::try_from(status).unwrap_or(i32::MAX),
    };
    if !began {
        let masked =
            |text: String| password.as_ref().map_or_else(|| text.clone(), |it| it.mask(&text));
        let noise = masked(collected.stderr.noise());
        if way != Way::User && collected.stderr.stage().hello {
            return Err(NoOutput::NoRoot(classify(&noise, collected.stderr.stage().prompts)));
        }
        let said = format!("{} {}", masked(collected.stdout.noise()).trim(), noise.trim());
        let said: String = said.trim().replace('\n', "; ").chars().take(SAID_CHARS_MAX).collect();
        let why = Unstarted::of(&said);
        return failed(ExecError::NotStarted { origin, user, why, status, said });
    }
    let (stdout, stdout_cut) = collected.stdout.finish();
    let (stderr, stderr_cut) = collected.stderr.finish();
    let (stdout, stderr) = (FromNode::new(stdout), FromNode::new(stderr));
    Ok(Output { status, stdout, stderr, stdout_cut, stderr_cut })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use super::*;
    use crate::capture::Capture;
    use crate::proof::Proof;
    use crate::sudo::SudoMode;
    use crate::target::Place;

    /// A command with 2 s that took 3 s, as the login user.
    fn late(status: Option<u32>, signal: Option<&str>, stderr: &str) -> Result<Output, NoOutput> {
        after(3, Way::User, status, signal, stderr)
    }

    fn after(
        seconds: u64,
        way: Way,
        status: Option<u32>,
        signal: Option<&str>,
        stderr: &str,
    ) -> Result<Output, NoOutput> {
        let place = Arc::new(Place {
            node: "pi-1".into(),
            host: "10.0.0.1".into(),
            port: 22,
            is_jump: false,
        });
        let run = Run {
            origin: Origin { place, label: "test".into() },
            user: "pi".into(),
            way,
            deadline: Duration::from_secs(2),
            deadline_s: 2,
            elapsed: Duration::from_secs(seconds),
            lost: None,
            password: None,
        };
        let mut collected = Collected {
            stdout: Capture::new(proof().marks(), 1000),
            stderr: Capture::new(proof().marks(), 1000),
            status,
            signal: signal.map(str::to_owned),
            refused: false,
        };
        collected.stderr.push(stderr.as_bytes());
        judge(run, collected)
    }

    /// The same for all of these tests.
    fn proof() -> Proof {
        static PROOF: LazyLock<Proof> = LazyLock::new(|| Proof::new().expect("random numbers"));
        *PROOF
    }

    fn began() -> String {
        let marks = proof().marks();
        format!("{}{}user:1234\n", marks.hello, marks.begin)
    }

    #[test]
    fn a_status_is_only_a_deadline_when_the_time_was_up() {
        assert!(matches!(
            late(Some(124), None, &began()),
            Err(NoOutput::Failed(ExecError::Deadline { ended_on_node: true, .. }))
        ));
        assert!(matches!(
            late(Some(137), None, &began()),
            Err(NoOutput::Failed(ExecError::Deadline { .. }))
        ));
        assert!(matches!(
            late(None, Some("KILL"), &began()),
            Err(NoOutput::Failed(ExecError::Deadline { .. }))
        ));
        assert!(matches!(late(Some(1), None, &began()), Ok(Output { status: 1, .. })));
        assert!(matches!(
            after(1, Way::User, Some(124), None, &began()),
            Ok(Output { status: 124, .. })
        ));
        assert!(matches!(
            after(1, Way::User, None, Some("KILL"), &began()),
            Err(NoOutput::Failed(ExecError::Signal { .. }))
        ));
    }

    #[test]
    fn silence_is_no_success() {
        assert!(matches!(
            late(None, None, &began()),
            Err(NoOutput::Failed(ExecError::ConnectionLost { .. }))
        ));
    }

    #[test]
    fn what_did_not_begin_is_blamed_on_the_shell_or_on_sudo() {
        let nologin = "This account is currently not available.\n";
        assert!(matches!(
            late(Some(1), None, nologin),
            Err(NoOutput::Failed(ExecError::NotStarted { status: 1, .. }))
        ));
        let way = Way::Known(SudoMode::Passwordless);
        let no_login = after(1, way, Some(1), None, nologin);
        assert!(
            matches!(no_login, Err(NoOutput::Failed(ExecError::NotStarted { .. }))),
            "sudo has not been asked yet: {no_login:?}"
        );
        let words = format!("{}sudo: a password is required\n", proof().marks().hello);
        let said = after(1, way, Some(1), None, &words);
        assert!(matches!(said, Err(NoOutput::NoRoot(SudoError::PasswordNeeded))), "{said:?}");
    }
}
