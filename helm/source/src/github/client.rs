//! Asking GitHub: one request at a time, never faster than it allows.

mod fetch;

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::feed::{Answer, Ask, Page};
use super::items::{Rate, RateLimit};
use super::link;
use super::reply::{Head, Verdict, judge, pause};
use crate::log;
use crate::metrics::Metrics;
use crate::secret::Secret;
use crate::time;
use fetch::{Fetched, fetch};

/// How often something is asked before it is given up for now.
const TRIES: u32 = 6;
/// The pause after the first failure; doubled after each.
const PAUSE: Duration = Duration::from_millis(250);
/// Redirections followed in a row.
const MOVES_MAX: u32 = 5;
/// Waits worth a line in the log.
const LONG: Duration = Duration::from_secs(30);

/// Why there is no answer to work with.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The connection fails, or what comes over it is no answer.
    #[error("GitHub at {api} cannot be asked")]
    Broken {
        /// Where the API is.
        api: String,
        /// What failed last.
        #[source]
        source: fetch::FetchError,
    },
    /// The server fails whenever this is asked.
    #[error("GitHub answers {status} to {path}")]
    Server {
        /// The status.
        status: u16,
        /// What was asked.
        path: String,
    },
    /// The token is no good.
    #[error("GitHub does not take the token: {0}")]
    Unauthorized(String),
    /// It does not want to.
    #[error("GitHub refuses {path} with {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What was asked.
        path: String,
        /// What it says.
        message: String,
    },
    /// A redirection leads away from the API, or in circles.
    #[error("GitHub sends {path} to a place that is not followed")]
    Astray {
        /// What was asked.
        path: String,
    },
}

/// The API, and when it may be asked again.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    api: String,
    token: Option<Secret>,
    metrics: Arc<Metrics>,
    /// Nothing is asked before.
    not_before: Instant,
    /// How many answers in a row were refusals for too many requests.
    refusals: u32,
}

impl Client {
    /// Asks nothing yet.
    pub fn new(api: &str, token: Option<Secret>, metrics: Arc<Metrics>) -> Self {
        let not_before = Instant::now();
        Self { agent: fetch::agent(), api: api.to_owned(), token, metrics, not_before, refusals: 0 }
    }

    /// The rate limit as it is now. Asking does not count.
    pub async fn rate(&mut self) -> Result<Option<Rate>, Trouble> {
        // A server without limits has no such page.
        let Answer::Page(page) = self.get::<RateLimit>(&Ask::of("/rate_limit")).await? else {
            return Ok(None);
        };
        let rate = page.body.resources.core;
        let head = Head {
            date: page.date,
            limit: Some(rate.limit),
            remaining: Some(rate.remaining),
            reset: Some(rate.reset),
            ..Head::default()
        };
        self.note(&head, Verdict::Page);
        Ok(Some(rate))
    }

    /// Asks, and follows redirections.
    pub async fn get<T: DeserializeOwned + Send + 'static>(
        &mut self,
        ask: &Ask,
    ) -> Result<Answer<T>, Trouble> {
        let mut ask = ask.clone();
        for _ in 0..MOVES_MAX {
            let fetched = self.settled::<T>(&ask).await?;
            let Fetched { head, body, message } = fetched;
            let path = ask.path.clone();
            return Ok(match judge(&head, &message) {
                Verdict::Moved => {
                    let location = head.location.unwrap_or_default();
                    let to = link::path_under(&location, &self.api);
                    ask.path = to.ok_or(Trouble::Astray { path })?.to_owned();
                    continue;
                }
                Verdict::Same => Answer::Same,
                Verdict::Missing => Answer::Missing,
                Verdict::Empty => Answer::Empty,
                Verdict::TooFar => Answer::TooFar,
                Verdict::Unauthorized => return Err(Trouble::Unauthorized(message)),
                Verdict::Page if let Some(body) = body => self.page(head, body),
                _ => return Err(Trouble::Refused { status: head.status, path, message }),
            });
        }
        Err(Trouble::Astray { path: ask.path })
    }

    fn page<T>(&self, head: Head, body: T) -> Answer<T> {
        let links = link::parse(head.link.as_deref().unwrap_or_default(), &self.api);
        let (etag, date) = (head.etag, head.date);
        Answer::Page(Page { body, etag, next: links.next, last: links.last, date })
    }

    /// Asks until there is an answer that asking again would not change.
    async fn settled<T: DeserializeOwned + Send + 'static>(
        &mut self,
        ask: &Ask,
    ) -> Result<Fetched<T>, Trouble> {
        let mut failures = 0;
        loop {
            self.wait().await;
            let fetched = self.fetch::<T>(ask).await;
            let trouble = match fetched {
                Ok(fetched) => {
                    let verdict = judge(&fetched.head, &fetched.message);
                    self.note(&fetched.head, verdict);
                    match verdict {
                        Verdict::Limited => continue,
                        Verdict::Later => {
                            let (status, path) = (fetched.head.status, ask.path.clone());
                            Trouble::Server { status, path }
                        }
                        _ => return Ok(fetched),
                    }
                }
                Err(source) => Trouble::Broken { api: self.api.clone(), source },
            };
            self.metrics.failures.with_label_values(&["github"]).inc();
            failures += 1;
            if failures == TRIES {
                return Err(trouble);
            }
            self.hold(PAUSE * 2_u32.pow(failures - 1));
        }
    }

    async fn fetch<T: DeserializeOwned + Send + 'static>(
        &self,
        ask: &Ask,
    ) -> Result<Fetched<T>, fetch::FetchError> {
        let (agent, url) = (self.agent.clone(), format!("{}{}", self.api, ask.path));
        let (ask, token) = (ask.clone(), self.token.clone());
        let work = move || fetch::<T>(&agent, &url, &ask, token.as_ref());
        let fetched = tokio::task::spawn_blocking(work).await;
        let fetched = fetched.unwrap_or(Err(fetch::FetchError::Interrupted));
        let status = fetched.as_ref().map(|fetched| fetched.head.status.to_string());
        let status = status.unwrap_or_else(|_| "error".to_owned());
        self.metrics.requests.with_label_values(&[&status]).inc();
        fetched
    }

    /// Keeps what an answer says about limits.
    fn note(&mut self, head: &Head, verdict: Verdict) {
        self.refusals = if verdict == Verdict::Limited { self.refusals + 1 } else { 0 };
        if let (Some(limit), Some(remaining)) = (head.limit, head.remaining) {
            self.metrics.rate_limit.set(limit);
            self.metrics.rate_remaining.set(remaining);
        }
        let now = time::now() / 1000;
        let wait = pause(head, verdict, self.refusals, now);
        if wait >= LONG {
            log::line(format_args!(
                "GitHub's rate limit: nothing is asked for {} s",
                wait.as_secs()
            ));
        }
        self.hold(wait);
    }

    fn hold(&mut self, wait: Duration) {
        self.not_before = self.not_before.max(Instant::now() + wait);
    }

    async fn wait(&self) {
        tokio::time::sleep_until(self.not_before).await;
    }
}
