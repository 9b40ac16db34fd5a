//! Following repositories, round after round.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Repository;
use super::client::{Client, Trouble};
use super::commits::Commits;
use super::feed::{Answer, Ask, Feed};
use super::issues::Issues;
use super::items::RepositoryItem;
use super::offsets::Offsets;
use super::releases::Releases;
use super::stargazers::Stargazers;
use crate::config;
use crate::log;
use crate::metrics::Metrics;
use crate::sink::Sink;
use crate::time;
use crate::topic::Topic;

/// Pages read of one listing before it is the next one's turn: the first look
/// at a large repository keeps nobody else waiting.
const PAGES_MAX: usize = 10;
/// How long a missing repository is left alone: each look costs a request.
const MISSING: Duration = Duration::from_hours(1);
/// The topics written to.
const TOPICS: [Topic; 5] =
    [Topic::Issues, Topic::PullRequests, Topic::Commits, Topic::Releases, Topic::Stargazers];

/// What is known of a repository that is followed.
#[derive(Debug, Default)]
struct Known {
    found: Option<(Repository, Option<String>)>,
    not_before: Option<Instant>,
    /// What was said last about it, so that it is said once.
    told: String,
}

/// Everything that following takes.
#[derive(Debug)]
pub struct Follower {
    client: Client,
    sink: Sink,
    offsets: Offsets,
    metrics: Arc<Metrics>,
    config: config::GitHub,
    known: BTreeMap<String, Known>,
}

impl Follower {
    /// Waits for Kafka and the registry, and reads how far things are.
    pub async fn new(
        client: Client,
        mut sink: Sink,
        metrics: Arc<Metrics>,
        config: config::GitHub,
    ) -> Self {
        sink.register(&TOPICS).await;
        let offsets = Offsets::load(&mut sink).await;
        metrics.wait_for(None);
        Self { client, sink, offsets, metrics, config, known: BTreeMap::new() }
    }

    /// Follows without end.
    pub async fn run(mut self) {
        // A limit that was used up before a restart is still used up.
        if let Err(trouble) = self.client.rate().await {
            log::line(format_args!("{}", log::chain(&trouble)));
        }
        loop {
            let begun = Instant::now();
            if !self.round().await {
                tokio::time::sleep_until(begun + self.config.every).await;
            }
        }
    }

    /// One turn for each listing; whether one of them has more to read.
    async fn round(&mut self) -> bool {
        let mut more = false;
        for name in self.config.repositories.clone() {
            let waits = self.known.get(&name).and_then(|known| known.not_before);
            if waits.is_some_and(|moment| moment > Instant::now()) {
                continue;
            }
            match self.repository(&name).await {
                Ok(Some(repository)) => more |= self.listings(&name, &repository).await,
                Ok(None) => {
                    self.known.entry(name.clone()).or_default().not_before =
                        Some(Instant::now() + MISSING);
                    self.tell(&name, "there is no such repository, or it is not for this token");
                }
                Err(trouble) => self.tell(&name, &log::chain(&trouble)),
            }
        }
        more
    }

    /// Looks a repository up; costs nothing while it stays as it is.
    async fn repository(&mut self, name: &str) -> Result<Option<Repository>, Trouble> {
        let known = self.known.get(name).and_then(|known| known.found.clone());
        let etag = known.as_ref().and_then(|(_, etag)| etag.as_ref());
        // Once found it is asked for by its number: a redirection costs a request.
        let path = match &known {
            Some((repository, _)) => format!("/repositories/{}", repository.id),
            None => format!("/repos/{name}"),
        };
        let ask = Ask::of(path).unless(etag);
        let found = match self.client.get::<RepositoryItem>(&ask).await? {
            Answer::Same => known,
            Answer::Page(page) => {
                let now = page.date.map_or_else(time::now, |seconds| seconds.saturating_mul(1000));
                let history = i64::try_from(self.config.history.as_millis()).unwrap_or(i64::MAX);
                let RepositoryItem { id, full_name } = page.body;
                if !full_name.eq_ignore_ascii_case(name) && known.is_none() {
                    log::line(format_args!("{name} is now called {full_name}"));
                }
                let floor = now.saturating_sub(history);
                Some((Repository { id, name: full_name, floor }, page.etag))
            }
            Answer::Missing | Answer::Empty | Answer::TooFar => None,
        };
        self.metrics.up.with_label_values(&[name]).set(i64::from(found.is_some()));
        let entry = self.known.entry(name.to_owned()).or_default();
        entry.not_before = None;
        entry.found = found;
        Ok(entry.found.as_ref().map(|(repository, _)| repository.clone()))
    }

    async fn listings(&mut self, name: &str, repository: &Repository) -> bool {
        let mut more = false;
        let mut troubles = Vec::new();
        for turn in [
            self.turn::<Issues>(repository).await,
            self.turn::<Commits>(repository).await,
            self.turn::<Releases>(repository).await,
            self.turn::<Stargazers>(repository).await,
        ] {
            match turn {
                Ok(unfinished) => more |= unfinished,
                Err(trouble) => troubles.push(trouble),
            }
        }
        self.tell(name, &troubles.join("; "));
        more
    }

    /// Reads some pages of a listing; whether there are more.
    async fn turn<F: Feed>(&mut self, repository: &Repository) -> Result<bool, String> {
        let mut cursor: F = self.offsets.get(repository);
        let place = [repository.name.as_str(), F::LISTING];
        for _ in 0..PAGES_MAX {
            let answer = match self.client.get(&cursor.ask(repository)).await {
                Err(Trouble::Server { .. }) if cursor.otherwise(repository) => {
                    self.offsets.put(&mut self.sink, repository, &cursor).await;
                    continue;
                }
                answer => answer.map_err(|trouble| log::chain(&trouble))?,
            };
            let Ok(step) = cursor.took(repository, answer) else {
                // It may have turned to another way.
                self.offsets.put(&mut self.sink, repository, &cursor).await;
                return Err(format!("there are no {}", F::LISTING));
            };
            if let Some(newest) = step.events.iter().map(|event| event.at).max() {
                self.sink.send(&step.events).await;
                let age = Duration::from_millis((time::now() - newest).max(0).cast_unsigned());
                self.metrics.lag.with_label_values(&place).set(age.as_secs_f64());
            }
            self.offsets.put(&mut self.sink, repository, &cursor).await;
            if step.done {
                let now = Duration::from_millis(time::now().max(0).cast_unsigned());
                self.metrics.success.with_label_values(&place).set(now.as_secs_f64());
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says what troubles a repository, once; an empty text is no trouble.
    fn tell(&mut self, name: &str, trouble: &str) {
        let known = self.known.entry(name.to_owned()).or_default();
        if known.told != trouble {
            let text = if trouble.is_empty() { "is well again" } else { trouble };
            log::line(format_args!("{name}: {text}"));
            trouble.clone_into(&mut known.told);
        }
    }
}
