//! What GitHub's listings hold, as events.

use super::Repository;
use super::items::{BODY_MAX, Commit, Issue, Moment, Release, Star, TITLE_MAX, cut};
use crate::avro::Encoder;
use crate::sink::Event;
use crate::topic::Topic;

/// Bytes kept of an issue's labels.
const LABELS_MAX: usize = 512;

fn event(topic: Topic, key: String, at: Moment, value: Encoder) -> Event {
    Event { topic, key, at: at.0, value: value.finish() }
}

fn millis(moment: Option<Moment>) -> Option<i64> {
    moment.map(|moment| moment.0)
}

/// An issue's state, or a pull request's.
pub fn issue(repository: &Repository, item: &Issue) -> Event {
    let key = item.id.to_string();
    let labels: Vec<&str> = item.labels.iter().map(|label| label.name.as_str()).collect();
    let labels = labels.join(",");
    let merged_at = item.pull_request.as_ref().and_then(|part| part.merged_at);
    let state = if merged_at.is_some() { "merged" } else { &item.state };

    let mut value = Encoder::default();
    value.text(&key).text(&repository.name).long(item.number).text(&item.title.0).text(state);
    value.maybe_text(item.user.as_ref().map(|user| user.login.as_str()));
    value.long(item.created_at.0).long(item.updated_at.0).maybe_long(millis(item.closed_at));
    if item.pull_request.is_some() {
        value.maybe_long(millis(merged_at)).flag(item.draft == Some(true));
    }
    value.long(item.comments);
    value.maybe_text((!labels.is_empty()).then(|| cut(&labels, LABELS_MAX)));
    value.text(&item.html_url).maybe_text(item.body.as_ref().map(|body| body.0.as_str()));

    let pull_request = item.pull_request.is_some();
    let topic = if pull_request { Topic::PullRequests } else { Topic::Issues };
    event(topic, key, item.updated_at, value)
}

/// A commit. Forks share hashes, so the key names the repository too.
pub fn commit(repository: &Repository, item: &Commit) -> Event {
    let key = format!("{}:{}", repository.id, item.sha);
    let git = &item.commit;
    let (title, body) = git.message.0.split_once('\n').unwrap_or((&git.message.0, ""));
    let body = body.trim();
    let login = item.author.as_ref().and_then(|author| author.login.as_deref());

    let mut value = Encoder::default();
    value.text(&key).text(&repository.name).text(&item.sha);
    value.text(cut(title.trim_end(), TITLE_MAX));
    value.maybe_text(Some(login.unwrap_or(&git.author.name.0)));
    value.long(git.author.date.0).long(git.committer.date.0).text(&item.html_url);
    value.maybe_text((!body.is_empty()).then(|| cut(body, BODY_MAX)));
    event(Topic::Commits, key, git.committer.date, value)
}

/// A release.
pub fn release(repository: &Repository, item: &Release) -> Event {
    let key = item.id.to_string();
    let state = match (item.draft, item.prerelease) {
        (true, _) => "draft",
        (false, true) => "prerelease",
        (false, false) => "released",
    };
    let name = item.name.as_ref().filter(|name| !name.0.is_empty());

    let mut value = Encoder::default();
    value.text(&key).text(&repository.name).text(&item.tag_name.0);
    value.text(&name.unwrap_or(&item.tag_name).0).text(state);
    value.maybe_text(item.author.as_ref().map(|author| author.login.as_str()));
    value.long(item.created_at.0).maybe_long(millis(item.published_at)).text(&item.html_url);
    value.maybe_text(item.body.as_ref().map(|body| body.0.as_str()));
    event(Topic::Releases, key, item.published_at.unwrap_or(item.created_at), value)
}

/// A star; `None` when the account that gave it is gone.
pub fn star(repository: &Repository, item: &Star) -> Option<Event> {
    let user = item.user.as_ref()?;
    let key = format!("{}:{}", repository.id, user.id);
    let mut value = Encoder::default();
    value.text(&key).text(&repository.name).text(&user.login);
    value.long(item.starred_at.0).text(&user.html_url);
    Some(event(Topic::Stargazers, key, item.starred_at, value))
}

/// The record of `github --check`.
pub fn check(mark: &str, api: &str, limit: i64, remaining: i64, now: i64) -> Event {
    let mut value = Encoder::default();
    value.text(mark).text(api).long(limit).long(remaining).long(now);
    event(Topic::Checks, mark.to_owned(), Moment(now), value)
}

#[cfg(test)]
mod tests;
