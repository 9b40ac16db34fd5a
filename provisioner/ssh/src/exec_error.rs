//! What can go wrong while a command runs, and what helps.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::account::Unstarted;
use crate::command::Output;
use crate::error::Source;
use crate::link::Lost;
use crate::sudo::SudoError;
use crate::target::Place;

/// Which command on which node; reads "node `pi-2` (10.0.0.12:22): install packages".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The node.
    pub place: Arc<Place>,
    /// The command's label.
    pub label: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.label)
    }
}

/// Why there is no [`Output`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExecError {
    /// The connection ended before the command's exit status arrived. Whether
    /// the command finished on the node is unknown.
    #[error("{origin}: connection lost")]
    ConnectionLost {
        /// Which command.
        origin: Origin,
        /// Why the connection ended.
        source: Lost,
    },
    /// The node did not open another channel.
    #[error("{origin}: the node opens no further channel (asked for {waited:?})")]
    ChannelRefused {
        /// Which command.
        origin: Origin,
        /// How long it was asked.
        waited: Duration,
        /// The library's error.
        source: Source,
    },
    /// sshd does not run commands for this user.
    #[error("{origin}: the node refuses to run commands for this login")]
    Refused {
        /// Which command.
        origin: Origin,
    },
    /// The login shell ended without starting the script.
    #[error("{origin}: {} (status {status}){}", why.words(), said_text(said))]
    NotStarted {
        /// Which command.
        origin: Origin,
        /// The login user.
        user: String,
        /// What stands in its way.
        why: Unstarted,
        /// The shell's exit status.
        status: i32,
        /// What it printed, in one line.
        said: String,
    },
    /// Whatever stands behind the login does not run our script. Nothing was
    /// sent to it.
    #[error("{origin}: no shell answered within {waited:?}{}", said_text(said))]
    NoShell {
        /// Which command.
        origin: Origin,
        /// How long it was waited for.
        waited: Duration,
        /// What was printed instead, in one line.
        said: String,
    },
    /// This machine gives no random numbers.
    #[error("{origin}: this machine gives no random numbers")]
    Random {
        /// Which command.
        origin: Origin,
        /// The system's answer.
        source: io::Error,
    },
    /// The command was killed.
    #[error("{origin}: killed by signal {signal}")]
    Signal {
        /// Which command.
        origin: Origin,
        /// The signal's name without `SIG`.
        signal: String,
        /// What it had printed on standard error.
        stderr: Vec<u8>,
    },
    /// The command took too long.
    #[error("{origin}: not finished within {after:?} ({})", if *ended_on_node { "ended on the node" } else { "no answer, it may still be running" })]
    Deadline {
        /// Which command.
        origin: Origin,
        /// The time it had.
        after: Duration,
        /// Whether the node itself ended it.
        ended_on_node: bool,
    },
    /// The command could not run as root.
    #[error("{origin}: cannot become root as `{user}`")]
    Sudo {
        /// Which command.
        origin: Origin,
        /// The login user.
        user: String,
        /// Why.
        source: SudoError,
    },
    /// The script does not fit into a process argument.
    #[error("{origin}: the script is too long ({bytes} bytes quoted, at most {limit})")]
    ScriptTooLong {
        /// Which command.
        origin: Origin,
        /// Its length as sent.
        bytes: usize,
        /// The most that can be sent.
        limit: usize,
    },
    /// The local data to send could not be read.
    #[error("{origin}: cannot read the data to send")]
    Input {
        /// Which command.
        origin: Origin,
        /// The system's answer.
        source: io::Error,
    },
    /// A held command ended before printing its first line.
    #[error("{origin}: ended before it was ready (status {})", output.status)]
    EndedEarly {
        /// Which command.
        origin: Origin,
        /// What it left behind.
        output: Box<Output>,
    },
}

impl ExecError {
    /// What the user can do about it, if this crate knows.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ConnectionLost { .. } => Some(
                "run it again: what is already done on the node is found and left alone".to_owned(),
            ),
            Self::ChannelRefused { .. } => Some(
                "the node's sshd limits sessions per connection (`MaxSessions`, 10 by default)"
                    .to_owned(),
            ),
            Self::NotStarted { origin, user, why, .. } => Some(why.hint(user, &origin.place)),
            Self::Refused { origin } | Self::NoShell { origin, .. } => Some(format!(
                "the login needs a shell and no `ForceCommand`, and its start-up files must not start another program: check with `ssh -p {} <user>@{} true`",
                origin.place.port, origin.place.host
            )),
            Self::Sudo { source, .. } => Some(source.hint()),
            Self::ScriptTooLong { .. } => Some("send the bulk on standard input".to_owned()),
            Self::Signal { signal, .. } if signal == "KILL" => {
                Some("the kernel may have run out of memory: see `dmesg` on the node".to_owned())
            }
            Self::Deadline { .. }
            | Self::Signal { .. }
            | Self::Random { .. }
            | Self::Input { .. }
            | Self::EndedEarly { .. } => None,
        }
    }

    /// Whether the same command may succeed over a new connection without
    /// anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self {
            Self::ConnectionLost { .. } | Self::ChannelRefused { .. } => true,
            Self::Refused { .. }
            | Self::NotStarted { .. }
            | Self::NoShell { .. }
            | Self::Random { .. }
            | Self::Signal { .. }
            | Self::Deadline { .. }
            | Self::Sudo { .. }
            | Self::ScriptTooLong { .. }
            | Self::Input { .. }
            | Self::EndedEarly { .. } => false,
        }
    }

    /// Which command on which node.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::ConnectionLost { origin, .. }
            | Self::ChannelRefused { origin, .. }
            | Self::Refused { origin }
            | Self::NotStarted { origin, .. }
            | Self::NoShell { origin, .. }
            | Self::Random { origin, .. }
            | Self::Signal { origin, .. }
            | Self::Deadline { origin, .. }
            | Self::Sudo { origin, .. }
            | Self::ScriptTooLong { origin, .. }
            | Self::Input { origin, .. }
            | Self::EndedEarly { origin, .. } => origin,
        }
    }
}

/// "; it printed: …", if it did.
fn said_text(said: &str) -> String {
    if said.is_empty() {
        "; it printed nothing".to_owned()
    } else {
        format!("; it printed: {said}")
    }
}
