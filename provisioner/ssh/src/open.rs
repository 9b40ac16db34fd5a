//! A stream to the node's SSH port: over TCP, or through a jump host.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use russh::ChannelOpenFailure;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Family;
use crate::connect::{Connection, connect};
use crate::error::ConnectError;
use crate::link::Stream;
use crate::target::{Limits, Place, Target};

/// A stream, and what it goes over.
pub(crate) struct Opened {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) through: Option<Arc<Connection>>,
}

/// Opens the way to the host's port.
pub(crate) async fn open(
    target: &Target,
    limits: &Limits,
    place: &Arc<Place>,
) -> Result<Opened, ConnectError> {
    let mut way = target.way();
    // Itself is last, and before it is the jump host that is connected to it.
    way.pop();
    let Some(hop) = way.pop() else {
        let (stream, address) = over_tcp(place, target.family, limits.connect).await?;
        return Ok(Opened { stream: Box::new(stream), address: Some(address), through: None });
    };
    // Boxed: it comes back here.
    let (connection, _) = Box::pin(connect(&hop, limits)).await?;
    let asked = connection.handle.channel_open_direct_tcpip(
        target.host.clone(),
        u32::from(target.port),
        "127.0.0.1",
        0,
    );
    let via = Arc::new(hop.place());
    let channel = match timeout(limits.connect, asked).await {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => {
            let forbidden = matches!(
                error,
                russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited)
            );
            return Err(ConnectError::Jump {
                place: Arc::clone(place),
                via: via.beside(),
                forbidden,
                source: Box::new(error),
            });
        }
        Err(_) => {
            return Err(timed_out(
                Arc::clone(place),
                "the connection from the jump host",
                limits.connect,
            ));
        }
    };
    let stream = Box::new(channel.into_stream());
    Ok(Opened { stream, address: None, through: Some(Arc::new(connection)) })
}

/// Tries the host's addresses in the resolver's order until one answers.
async fn over_tcp(
    place: &Arc<Place>,
    family: Family,
    limit: Duration,
) -> Result<(TcpStream, IpAddr), ConnectError> {
    let deadline = Instant::now() + limit;
    let resolved = timeout_at(deadline, lookup_host((place.host.as_str(), place.port))).await;
    let addresses: Vec<SocketAddr> = match resolved {
        Ok(Ok(addresses)) => addresses.filter(|address| family.has(address.ip())).collect(),
        Ok(Err(source)) => return Err(ConnectError::Resolve { place: Arc::clone(place), source }),
        Err(_) => return Err(timed_out(Arc::clone(place), "the host name's address", limit)),
    };
    let mut failure = None;
    for (index, address) in addresses.iter().enumerate() {
        // A dead first address must not use up the time of the others.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without this every command waits some 40 ms for a delayed
                // acknowledgement. The library sets it only on sockets it opens itself.
                if let Err(source) = stream.set_nodelay(true) {
                    return Err(ConnectError::Unreachable { place: Arc::clone(place), source });
                }
                return Ok((stream, address.ip()));
            }
            Ok(Err(error)) => failure = Some(tcp_error(Arc::clone(place), error, limit)),
            // A refusal says more than silence: keep it.
            Err(_) => {
                failure.get_or_insert_with(|| {
                    timed_out(Arc::clone(place), "the TCP connection", limit)
                });
            }
        }
    }
    Err(failure.unwrap_or_else(|| ConnectError::Resolve {
        place: Arc::clone(place),
        source: io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
    }))
}

fn tcp_error(place: Arc<Place>, source: io::Error, limit: Duration) -> ConnectError {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { place, source },
        io::ErrorKind::TimedOut => timed_out(place, "the TCP connection", limit),
        _ => ConnectError::Unreachable { place, source },
    }
}

pub(crate) fn timed_out(
    place: Arc<Place>,
    waited_for: &'static str,
    limit: Duration,
) -> ConnectError {
    ConnectError::Timeout { place, waited_for, limit }
}
