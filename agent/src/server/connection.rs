//! Connections: how many, how long, how large a request.
//!
//! A client that sends nothing, or byte by byte, must not keep Prometheus out.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Connections at a time; those beyond wait in the kernel's queue.
const MOST: usize = 128;

/// The time for a request's head to arrive, from its first byte or, on a kept
/// connection, from the last answer on. Longer than scrapes are apart, so that
/// Prometheus keeps its connection.
const HEAD: Duration = Duration::from_secs(65);

/// A head larger than this is none of Prometheus'.
const LARGEST_HEAD: usize = 16 * 1024;

/// After an accept that failed for want of descriptors or memory.
const BREATHER: Duration = Duration::from_millis(100);

/// The server's connections.
#[derive(Debug)]
pub(super) struct Connections {
    router: Router,
    slots: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Connections {
    pub(super) fn new(router: Router) -> Self {
        let (stopping, _) = watch::channel(false);
        Self { router, slots: Arc::new(Semaphore::new(MOST)), stopping }
    }

    /// Accepts and serves without end.
    pub(super) async fn accept(&self, listener: TcpListener) {
        loop {
            // Never closed, so there is always one to come.
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let serving = serve(stream, self.router.clone(), self.stopping.subscribe());
                    tokio::spawn(async move {
                        serving.await;
                        drop(slot);
                    });
                }
                Err(_) => tokio::time::sleep(BREATHER).await,
            }
        }
    }

    /// Lets requests under way end, and ends all connections.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        let all = u32::try_from(MOST).unwrap_or(u32::MAX);
        // Closed or not, there is nothing left to wait for.
        let _ = self.slots.acquire_many(all).await;
    }
}

async fn serve(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    // One answer a request: there is nothing to be gained from waiting.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What a client did wrong is its own affair.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
