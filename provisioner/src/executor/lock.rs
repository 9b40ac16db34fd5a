//! One run at a time on a node. The kernel holds the lock for as long as our
//! connection lives: when this process or its link dies, the lock is free.
//!
//! Whose the lock is says a number drawn for each run, compared whole; the words
//! beside it are for people. A connection that the node has not given up yet may
//! still hold this run's own lock: it is taken over from there.

use std::sync::OnceLock;
use std::time::Duration;

use terrarium_plan::quote;
use terrarium_ssh::{Command, ExecError, Session};

use crate::clock;
use crate::error::{Code, Failure};
use crate::host::{Host, failed};
use crate::log;

/// How the lock is taken, on the node.
const SCRIPT: &str = include_str!("lock.sh");
/// Longer than the script waits for others that take it.
const WITHIN: Duration = Duration::from_secs(45);
/// Times a lost connection is made again for.
const LOSSES: usize = 3;

/// Takes the lock of one node; it is kept by the host's connection, and taken
/// again by every connection that is made after it.
pub(crate) async fn hold(host: &Host, operator: &str) -> Result<(), Failure> {
    let mut losses = 0;
    loop {
        let session = host.session().await?;
        match take(host, &session, operator).await {
            Err(NotHeld::Lost(_)) if losses < LOSSES => {
                losses += 1;
                host.come_back(&session).await?;
            }
            taken => return taken.map_err(NotHeld::into_failure),
        }
    }
}

/// Why the lock is not ours.
pub(crate) enum NotHeld {
    /// The connection ended meanwhile.
    Lost(Failure),
    /// Anything else.
    Failed(Failure),
}

impl NotHeld {
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Lost(failure) | Self::Failed(failure) => failure,
        }
    }

    fn of(error: &ExecError) -> Self {
        if error.retryable() { Self::Lost(failed(error)) } else { Self::Failed(failed(error)) }
    }
}

/// Takes the lock over a connection.
pub(crate) async fn take(host: &Host, session: &Session, operator: &str) -> Result<(), NotHeld> {
    let who = format!("{operator}, since {}", clock::timestamp());
    let run = run().map_err(NotHeld::Failed)?;
    let script = format!("me={run}\nwho={}\n{SCRIPT}", quote(&one_line(&who)));
    let command = Command::new("lock", script).as_root().deadline(host.patient(WITHIN));
    let held =
        host.watch(session, session.hold(command)).await.map_err(|error| NotHeld::of(&error))?;
    let node = &host.node.name;
    let failure = match held.first_line().parse(|line| Said::of(line)) {
        Said::Held => {
            log::line(node, "its lock is held");
            host.keep(held, operator).await;
            return Ok(());
        }
        Said::By(holder) => {
            Failure::plain(Code::Refused, format!("node `{node}` is being worked on by {holder}"))
                .hint(Some("wait until that run has ended, or end it".to_owned()))
        }
        Said::Ours => Failure::plain(
            Code::Connection,
            format!("node `{node}`: its lock is still held by an earlier connection of this run"),
        )
        .hint(Some("run the same command again: the lock ends with that connection".to_owned())),
        Said::Not(why) => {
            Failure::plain(Code::Change, format!("node `{node}`: its lock cannot be taken: {why}"))
                .hint(Some(format!("on {node}: ls -ld /run/terrarium /run/terrarium/*")))
        }
    };
    Err(NotHeld::Failed(failure))
}

/// What the script's first line says.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    Held,
    By(&'a str),
    Ours,
    Not(String),
}

impl<'a> Said<'a> {
    /// Only the one word means that the lock is ours.
    fn of(line: &'a str) -> Self {
        match line.split_once(' ') {
            None if line == "held" => Self::Held,
            None if line == "ours" => Self::Ours,
            Some(("by", holder)) if !holder.trim().is_empty() => Self::By(holder),
            Some(("by", _)) => Self::By("somebody"),
            Some(("not", why)) => Self::Not(why.to_owned()),
            _ => Self::Not(format!("expected `held`, got `{}`", line.escape_debug())),
        }
    }
}

/// This run, in 128 random bits.
fn run() -> Result<&'static str, Failure> {
    static RUN: OnceLock<String> = OnceLock::new();
    if let Some(run) = RUN.get() {
        return Ok(run);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::internal("no random number can be had", &error))?;
    let run = data_encoding::HEXLOWER.encode(&bytes);
    Ok(RUN.get_or_init(|| run))
}

/// Without line breaks, which end what the holder's file says.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_one_word_means_that_the_lock_is_held() {
        let not = |line: &str| Said::Not(format!("expected `held`, got `{line}`"));
        for (line, said) in [
            ("held", Said::Held),
            ("ours", Said::Ours),
            ("by op@vm, process 1, since 2026", Said::By("op@vm, process 1, since 2026")),
            ("by ", Said::By("somebody")),
            (
                "not /run/terrarium, which is no folder",
                Said::Not("/run/terrarium, which is no folder".to_owned()),
            ),
            ("", not("")),
            ("held ", not("held ")),
            ("holder", not("holder")),
            ("by", not("by")),
        ] {
            assert_eq!(Said::of(line), said, "{line:?}");
        }
    }

    #[test]
    fn a_run_is_one_number_of_128_bits() {
        let run = run().unwrap();
        assert_eq!(run, super::run().unwrap());
        assert!(run.len() == 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit()), "{run}");
    }

    #[test]
    fn the_script_is_shell_that_parses() {
        let status = std::process::Command::new("sh").args(["-n", "-c", SCRIPT]).status().unwrap();
        assert!(status.success());
    }
}
