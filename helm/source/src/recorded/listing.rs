//! What a path lists, in GitHub's order.

use serde_json::{Value, json};

use super::query::Query;
use super::store::Recording;

/// A listing, before it is cut into pages.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing<'a> {
    /// Items.
    Items(Vec<&'a Value>),
    /// Commits inside a comparison.
    Comparison(Vec<&'a Value>),
    /// One object.
    Object(Value),
    /// The repository has no commit.
    NoCommits,
}

fn field<'a>(item: &'a Value, path: &str) -> &'a str {
    item.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// What `rest`, the path behind the repository's, lists.
pub fn find<'a>(recording: &'a Recording, rest: &str, query: &Query<'_>) -> Option<Listing<'a>> {
    // Moments are all written alike, so their texts compare as they do.
    let since = query.get("since").unwrap_or_default();
    match rest {
        "" => Some(Listing::Object(json!({
            "id": recording.id,
            "full_name": recording.full_name,
        }))),
        "/issues" => {
            let mut items: Vec<&Value> = recording.issues.iter().collect();
            items.retain(|item| field(item, "/updated_at") >= since);
            items.sort_by_key(|item| field(item, "/updated_at"));
            if query.get("direction") != Some("asc") {
                items.reverse();
            }
            Some(Listing::Items(items))
        }
        "/commits" if recording.commits.is_empty() => Some(Listing::NoCommits),
        "/commits" => {
            let from = match query.get("sha") {
                Some(sha) => position(recording, sha)?,
                None => 0,
            };
            let mut items: Vec<&Value> = recording.commits[from..].iter().collect();
            items.retain(|item| field(item, "/commit/committer/date") >= since);
            Some(Listing::Items(items))
        }
        "/releases" => Some(Listing::Items(recording.releases.iter().collect())),
        "/stargazers" => Some(Listing::Items(recording.stargazers.iter().collect())),
        _ => {
            let (base, head) = rest.strip_prefix("/compare/")?.split_once("...")?;
            let (base, head) = (position(recording, base)?, position(recording, head)?);
            // From the oldest to the newest, and nothing when the base is newer.
            let between = recording.commits.get(head..base).unwrap_or_default();
            Some(Listing::Comparison(between.iter().rev().collect()))
        }
    }
}

fn position(recording: &Recording, sha: &str) -> Option<usize> {
    recording.commits.iter().position(|commit| field(commit, "/sha") == sha)
}
