//! The HTTP side: `/metrics` and `/healthz`.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::address::Address;
use crate::agent::Agent;
use crate::cli::Args;
use crate::encoder;

/// How long requests under way may take once the agent was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Why the agent could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The runtime or a signal handler could not be set up.
    #[error("cannot set up the event loop or the signal handlers")]
    Setup(#[source] io::Error),
    /// The metrics could not be registered.
    #[error("cannot register the agent's own metrics")]
    Register(#[source] prometheus::Error),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}; see whether another exporter has the port \
         (ss -tlnp), or give another --web.listen-address"
    )]
    Listen {
        /// The address as given.
        address: Address,
        /// What the kernel or the resolver said.
        source: io::Error,
    },
    /// Serving ended by itself.
    #[error("cannot go on serving")]
    Serve(#[source] io::Error),
}

type Shared = Arc<Mutex<Agent>>;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the agent cannot start; see [`ServeError`].
pub fn run(args: &Args) -> Result<(), ServeError> {
    let agent = Agent::new(&args.roots()).map_err(ServeError::Register)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Setup)?
        .block_on(serve(&args.listen, agent))
}

async fn serve(address: &Address, agent: Agent) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Setup)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Setup)?;
    let listener = listen(address)
        .await
        .map_err(|source| ServeError::Listen { address: address.clone(), source })?;
    let bound = listener.local_addr().map_err(ServeError::Setup)?;
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "listening on http://{bound}/metrics");

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, router(agent)).with_graceful_shutdown(async move {
        // Nothing is ever sent: that the sender is gone is the sign.
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    std::future::poll_fn(|context| {
        let told =
            terminate.poll_recv(context).is_ready() | interrupt.poll_recv(context).is_ready();
        if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    drop(stop);
    match tokio::time::timeout(GRACE, server).await {
        // Too late, or not joined: stopping is what was asked for.
        Err(_) | Ok(Err(_)) => Ok(()),
        Ok(Ok(served)) => served.map_err(ServeError::Serve),
    }
}

async fn listen(address: &Address) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for candidate in address.candidates()? {
        match TcpListener::bind(candidate).await {
            Ok(listener) => return Ok(listener),
            // The port is taken: another family's would be found half deaf.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn router(agent: Agent) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .fallback(elsewhere)
        .with_state(Arc::new(Mutex::new(agent)))
}

/// A handler that panicked would have ended the process: the lock is sound.
fn with<T>(shared: &Shared, act: impl FnOnce(&mut Agent) -> T) -> T {
    act(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn metrics(State(shared): State<Shared>) -> Response {
    with(&shared, |agent| match agent.render() {
        Ok(page) => {
            agent.registered().request("/metrics", "200");
            ([(CONTENT_TYPE, encoder::CONTENT_TYPE)], page).into_response()
        }
        Err(error) => {
            agent.registered().request("/metrics", "500");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    })
}

async fn healthz(State(shared): State<Shared>) -> &'static str {
    with(&shared, |agent| agent.registered().request("/healthz", "200"));
    "ok\n"
}

async fn elsewhere(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    with(&shared, |agent| agent.registered().request("other", "404"));
    (StatusCode::NOT_FOUND, "not found; the metrics are at /metrics\n")
}
