//! A TCP connection from the node itself to an address it reaches: what listens
//! on its loopback, or a pod on it. No program is started on the node.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use russh::client::Msg;
use russh::{ChannelOpenFailure, ChannelStream};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::Source;
use crate::link::Lost;
use crate::session::Session;
use crate::target::Place;

/// The connection's two directions. It is closed when dropped.
pub struct Tunnel(ChannelStream<Msg>);

/// Which address was to be reached from which node; reads "node `pi-2`
/// (10.0.0.12:22): 127.0.0.1:9100".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Far {
    /// The node.
    pub place: Arc<Place>,
    /// The host as the node sees it.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why there is no connection.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// The node cannot reach the address: mostly, nobody listens there.
    #[error("{far}: the node cannot connect to it")]
    Refused {
        /// Which address.
        far: Far,
        /// The library's error.
        source: Source,
    },
    /// sshd forwards no connections for this user.
    #[error("{far}: the node forwards no connections")]
    Forbidden {
        /// Which address.
        far: Far,
    },
    /// The connection to the node ended.
    #[error("{far}: connection lost")]
    ConnectionLost {
        /// Which address.
        far: Far,
        /// Why the connection ended.
        source: Lost,
    },
    /// No answer in time.
    #[error("{far}: not connected within {after:?}")]
    Deadline {
        /// Which address.
        far: Far,
        /// The time it had.
        after: Duration,
    },
}

impl TunnelError {
    /// What the user can do about it, if this crate knows.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Forbidden { .. } => Some(
                "allow it in the node's sshd_config (`AllowTcpForwarding yes`), and reload ssh"
                    .to_owned(),
            ),
            Self::Refused { .. } | Self::ConnectionLost { .. } | Self::Deadline { .. } => None,
        }
    }
}

impl Session {
    /// Connects to an address as the node sees it.
    pub async fn dial(
        &self,
        host: &str,
        port: u16,
        within: Duration,
    ) -> Result<Tunnel, TunnelError> {
        let far = || Far { place: Arc::clone(&self.inner.place), host: host.to_owned(), port };
        let (tell, told) = oneshot::channel();
        let (handle, to) = (Arc::clone(&self.inner.handle), host.to_owned());
        // In a task of its own: a caller that goes away while the node confirms
        // the channel would otherwise leave it open for good.
        tokio::spawn(async move {
            let opened = handle.channel_open_direct_tcpip(to, port.into(), "127.0.0.1", 0).await;
            drop(tell.send(opened.map(|channel| Tunnel(channel.into_stream()))));
        });
        self.inner.channels.fetch_add(1, Ordering::Relaxed);
        match timeout(within, told).await {
            Ok(Ok(Ok(tunnel))) => Ok(tunnel),
            Ok(Ok(Err(russh::Error::ChannelOpenFailure(
                ChannelOpenFailure::AdministrativelyProhibited,
            )))) => Err(TunnelError::Forbidden { far: far() }),
            Ok(Ok(Err(error @ russh::Error::ChannelOpenFailure(_)))) => {
                Err(TunnelError::Refused { far: far(), source: Box::new(error) })
            }
            Ok(_) => Err(TunnelError::ConnectionLost {
                far: far(),
                source: self.lost().unwrap_or(Lost::Closed),
            }),
            Err(_) => Err(TunnelError::Deadline { far: far(), after: within }),
        }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

impl fmt::Display for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{}: [{}]:{}", self.place, self.host, self.port)
        } else {
            write!(f, "{}: {}:{}", self.place, self.host, self.port)
        }
    }
}
