//! Connections: how many, how long, how large a request.
//!
//! A client that sends nothing, or byte by byte, that asks again and again or
//! never reads its answers must not keep Prometheus out, nor fill the memory:
//! the unit's limit counts the kernel's buffers too.

use std::convert::Infallible;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, getrlimit};
use rustix::time::Timespec;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tower_service::Service as _;

use super::paced::Paced;
use super::seats::{Seat, Seats};
use crate::source::lacks;
use crate::web::Current;

/// Connections at a time.
const MOST: usize = 128;

/// Where few files may be open, connections get so small a share of them: the
/// rest is for what a page is made of.
const SHARE: u64 = 4;

/// Connections that there are all the same.
const FEWEST: usize = 4;

/// Accepted before those that are there are served again.
const AT_ONCE: usize = 16;

/// Waiting to be accepted: what a flood leaves behind in the kernel.
const BACKLOG: u32 = 1024;

/// What the kernel holds of a request and of an answer, before it doubles them
/// for its own use. With its defaults one client can have it hold hundreds of
/// megabytes; a scrape's head and its compressed page fit into these.
const RECEIVED: u32 = 4 * 1024;
const SENT: u32 = 16 * 1024;

/// Likewise for what TLS holds of an answer, encrypted.
const ENCRYPTED: usize = 4 * 1024;

/// The time for a request's head to arrive, from the connection's begin or
/// the last answer on. Longer than scrapes are apart, so that Prometheus keeps
/// its connection; who abuses it loses the seat when others come.
const HEAD: Duration = Duration::from_secs(65);

/// The time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A head larger than this is none of Prometheus'.
const LARGEST_HEAD: usize = 16 * 1024;

/// After an accept that failed for want of descriptors or memory.
const BREATHER: Duration = Duration::from_millis(100);

/// The server's connections.
#[derive(Debug)]
pub(super) struct Connections {
    router: Router,
    web: Option<Arc<Current>>,
    seats: Arc<Seats>,
    stopping: watch::Sender<bool>,
}

impl Connections {
    pub(super) fn new(router: Router, web: Option<Arc<Current>>) -> Self {
        let (stopping, _) = watch::channel(false);
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let share = usize::try_from(files / SHARE).unwrap_or(usize::MAX);
        Self { router, web, seats: Seats::new(share.clamp(FEWEST, MOST)), stopping }
    }

    /// Accepts and serves without end.
    pub(super) async fn accept(&self, mut listeners: Vec<TcpListener>) {
        let mut spare = None;
        loop {
            if spare.is_none() {
                spare = File::open("/dev/null").ok();
            }
            for _ in 0..AT_ONCE {
                // Another comes first each time: who is flooded leaves the others be.
                listeners.rotate_left(1);
                let accepted = poll_fn(|context| {
                    let mut all = listeners.iter().map(|listener| listener.poll_accept(context));
                    all.find(Poll::is_ready).unwrap_or(Poll::Pending)
                });
                match accepted.await {
                    Ok((stream, peer)) => self.open(stream, peer),
                    Err(error) if lacks(&error) => {
                        // The one that is kept for this; then somebody's who
                        // only sits there. But only if anybody wants to come:
                        // the kernel says this before it has looked.
                        if spare.take().is_none() {
                            if comes(&listeners) {
                                self.seats.make_way();
                            } else {
                                tokio::time::sleep(BREATHER).await;
                            }
                            break;
                        }
                    }
                    // The client has left again.
                    Err(_) => {}
                }
            }
            // Those who came before are served before the next ones may take
            // their seats, and what they held is free.
            tokio::task::yield_now().await;
        }
    }

    fn open(&self, stream: TcpStream, peer: SocketAddr) {
        let seat = Arc::new(self.seats.take(peer.ip()));
        let (router, web) = (self.router.clone(), self.web.clone());
        tokio::spawn(open(stream, web, router, seat, self.stopping.subscribe()));
    }

    /// Lets requests under way end, and ends all connections.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        // Each connection holds a receiver for as long as it lives.
        self.stopping.closed().await;
    }
}

/// Listens with small buffers: those of each connection are as its listener's.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(RECEIVED)?;
    socket.set_send_buffer_size(SENT)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Gives another's listener the same small buffers.
pub(super) fn narrow(listener: &std::net::TcpListener) -> io::Result<()> {
    rustix::net::sockopt::set_socket_recv_buffer_size(listener, RECEIVED as usize)?;
    rustix::net::sockopt::set_socket_send_buffer_size(listener, SENT as usize)?;
    Ok(())
}

/// Whether a connection waits to be accepted.
fn comes(listeners: &[TcpListener]) -> bool {
    let mut all: Vec<PollFd<'_>> =
        listeners.iter().map(|listener| PollFd::new(listener, PollFlags::IN)).collect();
    poll(&mut all, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Speaks TLS where the configuration in force says so.
async fn open(
    stream: TcpStream,
    web: Option<Arc<Current>>,
    router: Router,
    seat: Arc<Seat>,
    mut stopping: watch::Receiver<bool>,
) {
    // One answer a request: there is nothing to be gained from waiting.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = web.and_then(|web| web.get().tls.clone()) else {
        return serve(stream, router, &seat, &mut stopping).await;
    };
    let accepting = acceptor.accept_with(stream, |tls| tls.set_buffer_limit(Some(ENCRYPTED)));
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HANDSHAKE, accepting) => shaken,
        () = seat.taken_away() => return,
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    // What a client did wrong is its own affair.
    if let Ok(Ok(stream)) = shaken {
        serve(stream, router, &seat, &mut stopping).await;
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    seat: &Arc<Seat>,
    stopping: &mut watch::Receiver<bool>,
) {
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let (mut router, seat) = (router.clone(), Arc::clone(seat));
        async move {
            // Nothing is made for who has not read what was made before.
            seat.is_read().await;
            seat.is_due().await;
            seat.asks();
            request.extensions_mut().insert(Arc::clone(&seat));
            let answer = router.call(request.map(Body::new)).await;
            seat.answers();
            Ok::<_, Infallible>(answer.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(Paced::new(stream, Arc::clone(seat))), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = seat.taken_away() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
