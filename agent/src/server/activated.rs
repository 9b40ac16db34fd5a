//! Sockets that systemd hands over (`--web.systemd-socket`).

use std::io;
use std::os::fd::RawFd;

use tokio::net::TcpListener;

use super::connection;

/// The first of them.
const FIRST: RawFd = 3;

/// Why none can be served on.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// There are none for this process.
    #[error(
        "systemd handed no socket over ({said}); start the unit through its .socket unit, \
         or leave --web.systemd-socket out"
    )]
    None {
        /// What the environment says.
        said: String,
    },
    /// One is there and cannot be used.
    #[error("the socket with the number {number} cannot be served on; expected TCP that listens")]
    Socket {
        /// Its number.
        number: RawFd,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The listeners that systemd left open.
pub(super) fn listeners() -> Result<Vec<TcpListener>, ActivationError> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (process, count) = (variable("LISTEN_PID"), variable("LISTEN_FDS"));
    let mine = process == std::process::id().to_string();
    let count = count.parse::<RawFd>().ok().filter(|count| mine && *count > 0);
    let Some(count) = count else {
        let said = format!(
            "LISTEN_PID={process:?} for process {}, LISTEN_FDS={:?}",
            std::process::id(),
            variable("LISTEN_FDS")
        );
        return Err(ActivationError::None { said });
    };
    let taken = (FIRST..FIRST.saturating_add(count))
        .map(|number| take(number).map_err(|source| ActivationError::Socket { number, source }));
    taken.collect()
}

fn take(number: RawFd) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::from(terrarium_kernel::inherited(number)?);
    // What is no TCP has no such address; what does not listen accepts nobody.
    listener.local_addr()?;
    if !rustix::net::sockopt::socket_acceptconn(&listener)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen"));
    }
    connection::narrow(&listener)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
