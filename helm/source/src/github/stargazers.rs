//! Stars, the oldest first, on numbered pages.
//!
//! A star that is taken back moves all later ones up by one, so a page number
//! is where to look, not what was read: that is told by the stars last sent.
//! The first look goes backwards from the last page, and a look for news from
//! the page before the last one on, or earlier where that page begins with
//! something new.

use serde::{Deserialize, Serialize};

use super::feed::{Answer, Ask, Feed, Missing, Page, Step};
use super::recent::Recent;
use super::{Repository, events, items};

/// Stars remembered: two pages.
const RECENT_MAX: usize = 200;
/// The media type that has the time.
const WITH_TIME: &str = "application/vnd.github.star+json";

/// What is being done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Walk {
    /// Nothing.
    #[default]
    Idle,
    /// The first look, going backwards: this page is next.
    Back(u32),
    /// A look for news: this page is next. `sure` when something sent before
    /// was met, so that nothing lies between.
    On { page: u32, sure: bool },
}

/// How far stars were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stargazers {
    /// The last page there was; zero before the first look.
    end: u32,
    walk: Walk,
    /// The first look goes back to here.
    floor: Option<i64>,
    /// The newest that were sent.
    recent: Recent,
    /// Tags of the last pages.
    etags: Vec<(u32, String)>,
}

impl Feed for Stargazers {
    const LISTING: &'static str = "stargazers";
    type Body = Vec<items::Star>;

    fn ask(&self, repository: &Repository) -> Ask {
        let page = self.page_to_ask();
        let path = format!("/repositories/{}/stargazers?per_page=100&page={page}", repository.id);
        let etag = self.etags.iter().find(|(known, _)| *known == page).map(|(_, etag)| etag);
        Ask { accept: WITH_TIME, ..Ask::of(path).unless(etag) }
    }

    fn took(
        &mut self,
        repository: &Repository,
        answer: Answer<Self::Body>,
    ) -> Result<Step, Missing> {
        let page = self.page_to_ask();
        match (answer, self.walk) {
            (Answer::Page(answer), Walk::Idle) if self.end == 0 => {
                Ok(self.looked(repository, &answer))
            }
            (Answer::Page(answer), Walk::Back(_)) => Ok(self.back(repository, page, &answer)),
            (Answer::Page(answer), Walk::Idle | Walk::On { .. }) => {
                Ok(self.on(repository, page, answer))
            }
            (Answer::Same, _) if page < self.end => {
                self.walk = Walk::On { page: page + 1, sure: true };
                Ok(Step::more())
            }
            // GitHub lists no more than the first 40,000.
            (Answer::Same | Answer::Empty | Answer::TooFar, _) => {
                self.walk = Walk::Idle;
                Ok(Step::done())
            }
            (Answer::Missing, _) => Err(Missing),
        }
    }
}

impl Stargazers {
    fn page_to_ask(&self) -> u32 {
        match self.walk {
            Walk::Idle => self.end.saturating_sub(1).max(1),
            Walk::Back(page) | Walk::On { page, .. } => page,
        }
    }

    /// The first page told how many there are.
    fn looked(&mut self, repository: &Repository, answer: &Page<Vec<items::Star>>) -> Step {
        self.floor = Some(repository.floor);
        self.end = answer.last.unwrap_or(1).max(1);
        self.walk = Walk::Back(self.end);
        if self.end == 1 { self.back(repository, 1, answer) } else { Step::more() }
    }

    fn back(
        &mut self,
        repository: &Repository,
        page: u32,
        answer: &Page<Vec<items::Star>>,
    ) -> Step {
        let floor = self.floor.unwrap_or(i64::MIN);
        let events = self.news(repository, &answer.body, floor);
        let reached = answer.body.first().is_some_and(|star| star.starred_at.0 < floor);
        let done = page <= 1 || reached;
        self.walk = if done { Walk::Idle } else { Walk::Back(page - 1) };
        Step { events, done }
    }

    fn on(&mut self, repository: &Repository, page: u32, answer: Page<Vec<items::Star>>) -> Step {
        let sure = match self.walk {
            Walk::On { sure, .. } => sure,
            Walk::Idle | Walk::Back(_) => false,
        };
        // Older than all that is remembered, once that is full, is sent.
        let full = self.recent.len() >= RECENT_MAX;
        let from = if full { self.recent.lowest() } else { self.floor }.unwrap_or(i64::MIN);
        let begins_new = answer.body.first().is_none_or(|star| {
            let id = star.user.as_ref().map_or(0, |user| user.id);
            star.starred_at.0 >= from && !self.recent.knows(id, star.starred_at.0)
        });
        if begins_new && !sure && page > 1 {
            self.etags.clear();
            self.end = self.end.min(page);
            self.walk = Walk::On { page: page - 1, sure: false };
            return Step::more();
        }
        let events = self.news(repository, &answer.body, from);
        self.etags.retain(|(known, _)| *known != page && known + 1 >= page);
        self.etags.extend(answer.etag.map(|etag| (page, etag)));
        if answer.next.is_some() {
            self.walk = Walk::On { page: page + 1, sure: true };
            self.end = self.end.max(page + 1);
        } else {
            self.walk = Walk::Idle;
            self.end = page;
            self.etags.retain(|(known, _)| *known <= page);
        }
        Step { events, done: answer.next.is_none() }
    }

    fn news(
        &mut self,
        repository: &Repository,
        stars: &[items::Star],
        from: i64,
    ) -> Vec<crate::sink::Event> {
        let mut sent = Vec::new();
        for star in stars.iter().filter(|star| star.starred_at.0 >= from) {
            let Some(user) = &star.user else { continue };
            if !self.recent.knows(user.id, star.starred_at.0) {
                self.recent.add(user.id, star.starred_at.0);
                sent.extend(events::star(repository, star));
            }
        }
        self.recent.keep(RECENT_MAX);
        sent
    }
}

#[cfg(test)]
mod tests;
