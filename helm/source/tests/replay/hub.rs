//! A made-up GitHub that misbehaves as the real one may: limits, failures,
//! broken connections, pages in disorder. Each request to the busy repository
//! moves its time on, so that listings change between two pages.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use terrarium_source::recorded::answer::{Reply, answer};
use terrarium_source::recorded::store::{Recording, Store};
use terrarium_source::time;

use crate::http::{Fault, Request, Response, serve};
use crate::lot::Lot;
use crate::world::{DAY, END, ID, NAME, NEW_NAME, START, What, World};

/// Requests in a window that cost, and the window's length in seconds.
const LIMIT: i64 = 30;
const WINDOW: i64 = 2;
/// How far time moves with a request.
const STEP: i64 = 30 * DAY / 400;

/// What was served.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) unchanged: u64,
    /// Answers that brought something since the end of time.
    pub(crate) fresh_after_end: u64,
    pub(crate) unchanged_after_end: u64,
    pub(crate) moved: u64,
    pub(crate) missing: u64,
    pub(crate) failed: u64,
    pub(crate) broken: u64,
    pub(crate) refused: u64,
    pub(crate) disordered: u64,
    pub(crate) used_up: u64,
    /// Requests while none was left, or while told to wait.
    pub(crate) over_limit: u64,
    pub(crate) impatient: u64,
}

#[derive(Debug)]
pub(crate) struct Hub {
    store: Store,
    changes: std::iter::Peekable<std::vec::IntoIter<(i64, What)>>,
    now: i64,
    lot: Lot,
    window_ends: i64,
    used: i64,
    /// A secondary limit, told to this life of the program.
    wait_until: Option<Instant>,
    pub(crate) counts: Counts,
}

pub(crate) type Shared = Arc<Mutex<Hub>>;

/// Its address, and its insides.
pub(crate) fn start(world: &World) -> (String, Shared) {
    let changes = world.changes.clone().into_iter().peekable();
    let mut hub = Hub {
        store: store(),
        changes,
        now: START,
        lot: Lot::new(42),
        window_ends: 0,
        used: 0,
        wait_until: None,
        counts: Counts::default(),
    };
    hub.apply();
    let hub = Arc::new(Mutex::new(hub));
    let kept = Arc::clone(&hub);
    let base = serve(move |request| kept.lock().unwrap().respond(&request));
    (base, hub)
}

fn store() -> Store {
    let small = |id: u64, name: &str, former: &[&str]| Recording {
        id,
        full_name: name.to_owned(),
        former: former.iter().map(|name| (*name).to_owned()).collect(),
        ..Recording::default()
    };
    let mut moved = small(1002, "new/garden", &["old/garden"]);
    moved.stargazers = vec![json!({
        "starred_at": "2026-08-01T00:00:00Z", "user": { "id": 5, "login": "five" },
    })];
    Store {
        origin: "generated".to_owned(),
        repositories: vec![small(ID, NAME, &[]), moved, small(1003, "empty/shell", &[])],
    }
}

impl Hub {
    /// The program was killed: it cannot know what its last life was told.
    pub(crate) fn forget(&mut self) {
        self.wait_until = None;
    }

    pub(crate) fn ended(&self) -> bool {
        self.now >= END && self.changes.len() == 0
    }

    fn respond(&mut self, request: &Request) -> Response {
        self.counts.requests += 1;
        let seconds = time::now() / 1000;
        if seconds >= self.window_ends {
            (self.window_ends, self.used) = (seconds + WINDOW, 0);
        }
        if request.target == "/rate_limit" {
            let core = json!({ "limit": LIMIT, "remaining": LIMIT - self.used, "reset": self.window_ends });
            let body = json!({ "resources": { "core": core } }).to_string();
            return self.with_headers(Reply { status: 200, body, ..Reply::default() }, Fault::None);
        }
        if self.wait_until.is_some_and(|until| Instant::now() < until) {
            self.counts.impatient += 1;
        }
        self.wait_until = None;
        if self.used >= LIMIT {
            self.counts.over_limit += 1;
            return self.refusal(403, "API rate limit exceeded");
        }
        self.advance(&request.target);
        // The answer that tells a window's end is not lost.
        if self.used + 1 < LIMIT
            && !self.ended()
            && let Some(response) = self.misbehave()
        {
            return response;
        }
        let base = format!("http://{}", request.header("host").unwrap());
        let condition = request.header("if-none-match");
        let mut reply = answer(&self.store, &request.target, &base, condition);
        self.count(&reply);
        if reply.status != 304 {
            self.used += 1;
            self.counts.used_up += u64::from(self.used == LIMIT);
        }
        let mut fault = Fault::None;
        if reply.status == 200 && !self.ended() {
            self.disorder(&request.target, &mut reply);
            if self.used < LIMIT && self.lot.permille(10) {
                self.counts.broken += 1;
                fault = Fault::Half;
            }
        }
        self.with_headers(reply, fault)
    }

