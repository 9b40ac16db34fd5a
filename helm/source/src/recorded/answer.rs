//! A request's answer: pure, so that a test can serve any recording.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::listing::{Listing, find};
use super::query::Query;
use super::store::{Recording, Store};

/// Items on a page at most, as GitHub has it.
const PER_PAGE_MAX: usize = 100;

/// What is sent back, without the headers about limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `ETag`
    pub etag: Option<String>,
    /// `Link`
    pub link: Option<String>,
    /// `Location`
    pub location: Option<String>,
    /// JSON, empty with 304.
    pub body: String,
}

/// Answers a `GET` of `target` (path and query); `base` is the address before
/// the path, `condition` the request's `If-None-Match`.
pub fn answer(store: &Store, target: &str, base: &str, condition: Option<&str>) -> Reply {
    let query = Query::parse(target);
    let (recording, rest) = match locate(store, query.path) {
        Some(Located::At(recording, rest)) => (recording, rest),
        Some(Located::Moved(id, rest)) => {
            let location = Some(format!("{base}/repositories/{id}{rest}"));
            let body = json!({ "message": "Moved Permanently" }).to_string();
            return Reply { status: 301, location, body, ..Reply::default() };
        }
        None => return refusal(404, "Not Found"),
    };
    match find(recording, rest, &query) {
        None => refusal(404, "Not Found"),
        Some(Listing::NoCommits) => refusal(409, "Git Repository is empty."),
        Some(Listing::Object(object)) => tagged(object.to_string(), None, condition),
        Some(Listing::Items(items)) => {
            let (page, link) = paged(&items, &query, base);
            tagged(json!(page).to_string(), link, condition)
        }
        Some(Listing::Comparison(commits)) => {
            let (page, link) = paged(&commits, &query, base);
            let body = json!({ "total_commits": commits.len(), "commits": page, "files": [] });
            tagged(body.to_string(), link, condition)
        }
    }
}

enum Located<'a> {
    At(&'a Recording, &'a str),
    Moved(u64, &'a str),
}

fn locate<'a>(store: &'a Store, path: &'a str) -> Option<Located<'a>> {
    if let Some(path) = path.strip_prefix("/repositories/") {
        let (id, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let id: u64 = id.parse().ok()?;
        let found = store.repositories.iter().find(|recording| recording.id == id)?;
        return Some(Located::At(found, rest));
    }
    let path = path.strip_prefix("/repos/")?;
    let (owner, after) = path.split_once('/')?;
    let (name, rest) = after.split_at(after.find('/').unwrap_or(after.len()));
    let asked = format!("{owner}/{name}");
    let is = |known: &String| known.eq_ignore_ascii_case(&asked);
    store.repositories.iter().find_map(|recording| {
        if is(&recording.full_name) {
            Some(Located::At(recording, rest))
        } else {
            let moved = recording.former.iter().any(is);
            moved.then_some(Located::Moved(recording.id, rest))
        }
    })
}

fn paged<'a>(
    items: &[&'a Value],
    query: &Query<'_>,
    base: &str,
) -> (Vec<&'a Value>, Option<String>) {
    let size = query.number("per_page", 30).clamp(1, PER_PAGE_MAX);
    let page = query.number("page", 1).max(1);
    let last = items.len().div_ceil(size).max(1);
    let from = (page - 1).saturating_mul(size).min(items.len());
    let to = from.saturating_add(size).min(items.len());
    let to_page =
        |page: usize, rel: &str| format!("<{base}{}>; rel=\"{rel}\"", query.with_page(page));
    let mut links = Vec::new();
    if page > 1 {
        links.push(to_page(page - 1, "prev"));
    }
    if page < last {
        links.push(to_page(page + 1, "next"));
        links.push(to_page(last, "last"));
    }
    let link = (!links.is_empty()).then(|| links.join(", "));
    (items[from..to].to_vec(), link)
}

fn tagged(body: String, link: Option<String>, condition: Option<&str>) -> Reply {
    let digest = HEXLOWER.encode(&Sha256::digest(body.as_bytes())[..16]);
    let etag = format!("W/\"{digest}\"");
    if condition == Some(&etag) {
        return Reply { status: 304, etag: Some(etag), link, ..Reply::default() };
    }
    Reply { status: 200, etag: Some(etag), link, body, ..Reply::default() }
}

fn refusal(status: u16, message: &str) -> Reply {
    Reply { status, body: json!({ "message": message }).to_string(), ..Reply::default() }
}

#[cfg(test)]
mod tests;
