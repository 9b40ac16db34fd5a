//! From the request to the script's beginning: who is there, and what sudo asks.
//!
//! Nothing goes to the node's standard input here but one line, once: the
//! password, after sudo's own question for it.

use std::time::Duration;

use russh::ChannelWriteHalf;
use russh::client::Msg;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::capture::Stage;
use crate::channel::Progress;
use crate::secret::Secret;

/// How long each part of the opening may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the request to our script's first word.
    pub(crate) start: Duration,
    /// From there to sudo's question, and from its answer to the beginning.
    pub(crate) sudo: Duration,
}

/// A command that neither began nor ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stalled {
    /// No shell runs our script; what was printed instead.
    NoShell(String),
    /// Our script runs and sudo does not get on with it; what it said last.
    InSudo(String),
}

/// Waits until the script begins or the command ends, and answers sudo once.
///
/// A second question means that the password is wrong: sudo then sees the end
/// of its input and says so itself.
pub(crate) async fn until_begun(
    write: &ChannelWriteHalf<Msg>,
    progress: &mut watch::Receiver<Progress>,
    password: Option<&Secret>,
    patience: Patience,
) -> Result<(), Stalled> {
    let mut stage = Stage::default();
    let mut until = Instant::now() + patience.start;
    loop {
        let (ended, now) = {
            let progress = progress.borrow_and_update();
            (progress.ended || progress.began.is_some(), progress.stage)
        };
        if ended {
            return Ok(());
        }
        if now != stage {
            // A dead link shows in the collector.
            match (now.prompts, password) {
                (0, _) => {}
                (1, Some(password)) if stage.prompts == 0 => {
                    let line = Zeroizing::new(format!("{}\n", password.expose()));
                    let _ = write.data_bytes(line.as_bytes().to_vec()).await;
                }
                _ => {
                    let _ = write.eof().await;
                }
            }
            stage = now;
            until = Instant::now() + patience.sudo;
        }
        match timeout_at(until, progress.changed()).await {
            Ok(Ok(())) => {}
            // The collector is gone: the command has ended.
            Ok(Err(_)) => return Ok(()),
            Err(_) => {
                // Whoever reads there is to stop reading.
                let _ = write.eof().await;
                let said = progress.borrow().said.clone();
                return Err(if stage.hello {
                    Stalled::InSudo(said)
                } else {
                    Stalled::NoShell(said)
                });
            }
        }
    }
}
