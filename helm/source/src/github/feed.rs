//! What a listing's cursor is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Repository;
use crate::sink::Event;

/// A request to GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Path and query.
    pub path: String,
    /// The tag of what is already known of it.
    pub etag: Option<String>,
    /// The media type asked for.
    pub accept: &'static str,
}

/// The usual media type.
pub const JSON: &str = "application/vnd.github+json";

impl Ask {
    /// Asks for `path` without a condition.
    pub fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), etag: None, accept: JSON }
    }

    /// Asks only for what is not tagged `etag`.
    #[must_use]
    pub fn unless(self, etag: Option<&String>) -> Self {
        Self { etag: etag.cloned(), ..self }
    }
}

/// An answer that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was asked for.
    Page(Page<T>),
    /// Nothing changed since the tag.
    Same,
    /// There is no such thing.
    Missing,
    /// The repository has no commit.
    Empty,
    /// The listing does not go that far.
    TooFar,
}

/// A body and what its headers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// The parsed body.
    pub body: T,
    /// Its tag.
    pub etag: Option<String>,
    /// Path and query of the page after it.
    pub next: Option<String>,
    /// The number of the listing's last page.
    pub last: Option<u32>,
    /// The server's clock, in seconds since 1970.
    pub date: Option<i64>,
}

/// What came of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What is new.
    pub events: Vec<Event>,
    /// Whether the listing was read to its end.
    pub done: bool,
}

impl Step {
    /// Nothing new, and nothing more to ask for.
    pub fn done() -> Self {
        Self { events: Vec::new(), done: true }
    }

    /// Nothing new yet.
    pub fn more() -> Self {
        Self::default()
    }
}

/// The listing is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

/// How far a listing was read, and how to go on. What [`Feed::took`] returns
/// must be in Kafka before the changed cursor is.
pub trait Feed: Clone + Default + PartialEq + Serialize + DeserializeOwned {
    /// What messages, metrics and the key of the stored cursor call it.
    const LISTING: &'static str;
    /// What a page holds.
    type Body: DeserializeOwned + Send + 'static;

    /// What to ask next.
    fn ask(&self, repository: &Repository) -> Ask;

    /// Takes the answer to [`Feed::ask`].
    ///
    /// # Errors
    /// When there is no such listing.
    fn took(
        &mut self,
        repository: &Repository,
        answer: Answer<Self::Body>,
    ) -> Result<Step, Missing>;

    /// The server fails whenever this is asked: whether the cursor knows
    /// another way, and takes it from now on.
    fn otherwise(&mut self, repository: &Repository) -> bool {
        let _ = repository;
        false
    }
}
