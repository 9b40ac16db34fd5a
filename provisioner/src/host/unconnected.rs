//! Why there is no connection to a node, and whether waiting helps.

use std::time::Duration;

use terrarium_plan::RESTART_SECONDS;
use terrarium_ssh::{ConnectError, ExecError};

use super::UP_WITHIN;
use crate::error::{Code, Failure};
use crate::executor::lock;

/// Why there is no connection to work over.
pub(super) enum Unconnected {
    Ssh(ConnectError),
    Lock(lock::NotHeld),
}

impl Unconnected {
    /// How long a first connection is tried again: a node that was switched on a
    /// moment ago may be the reason, or one that is starting and says so.
    pub(super) fn worth_waiting(&self) -> Duration {
        match self {
            Self::Ssh(error) if error.is_not_up() => Duration::from_secs(RESTART_SECONDS),
            Self::Ssh(error) if error.retryable() => UP_WITHIN,
            Self::Ssh(_) | Self::Lock(_) => Duration::ZERO,
        }
    }

    /// Whether waiting is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Ssh(error) => identity(error),
            Self::Lock(lock::NotHeld::Failed(failure)) => failure.code == Code::Refused,
            Self::Lock(lock::NotHeld::Lost(_)) => false,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Ssh(error) => unreachable(&error),
            Self::Lock(error) => error.into_failure(),
        }
    }
}

/// A failure of a command; the error names the node itself.
pub(crate) fn failed(error: &ExecError) -> Failure {
    let code = if error.retryable() { Code::Connection } else { Code::Change };
    Failure::of(code, error).hint(error.hint())
}

/// A failure to connect; the error names the node itself.
fn unreachable(error: &ConnectError) -> Failure {
    Failure::of(Code::Connection, error).hint(error.hint())
}

/// Whether the error says that the node may not be the one we know.
fn identity(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::HostKeyChanged { .. }
            | ConnectError::HostKeyRevoked { .. }
            | ConnectError::HostKeyUnknown { .. }
            | ConnectError::HostKeyNotPinned { .. }
    )
}
