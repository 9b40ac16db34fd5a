//! A command kept running for as long as we live.

use std::time::Duration;

use terrarium_untrusted::FromNode;
use tokio::time::timeout;

use crate::command::{Command, Output};
use crate::exec::Started;
use crate::exec_error::ExecError;
use crate::running::Running;
use crate::session::Session;

/// How long [`Held::close`] waits for the command to end by itself.
const CLOSE: Duration = Duration::from_secs(5);

/// A running command with its standard input open, such as a lock held with
/// `flock`. The node sees the end of that input when this value is closed or
/// dropped, when this program dies, or once sshd notices a dead link.
#[derive(Debug)]
pub struct Held {
    first_line: FromNode<String>,
    running: Running,
    session: Session,
    command: Command,
    started: Started,
}

impl Held {
    pub(crate) fn new(
        first_line: String,
        running: Running,
        session: Session,
        command: Command,
        started: Started,
    ) -> Self {
        Self { first_line: FromNode::new(first_line), running, session, command, started }
    }

    /// The first line the command printed, without its line break.
    pub fn first_line(&self) -> &FromNode<String> {
        &self.first_line
    }

    /// Whether the command still runs, as far as is known on this side.
    pub fn is_alive(&self) -> bool {
        self.running.progress().is_some_and(|progress| !progress.borrow().ended)
    }

    /// Resolves when the command or the connection has ended. Meant for
    /// `select!`; may be called any number of times.
    pub async fn ended(&self) {
        if let Some(mut progress) = self.running.progress() {
            // An error means that the collector is gone, which is an end as well.
            let _ = progress.wait_for(|progress| progress.ended).await;
        }
    }

    /// Ends the command's input and waits a few seconds for it to end.
    pub async fn close(mut self) -> Result<Output, ExecError> {
        let Some((write, collector)) = self.running.split() else {
            return Err(self.session.connection_lost(&self.command));
        };
        // A dead link shows in the collector.
        let _ = write.eof().await;
        match timeout(CLOSE, collector).await {
            Ok(collected) => self.session.judge(&self.command, &self.started, collected),
            Err(_) => Err(self.session.no_answer(&self.command)),
        }
    }
}