    /// Time moves with each request to the busy repository.
    fn advance(&mut self, target: &str) {
        let busy = [format!("/repositories/{ID}"), format!("/repos/{NAME}")];
        if busy.iter().any(|busy| target.starts_with(busy.as_str())) && self.now < END + DAY {
            self.now += STEP;
            self.apply();
        }
    }

    fn apply(&mut self) {
        while let Some((_, what)) = self.changes.next_if(|(seen, _)| *seen <= self.now) {
            let busy = &mut self.store.repositories[0];
            match what {
                What::Issue(issue) => {
                    let same = |known: &Value| known["id"] == issue["id"];
                    match busy.issues.iter().position(same) {
                        Some(place) => busy.issues[place] = issue,
                        None => busy.issues.push(issue),
                    }
                }
                What::Commits(commits) => {
                    busy.commits.splice(0..0, commits.into_iter().rev());
                }
                What::Rewrite(count) => drop(busy.commits.drain(..count)),
                What::Release(release) => {
                    let same = |known: &Value| known["id"] == release["id"];
                    match busy.releases.iter().position(same) {
                        Some(place) => busy.releases[place] = release,
                        None => busy.releases.insert(0, release),
                    }
                }
                What::Star(star) => busy.stargazers.push(star),
                What::Unstar(person) => {
                    busy.stargazers.retain(|star| star["user"]["id"] != person);
                }
                What::Rename => {
                    let old = std::mem::replace(&mut busy.full_name, NEW_NAME.to_owned());
                    busy.former.push(old);
                }
            }
        }
    }

    fn misbehave(&mut self) -> Option<Response> {
        if self.lot.permille(40) {
            self.counts.failed += 1;
            let status = [500, 502, 503][usize::try_from(self.lot.below(3)).unwrap()];
            self.used += 1;
            return Some(self.refusal(status, "Server Error"));
        }
        if self.lot.permille(20) {
            self.counts.broken += 1;
            return Some(self.with_headers(Reply::default(), Fault::Silence));
        }
        if self.lot.permille(10) {
            self.counts.refused += 1;
            self.used += 1;
            self.wait_until = Some(Instant::now() + Duration::from_secs(1));
            let status = if self.lot.permille(500) { 403 } else { 429 };
            let mut response = self.refusal(status, "You have exceeded a secondary rate limit.");
            response.headers.push(("Retry-After", "1".to_owned()));
            return Some(response);
        }
        None
    }

    /// Some items of a page come twice, or in another order.
    fn disorder(&mut self, target: &str, reply: &mut Reply) {
        let Ok(Value::Array(mut items)) = serde_json::from_str(&reply.body) else { return };
        if items.len() < 2 || !self.lot.permille(150) {
            return;
        }
        self.counts.disordered += 1;
        let again = items[items.len() / 2].clone();
        let place = items.len() / 2;
        items.insert(place, again);
        // Stars are told by their order.
        if target.contains("/issues") {
            self.lot.shuffle(&mut items);
        }
        reply.body = Value::Array(items).to_string();
    }

    fn count(&mut self, reply: &Reply) {
        let ended = self.ended();
        match reply.status {
            304 => {
                self.counts.unchanged += 1;
                self.counts.unchanged_after_end += u64::from(ended);
            }
            301 => self.counts.moved += 1,
            404 => self.counts.missing += 1,
            200 => self.counts.fresh_after_end += u64::from(ended),
            _ => {}
        }
    }

    fn refusal(&self, status: u16, message: &str) -> Response {
        let body = json!({ "message": message }).to_string();
        self.with_headers(Reply { status, body, ..Reply::default() }, Fault::None)
    }

    fn with_headers(&self, reply: Reply, fault: Fault) -> Response {
        let mut headers = vec![
            ("Date", time::http_date(time::now() / 1000)),
            ("X-RateLimit-Limit", LIMIT.to_string()),
            ("X-RateLimit-Remaining", (LIMIT - self.used).max(0).to_string()),
            ("X-RateLimit-Reset", self.window_ends.to_string()),
        ];
        headers.extend(reply.etag.map(|etag| ("ETag", etag)));
        headers.extend(reply.link.map(|link| ("Link", link)));
        headers.extend(reply.location.map(|location| ("Location", location)));
        Response { status: reply.status, headers, body: reply.body, fault }
    }
}
