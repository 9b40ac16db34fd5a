//! Thirty days of a busy repository. Generated, and the same every time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use terrarium_source::time;

use crate::lot::Lot;

/// 2026-09-01, midnight, in seconds since 1970.
pub(crate) const START: i64 = 1_788_220_800;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const END: i64 = START + 30 * DAY;
/// GitHub's number of the repository.
pub(crate) const ID: u64 = 1001;
/// Its name, and the one it gets on the fifteenth day.
pub(crate) const NAME: &str = "busy/terrarium";
pub(crate) const NEW_NAME: &str = "busier/terrarium";
/// A change may be seen so many seconds late.
const LATE: u64 = 50;

/// What changes the listings.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Issue(Value),
    /// The oldest first.
    Commits(Vec<Value>),
    /// History is written anew: so many of the newest commits go.
    Rewrite(usize),
    Release(Value),
    Star(Value),
    Unstar(u64),
    Rename,
}

/// The whole story.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// When a change is seen, and what it is; in order.
    pub(crate) changes: Vec<(i64, What)>,
    /// The last change of each issue and pull request, by key, in milliseconds.
    pub(crate) issues: BTreeMap<String, i64>,
    pub(crate) pull_requests: BTreeMap<String, i64>,
    /// Hashes of commits; those that were rewritten may have been missed.
    pub(crate) commits: BTreeSet<String>,
    pub(crate) rewritten: BTreeSet<String>,
    /// The last name of each release, by key.
    pub(crate) releases: BTreeMap<String, String>,
    /// Who starred; those who took it back may have been missed.
    pub(crate) stars: BTreeSet<String>,
    pub(crate) unstarred: BTreeSet<String>,
}

fn at(seconds: i64) -> String {
    time::written(seconds * 1000)
}

fn account(number: u64) -> Value {
    json!({ "id": number, "login": format!("person-{number}"), "html_url": format!("https://example.org/p/{number}") })
}

impl World {
    pub(crate) fn generate(seed: u64) -> Self {
        let mut lot = Lot::new(seed);
        let mut world = Self::default();
        world.make_issues(&mut lot);
        world.make_commits(&mut lot);
        world.make_releases(&mut lot);
        world.make_stars(&mut lot);
        world.changes.push((START + 15 * DAY, What::Rename));
        // The order of equal moments is the order of making.
        world.changes.sort_by_key(|(seen, _)| *seen);
        world
    }

    fn make_issues(&mut self, lot: &mut Lot) {
        // On the twentieth day a program closes what nobody touched.
        let closing = START + 20 * DAY;
        for number in 0..1100_i64 {
            let before = number < 250;
            let opened =
                if before { START - lot.between(0, 100 * DAY) } else { lot.between(START, END) };
            let mut moments = vec![opened];
            for _ in 0..lot.below(7) {
                moments.push(lot.between(opened, END));
            }
            if opened < closing && number % 3 == 0 {
                moments.push(closing + lot.between(0, 30));
            }
            moments.sort_unstable();
            moments.dedup();
            let pull_request = lot.permille(400);
            let long = lot.permille(100);
            let mut seen = i64::MIN;
            for (change, moment) in moments.iter().enumerate() {
                let late = i64::try_from(lot.below(LATE)).unwrap();
                seen = seen.max(moment + late);
                let issue = issue(number, change, opened, *moment, pull_request, long);
                self.changes.push((seen, What::Issue(issue)));
            }
            let last = moments.last().unwrap() * 1000;
            let of = if pull_request { &mut self.pull_requests } else { &mut self.issues };
            of.insert((5_000_000 + number).to_string(), last);
        }
    }

    fn make_commits(&mut self, lot: &mut Lot) {
        let mut made = 0;
        let mut landed = START - 10 * DAY;
        while landed < END {
            // A merge brings commits that were made long before.
            let count = if lot.permille(50) { lot.between(5, 130) } else { 1 };
            let mut commits = Vec::new();
            for left in (0..count).rev() {
                made += 1;
                let written = landed - left * lot.between(60, 7200);
                let sha = format!("{:040x}", u128::from(lot.below(u64::MAX)) << 32 | made);
                self.commits.insert(format!("{ID}:{sha}"));
                commits.push(commit(&sha, written, lot.permille(200)));
            }
            self.changes.push((landed, What::Commits(commits)));
            landed += lot.between(600, 7200);
        }
        self.rewrite(START + 12 * DAY);
    }

