//! Releases, the newest first. There are few, but they are edited: the newest
//! hundred are remembered with a digest each. What is older is read once.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::feed::{Answer, Ask, Feed, Missing, Page, Step};
use super::recent::Recent;
use super::{Repository, events, items};

/// How far releases were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Releases {
    /// The tag of the first page.
    etag: Option<String>,
    /// What the first page had.
    seen: Recent,
    /// The page to read on with: the first had nothing known.
    next: Option<String>,
    /// What the first page had before that.
    before: Recent,
}

impl Feed for Releases {
    const LISTING: &'static str = "releases";
    type Body = Vec<items::Release>;

    fn ask(&self, repository: &Repository) -> Ask {
        match &self.next {
            Some(next) => Ask::of(next),
            None => Ask::of(format!("/repositories/{}/releases?per_page=100", repository.id))
                .unless(self.etag.as_ref()),
        }
    }

    fn took(
        &mut self,
        repository: &Repository,
        answer: Answer<Self::Body>,
    ) -> Result<Step, Missing> {
        match answer {
            Answer::Page(page) => Ok(self.page(repository, page)),
            Answer::Same => Ok(Step::done()),
            Answer::Missing => Err(Missing),
            Answer::Empty | Answer::TooFar => {
                self.next = None;
                Ok(Step::done())
            }
        }
    }
}

impl Releases {
    fn page(&mut self, repository: &Repository, page: Page<Vec<items::Release>>) -> Step {
        let first = self.next.is_none();
        let known = if first { std::mem::take(&mut self.seen) } else { self.before.clone() };
        let mut reached = false;
        let mut events = Vec::new();
        for item in &page.body {
            let event = events::release(repository, item);
            let digest = digest(&event.value);
            reached |= known.has(item.id);
            if !known.knows(item.id, digest) {
                events.push(event);
            }
            if first {
                self.seen.add(item.id, digest);
            }
        }
        if first {
            self.etag = page.etag;
            self.before = known;
        }
        // What follows something known is known.
        self.next = page.next.filter(|_| !reached);
        if self.next.is_none() {
            self.before = Recent::default();
        }
        Step { events, done: self.next.is_none() }
    }
}

fn digest(value: &[u8]) -> i64 {
    let digest = Sha256::digest(value);
    digest.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
