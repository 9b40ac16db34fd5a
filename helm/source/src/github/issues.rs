//! Issues and pull requests: one listing has both, the least recently changed
//! first, from a moment on.
//!
//! Whatever changes while pages are read moves to the end, and what follows it
//! moves up by one: at a page's edge something would be missed. So no page
//! number is trusted. After a page the listing is asked for anew, from that
//! page's last change on. Where more changed at once than a page holds, pages
//! are followed, but again and again until they bring nothing new; until then no
//! later moment is asked from, for what moved over a page's edge may lie before it.

use serde::{Deserialize, Serialize};

use super::feed::{Answer, Ask, Feed, Missing, Page, Step};
use super::recent::Recent;
use super::{Repository, events, items};
use crate::time;

/// GitHub's replicas may show a change a little late: the listing is asked from
/// so many milliseconds before the last change seen.
const OVERLAP: i64 = 60_000;
/// How often pages are followed again for having brought something new.
const WALKS_MAX: u32 = 3;
/// Things remembered at most.
const RECENT_MAX: usize = 1000;

/// How far issues and pull requests were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issues {
    /// From where on the listing is asked, in milliseconds since 1970.
    since: Option<i64>,
    /// The tag of that page.
    etag: Option<String>,
    /// The page after, while pages are followed.
    next: Option<String>,
    /// The last change seen.
    high: i64,
    /// Whether the pages followed brought something new.
    news: bool,
    /// How often they were followed.
    walks: u32,
    /// What was sent, from `since` on.
    recent: Recent,
}

impl Feed for Issues {
    const LISTING: &'static str = "issues";
    type Body = Vec<items::Issue>;

    fn ask(&self, repository: &Repository) -> Ask {
        if let Some(next) = &self.next {
            return Ask::of(next);
        }
        let since = time::written(self.since.unwrap_or(repository.floor));
        let path = format!(
            "/repositories/{}/issues?state=all&sort=updated&direction=asc&per_page=100&since={since}",
            repository.id
        );
        Ask::of(path).unless(self.etag.as_ref())
    }

    fn took(
        &mut self,
        repository: &Repository,
        answer: Answer<Self::Body>,
    ) -> Result<Step, Missing> {
        match answer {
            Answer::Page(page) => Ok(self.page(repository, page)),
            Answer::Same => Ok(Step::done()),
            // Issues may be turned off.
            Answer::Missing => Err(Missing),
            Answer::Empty | Answer::TooFar => {
                self.restart();
                Ok(Step::done())
            }
        }
    }
}

impl Issues {
    fn page(&mut self, repository: &Repository, page: Page<Vec<items::Issue>>) -> Step {
        let since = *self.since.get_or_insert(repository.floor);
        let mut events = Vec::new();
        let mut last = i64::MIN;
        let mut in_order = true;
        for item in &page.body {
            let stamp = item.updated_at.0;
            in_order &= stamp >= last;
            last = last.max(stamp);
            if !self.recent.knows(item.id, stamp) {
                self.recent.add(item.id, stamp);
                events.push(events::issue(repository, item));
            }
        }
        self.recent.keep(RECENT_MAX);
        self.high = self.high.max(last);
        self.news |= !events.is_empty();

        let beyond = in_order && last.saturating_sub(OVERLAP) > since;
        let walked = self.next.is_some();
        let done = match page.next {
            Some(next) if !beyond => {
                self.next = Some(next);
                self.etag = None;
                false
            }
            _ if walked && self.news && self.walks < WALKS_MAX => {
                let walks = self.walks + 1;
                self.restart();
                self.walks = walks;
                false
            }
            next => {
                let end = next.is_none();
                let settled = !(walked && self.news);
                let reached = if end { self.high } else { last };
                self.restart();
                if settled && reached.saturating_sub(OVERLAP) > since {
                    self.since = Some(reached - OVERLAP);
                    self.recent.forget_below(reached - OVERLAP);
                } else if !walked {
                    self.etag = page.etag;
                }
                // Pages that do not settle are followed again at the next poll.
                end || !settled
            }
        };
        Step { events, done }
    }

    /// Back to the first page.
    fn restart(&mut self) {
        self.next = None;
        self.etag = None;
        self.news = false;
        self.walks = 0;
    }
}

#[cfg(test)]
mod tests;