    /// The newest three commits before `moment` go; the next push replaces them.
    fn rewrite(&mut self, moment: i64) {
        let mut before: Vec<&Value> = Vec::new();
        for (landed, what) in &self.changes {
            if let What::Commits(commits) = what
                && *landed < moment
            {
                before.extend(commits);
            }
        }
        for commit in before.iter().rev().take(3) {
            let key = format!("{ID}:{}", commit["sha"].as_str().unwrap());
            self.commits.remove(&key);
            self.rewritten.insert(key);
        }
        self.changes.push((moment, What::Rewrite(3)));
    }

    fn make_releases(&mut self, lot: &mut Lot) {
        for number in 0..130_i64 {
            let made = if number < 110 {
                START - (110 - number) * DAY
            } else {
                START + (number - 109) * DAY + lot.between(0, DAY / 2)
            };
            let edits = if number < 110 { 0 } else { lot.below(3) };
            let mut moment = made;
            for edit in 0..=edits {
                let (key, release) = release(number, edit, made);
                self.releases.insert(key, release["name"].as_str().unwrap().to_owned());
                self.changes.push((moment, What::Release(release)));
                moment += lot.between(60, DAY / 3);
            }
        }
    }

    fn make_stars(&mut self, lot: &mut Lot) {
        for number in 0..1500_u64 {
            let before = number < 250;
            let moment =
                if before { START - lot.between(1, 50 * DAY) } else { lot.between(START, END) };
            let person = 7_000_000 + number;
            let star = json!({ "starred_at": at(moment), "user": account(person) });
            self.changes.push((moment, What::Star(star)));
            let key = format!("{ID}:{person}");
            if lot.permille(80) {
                self.changes.push((lot.between(moment, END), What::Unstar(person)));
                self.unstarred.insert(key);
            } else {
                self.stars.insert(key);
            }
        }
    }
}

fn issue(number: i64, change: usize, opened: i64, moment: i64, pull: bool, long: bool) -> Value {
    let closed = change % 3 == 2;
    let mut issue = json!({
        "id": 5_000_000 + number,
        "node_id": "not used",
        "number": number + 1,
        "title": format!("Something about {number}, change {change} 🌱"),
        "state": if closed { "closed" } else { "open" },
        "user": if number % 50 == 0 { Value::Null } else { account(9_000 + number.unsigned_abs() % 40) },
        "labels": [{ "name": "bug", "color": "red" }, { "name": "good first issue" }],
        "comments": change,
        "created_at": at(opened),
        "updated_at": at(moment),
        "closed_at": if closed { json!(at(moment)) } else { Value::Null },
        "html_url": format!("https://example.org/{number}"),
        "body": if long { json!("Grüße, lang. ".repeat(1500)) } else { Value::Null },
    });
    if pull {
        issue["draft"] = json!(change == 0);
        issue["pull_request"] = json!({ "url": "u", "merged_at": null });
    }
    issue
}

fn commit(sha: &str, written: i64, unknown: bool) -> Value {
    let signature = json!({ "name": "A. Person", "email": "not@used", "date": at(written) });
    json!({
        "sha": sha,
        "html_url": format!("https://example.org/{sha}"),
        "author": if unknown { Value::Null } else { account(9_001) },
        "commit": {
            "author": signature,
            "committer": signature,
            "message": format!("Change {}\n\nBecause.", &sha[..7]),
            "tree": { "sha": "not used" },
        },
    })
}

fn release(number: i64, edit: u64, made: i64) -> (String, Value) {
    let id = 3_000_000 + number;
    let release = json!({
        "id": id,
        "tag_name": format!("v1.{number}"),
        "name": format!("Release {number}, text {edit}"),
        "draft": false,
        "prerelease": number % 7 == 0,
        "author": account(9_002),
        "created_at": at(made),
        "published_at": at(made + 60),
        "html_url": format!("https://example.org/v1.{number}"),
        "body": "What changed.",
        "assets": [{ "name": "not used" }],
    });
    (id.to_string(), release)
}
