//! Commits on the default branch.
//!
//! Dates do not tell what is new: a merge brings commits that are weeks old.
//! So the branch's head is watched, and when it moves the commits between the
//! old head and the new one are listed. Both ends are fixed then, so the pages
//! do not move while they are read.

use serde::{Deserialize, Serialize};

use super::feed::{Answer, Ask, Feed, Missing, Page, Step};
use super::{Repository, events, items};
use crate::time;

/// Commits being listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    /// The new head.
    to: String,
    /// The page to read.
    next: String,
    /// Whether it is of a comparison with the old head.
    compares: bool,
}

/// How far commits were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Commits {
    /// All that leads here was sent.
    head: Option<String>,
    /// The tag of the page that tells the head.
    etag: Option<String>,
    walk: Option<Walk>,
}

impl Feed for Commits {
    const LISTING: &'static str = "commits";
    type Body = items::Commits;

    fn ask(&self, repository: &Repository) -> Ask {
        match &self.walk {
            Some(walk) => Ask::of(&walk.next),
            None => Ask::of(format!("/repositories/{}/commits?per_page=1", repository.id))
                .unless(self.etag.as_ref()),
        }
    }

    fn took(
        &mut self,
        repository: &Repository,
        answer: Answer<Self::Body>,
    ) -> Result<Step, Missing> {
        match answer {
            Answer::Page(page) if self.walk.is_some() => Ok(self.page(repository, page)),
            Answer::Page(page) => Ok(self.looked(repository, page)),
            Answer::Same | Answer::Empty => Ok(Step::done()),
            // The old head is gone: somebody wrote the branch's history anew.
            Answer::Missing | Answer::TooFar => {
                if self.otherwise(repository) {
                    Ok(Step::more())
                } else {
                    Err(Missing)
                }
            }
        }
    }

    /// Lists what leads to the new head instead of comparing it with the old.
    fn otherwise(&mut self, repository: &Repository) -> bool {
        match &mut self.walk {
            Some(walk) if walk.compares => {
                walk.next = listing(repository, &walk.to);
                walk.compares = false;
                true
            }
            Some(_) => {
                // A head that is gone again; look for the one there is.
                self.walk = None;
                self.etag = None;
                false
            }
            None => false,
        }
    }
}

impl Commits {
    /// The newest commit was asked for.
    fn looked(&mut self, repository: &Repository, page: Page<items::Commits>) -> Step {
        self.etag = page.etag;
        let Some(newest) = page.body.0.into_iter().next() else { return Step::done() };
        let to = newest.sha;
        if self.head.as_ref() == Some(&to) {
            return Step::done();
        }
        let (next, compares) = match &self.head {
            Some(head) => {
                let id = repository.id;
                (format!("/repositories/{id}/compare/{head}...{to}?per_page=100"), true)
            }
            None => (listing(repository, &to), false),
        };
        self.walk = Some(Walk { to, next, compares });
        Step::more()
    }

    fn page(&mut self, repository: &Repository, page: Page<items::Commits>) -> Step {
        let events = page.body.0.iter().map(|commit| events::commit(repository, commit)).collect();
        let done = match (self.walk.take(), page.next) {
            (Some(walk), Some(next)) => {
                self.walk = Some(Walk { next, ..walk });
                false
            }
            (walk, _) => {
                self.head = walk.map(|walk| walk.to).or(self.head.take());
                true
            }
        };
        Step { events, done }
    }
}

fn listing(repository: &Repository, to: &str) -> String {
    let since = time::written(repository.floor);
    format!("/repositories/{}/commits?sha={to}&since={since}&per_page=100", repository.id)
}

#[cfg(test)]
mod tests;
