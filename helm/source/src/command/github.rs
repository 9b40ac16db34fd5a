//! `github`, and `github --check`.

use std::sync::Arc;

use super::{Failure, metrics, serving};
use crate::config::{self, Config};
use crate::github::client::Client;
use crate::github::events;
use crate::github::follow::Follower;
use crate::log;
use crate::metrics::Metrics;
use crate::secret::{Secret, SecretError};
use crate::sink::Sink;
use crate::time;

/// Follows the configured repositories.
pub(super) async fn follow(config: Config) -> Result<(), Failure> {
    let metrics = metrics()?;
    let client = client(&config.github, &metrics)?;
    let sink = Sink::new(&config, Arc::clone(&metrics));
    if config.github.repositories.is_empty() {
        log::line(format_args!("[github] names no repositories: there is nothing to follow"));
    }
    let github = config.github.clone();
    let kept = Arc::clone(&metrics);
    let work = async move { Follower::new(client, sink, kept, github).await.run().await };
    serving(&config, metrics, Box::pin(work)).await
}

/// Asks GitHub for what costs nothing, and writes a record with `mark`.
pub(super) async fn check(config: Config, mark: &str) -> Result<(), Failure> {
    let metrics = metrics()?;
    let mut client = client(&config.github, &metrics)?;
    let rate = client.rate().await.map_err(Failure::Check)?;
    let rate = rate.ok_or_else(|| Failure::NoLimits(config.github.api.clone()))?;
    let api = &config.github.api;
    let event = events::check(mark, api, rate.limit, rate.remaining, time::now());
    Sink::new(&config, metrics).try_send(&[event]).await.map_err(Failure::Write)
}

fn client(config: &config::GitHub, metrics: &Arc<Metrics>) -> Result<Client, Failure> {
    let token = token(config)?;
    Ok(Client::new(&config.api, token, Arc::clone(metrics)))
}

/// The token is optional, and whether it was given shows in whether its file
/// is there.
fn token(config: &config::GitHub) -> Result<Option<Secret>, Failure> {
    let Some(path) = &config.token_file else { return Ok(None) };
    match Secret::read(path) {
        Ok(token) => Ok(Some(token)),
        Err(SecretError::Read(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            log::line(format_args!("no {}: GitHub is asked without a token", path.display()));
            Ok(None)
        }
        Err(error) => Err(Failure::Token(error)),
    }
}
