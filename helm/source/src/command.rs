//! The subcommands: each sets up what it takes and runs it.

mod devices;
mod github;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Args, Command};
use crate::config::{Config, Problems};
use crate::metrics::Metrics;
use crate::secret::SecretError;
use crate::server::{ListenError, listen, router};
use crate::sink::SinkError;
use crate::{github::client::Trouble, recorded};

/// How long `--check` and `--once` may take.
const ONCE: Duration = Duration::from_mins(1);

/// Why the program ends before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[source] Problems),
    /// The token cannot be had.
    #[error("cannot use `token_file`")]
    Token(#[source] SecretError),
    /// The runtime or a signal handler could not be set up.
    #[error("cannot set up the event loop or the signal handlers")]
    Setup(#[source] io::Error),
    /// The metrics could not be registered.
    #[error("cannot register the metrics")]
    Metrics(#[source] prometheus::Error),
    /// The address is taken.
    #[error("cannot serve")]
    Listen(#[source] ListenError),
    /// Serving ended by itself.
    #[error("cannot go on serving")]
    Serve(#[source] io::Error),
    /// The one record could not be written.
    #[error("cannot write the record")]
    Write(#[source] SinkError),
    /// GitHub could not be asked.
    #[error("cannot check GitHub")]
    Check(#[source] Trouble),
    /// The API has no rate limits to ask for.
    #[error("cannot check GitHub: {0} has no /rate_limit")]
    NoLimits(String),
    /// It took too long.
    #[error("not done after {} seconds", ONCE.as_secs())]
    Late,
}

impl Failure {
    /// The exit code: 2 for what was written wrong, 3 for what cannot be
    /// reached, 1 for everything else.
    pub fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Token(_) | Self::Listen(_) => 2,
            Self::Write(_) | Self::Check(_) | Self::NoLimits(_) | Self::Late => 3,
            Self::Setup(_) | Self::Metrics(_) | Self::Serve(_) => 1,
        }
    }
}

/// Does what the command line says, until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot; see [`Failure`].
pub fn run(args: &Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Requests are made one after the other; a second thread resolves names.
        .max_blocking_threads(2)
        .build()
        .map_err(Failure::Setup)?;
    let result = runtime.block_on(async {
        match &args.command {
            Command::Github { config, check: None } => github::follow(load(config)?).await,
            Command::Github { config, check: Some(mark) } => {
                in_time(github::check(load(config)?, mark)).await
            }
            Command::Devices { config, owner: None, .. } => devices::flow(load(config)?).await,
            Command::Devices { config, owner: Some(mark), .. } => {
                in_time(devices::once(load(config)?, mark)).await
            }
            Command::RecordServer { listen: address } => {
                let listener = listen(address, "a recording").await.map_err(Failure::Listen)?;
                let served = axum::serve(listener, recorded::server::router());
                until_told(async { served.await.map_err(Failure::Serve) }).await
            }
        }
    });
    // A request under way must not hold up the end.
    runtime.shutdown_background();
    result
}

fn load(path: &Path) -> Result<Config, Failure> {
    Config::load(path).map_err(Failure::Config)
}

fn metrics() -> Result<Arc<Metrics>, Failure> {
    Metrics::new().map(Arc::new).map_err(Failure::Metrics)
}

/// Serves health and metrics beside `work`, until told to stop.
async fn serving(
    config: &Config,
    metrics: Arc<Metrics>,
    work: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let listener = listen(&config.listen, "/metrics").await.map_err(Failure::Listen)?;
    let served = tokio::spawn(axum::serve(listener, router(metrics)).into_future());
    until_told(async {
        work.await;
        Ok(())
    })
    .await?;
    served.abort();
    Ok(())
}

/// Runs `work` until SIGTERM or SIGINT. Stopping in the middle loses nothing:
/// offsets follow their events.
async fn until_told(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Setup)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Setup)?;
    let mut work = Box::pin(work);
    std::future::poll_fn(|context| {
        let told =
            terminate.poll_recv(context).is_ready() | interrupt.poll_recv(context).is_ready();
        if told { std::task::Poll::Ready(Ok(())) } else { work.as_mut().poll(context) }
    })
    .await
}

async fn in_time(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::time::timeout(ONCE, Box::pin(work)).await.unwrap_or(Err(Failure::Late))
}
