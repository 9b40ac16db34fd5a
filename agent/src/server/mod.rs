//! The HTTP side: listening, connections, stopping.

mod accept;
mod activated;
mod batch;
mod connection;
mod guard;
mod paced;
mod pages;
mod probing;
mod seats;
mod watching;

use std::io::{self, Write};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::address::Address;
use crate::agent::Agent;
use crate::cli::Args;
use crate::web::{Current, StartError};
pub use activated::ActivationError;
use connection::Connections;
use watching::Watching;

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
    /// The probes could not be set up.
    #[error("cannot set up the probes")]
    Probes(#[source] crate::probe::SetupError),
    /// The web configuration cannot be used.
    #[error("cannot start with --web.config.file")]
    Web(#[source] StartError),
    /// What systemd handed over cannot be served on.
    #[error("cannot start with --web.systemd-socket")]
    Activation(#[from] ActivationError),
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
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the agent cannot start; see [`ServeError`].
pub fn run(args: &Args) -> Result<(), ServeError> {
    let mut agent = Agent::new(&args.settings()).map_err(ServeError::Register)?.beside();
    if args.disable_exporter_metrics {
        agent = agent.without_own_metrics();
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Setup)?
        .block_on(serve(args, agent))
}

async fn serve(args: &Args, agent: Agent) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Setup)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Setup)?;
    let hangup = signal(SignalKind::hangup()).map_err(ServeError::Setup)?;
    let web = match &args.web_config {
        Some(path) => {
            let registry = agent.registered().registry();
            Some(Arc::new(Current::start(path, registry).map_err(ServeError::Web)?))
        }
        None => None,
    };
    let listeners = if args.systemd_socket { activated::listeners()? } else { bound(args)? };
    let scheme = if web.as_ref().is_some_and(|web| web.get().tls.is_some()) { "s" } else { "" };
    for listener in &listeners {
        let bound = listener.local_addr().map_err(ServeError::Setup)?;
        // With standard error gone there is nobody left to tell.
        let _ =
            writeln!(io::stderr(), "listening on http{scheme}://{bound}{}", args.metrics_path.0);
    }

    let probing = probing::start(args.config.clone(), &agent)?;
    tokio::spawn(probing::follow(hangup, probing.clone()));
    let watching = Watching::new(args.settings(), &agent, probing);
    let following = Arc::clone(&watching);
    tokio::spawn(async move { following.follow().await });
    let mut router = pages::router(args, agent, watching);
    if let Some(web) = &web {
        router = guard::guarded(router, Arc::clone(web));
    }
    let connections = Connections::new(router, web);
    let accepting = connections.accept(listeners);
    let told = std::future::poll_fn(|context| {
        let told =
            terminate.poll_recv(context).is_ready() | interrupt.poll_recv(context).is_ready();
        if told { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::select! {
        () = accepting => {}
        () = told => {}
    }
    // Too late is no failure: stopping is what was asked for.
    let _ = tokio::time::timeout(GRACE, connections.stop()).await;
    Ok(())
}

/// The listeners of the addresses that were given.
fn bound(args: &Args) -> Result<Vec<TcpListener>, ServeError> {
    let listeners = args.listen.iter().map(|address| {
        listen(address).map_err(|source| ServeError::Listen { address: address.clone(), source })
    });
    listeners.collect()
}

fn listen(address: &Address) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for candidate in address.candidates()? {
        match connection::listen(candidate) {
            Ok(listener) => return Ok(listener),
            // The port is taken: another family's would be found half deaf.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}
