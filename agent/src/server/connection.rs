//! Connections: how many, how long, how large a request.
//!
//! A client that sends nothing, or byte by byte, or never reads its answer,
//! must not keep Prometheus out.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_service::Service as _;

use super::seats::{Seat, Seats};
use crate::web::Current;

/// Connections at a time.
const MOST: usize = 128;

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
        Self { router, web, seats: Seats::new(MOST), stopping }
    }

    /// Accepts and serves without end.
    pub(super) async fn accept(&self, mut listeners: Vec<TcpListener>) {
        loop {
            // Another comes first each time: who is flooded leaves the others be.
            listeners.rotate_left(1);
            let accepted = poll_fn(|context| {
                let mut all = listeners.iter().map(|listener| listener.poll_accept(context));
                all.find(Poll::is_ready).unwrap_or(Poll::Pending)
            });
            match accepted.await {
                Ok((stream, _)) => {
                    let seat = self.seats.take();
                    let (router, web) = (self.router.clone(), self.web.clone());
                    let stopping = self.stopping.subscribe();
                    tokio::spawn(open(stream, web, router, seat, stopping));
                    // Those who came before are served before the next one
                    // may take their seats.
                    tokio::task::yield_now().await;
                }
                Err(_) => tokio::time::sleep(BREATHER).await,
            }
        }
    }

    /// Lets requests under way end, and ends all connections.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        // Each connection holds a receiver for as long as it lives.
        self.stopping.closed().await;
    }
}

/// Speaks TLS where the configuration in force says so.
async fn open(
    stream: TcpStream,
    web: Option<Arc<Current>>,
    router: Router,
    seat: Seat,
    mut stopping: watch::Receiver<bool>,
) {
    // One answer a request: there is nothing to be gained from waiting.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = web.and_then(|web| web.get().tls.clone()) else {
        return serve(stream, router, &seat, &mut stopping).await;
    };
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)) => shaken,
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
    seat: &Seat,
    stopping: &mut watch::Receiver<bool>,
) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        seat.asks();
        let answer = router.clone().call(request.map(Body::new));
        async { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = seat.taken_away() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
