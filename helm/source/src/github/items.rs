//! What GitHub's listings hold, as far as it is passed on. Unknown fields are
//! skipped while reading, long texts are cut there.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::time;

/// Bytes kept of a title.
pub const TITLE_MAX: usize = 1024;
/// Bytes kept of a body. A page of a hundred stays below Kafka's limit of one
/// mebibyte a batch.
pub const BODY_MAX: usize = 4096;

/// `text`, cut to `most` bytes between two characters.
pub fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.min(text.len()))]
}

/// A text cut to so many bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut<const MOST: usize>(pub String);

impl<'de, const MOST: usize> Deserialize<'de> for Cut<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<const MOST: usize>;
        impl<const MOST: usize> Visitor<'_> for Text<MOST> {
            type Value = Cut<MOST>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text")
            }
            // The whole text is never kept: only the parser's buffer has it.
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cut(cut(text, MOST).to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A moment, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cut(text) = Cut::<64>::deserialize(deserializer)?;
        let millis = time::millis(&text);
        millis.map(Self).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no moment")))
    }
}

/// A person, an organisation or an app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// GitHub's number.
    pub id: u64,
    /// The name in addresses.
    pub login: String,
    /// The page.
    #[serde(default)]
    pub html_url: String,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepositoryItem {
    /// GitHub's number.
    pub id: u64,
    /// `owner/name`
    pub full_name: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
}

/// What makes an issue a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequestPart {
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Moment>,
}

/// An issue. A pull request is one too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// GitHub's number, unique over all repositories.
    pub id: u64,
    /// The number people know.
    pub number: i64,
    /// The title.
    pub title: Cut<TITLE_MAX>,
    /// `open` or `closed`
    pub state: String,
    /// Who opened it; `None` when the account is gone.
    pub user: Option<Account>,
    /// When it was opened.
    pub created_at: Moment,
    /// Its last change.
    pub updated_at: Moment,
    /// When it was closed.
    #[serde(default)]
    pub closed_at: Option<Moment>,
    /// How many comments it has.
    #[serde(default)]
    pub comments: i64,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Its page.
    pub html_url: String,
    /// Its text.
    #[serde(default)]
    pub body: Option<Cut<BODY_MAX>>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: Option<bool>,
    /// There when it is a pull request.
    #[serde(default)]
    pub pull_request: Option<PullRequestPart>,
}

/// Who, and when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signature {
    /// The name as git has it.
    pub name: Cut<TITLE_MAX>,
    /// When.
    pub date: Moment,
}

/// What git itself knows of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommitPart {
    /// Who wrote it.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// Title and body fit into it.
    pub message: Cut<{ TITLE_MAX + BODY_MAX }>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// The hash.
    pub sha: String,
    /// What git knows.
    pub commit: CommitPart,
    /// The account that GitHub takes for the author.
    #[serde(default)]
    pub author: Option<MaybeAccount>,
    /// Its page.
    pub html_url: String,
}

/// GitHub writes `{}` for some authors it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MaybeAccount {
    /// The name in addresses.
    #[serde(default)]
    pub login: Option<String>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Release {
    /// GitHub's number, unique over all repositories.
    pub id: u64,
    /// The tag it is made from.
    pub tag_name: Cut<TITLE_MAX>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Cut<TITLE_MAX>>,
    /// Whether it is not published yet.
    #[serde(default)]
    pub draft: bool,
    /// Whether it is not meant for everybody.
    #[serde(default)]
    pub prerelease: bool,
    /// Who made it.
    #[serde(default)]
    pub author: Option<Account>,
    /// When it was made.
    pub created_at: Moment,
    /// When it was published.
    #[serde(default)]
    pub published_at: Option<Moment>,
    /// Its page.
    pub html_url: String,
    /// Its text.
    #[serde(default)]
    pub body: Option<Cut<BODY_MAX>>,
}

/// A star.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Star {
    /// When it was given.
    pub starred_at: Moment,
    /// By whom; `None` when the account is gone.
    pub user: Option<Account>,
}

/// Commits, whether they come as a list or inside a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commits(pub Vec<Commit>);

impl<'de> Deserialize<'de> for Commits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Commits;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of commits or a comparison")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Commits, A::Error> {
                let mut commits = Vec::new();
                while let Some(commit) = list.next_element()? {
                    commits.push(commit);
                }
                Ok(Commits(commits))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Commits, A::Error> {
                let mut commits = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "commits" {
                        commits = Some(map.next_value()?);
                    } else {
                        // The changed files, megabytes of them, are skipped.
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                commits.map(Commits).ok_or_else(|| serde::de::Error::missing_field("commits"))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// The part of `/rate_limit` that counts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RateLimit {
    /// What it says.
    pub resources: Resources,
}

/// The rate limits by kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Resources {
    /// Of all requests made here.
    pub core: Rate,
}

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Rate {
    /// Requests in a window.
    pub limit: i64,
    /// How many are left.
    pub remaining: i64,
    /// When the next window begins, in seconds since 1970.
    pub reset: i64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, most, expected) in
            [("abc", 2, "ab"), ("abc", 9, "abc"), ("aü", 2, "a"), ("aü", 3, "aü"), ("", 0, "")]
        {
            assert_eq!(cut(text, most), expected);
            let json = serde_json::to_string(text).unwrap();
            if most == 2 {
                assert_eq!(serde_json::from_str::<Cut<2>>(&json).unwrap().0, expected);
            }
        }
    }

    #[test]
    fn commits_come_in_two_shapes() {
        let commit = r#"{"sha": "a1", "html_url": "u", "author": {}, "commit": {"message": "m",
            "author": {"name": "n", "date": "2026-11-22T08:30:00Z"},
            "committer": {"name": "n", "date": "2026-11-22T08:30:00Z"}}}"#;
        let list: Commits = serde_json::from_str(&format!("[{commit}]")).unwrap();
        let comparison = format!(r#"{{"files": [{{"patch": "x"}}], "commits": [{commit}]}}"#);
        assert_eq!(serde_json::from_str::<Commits>(&comparison).unwrap(), list);
        assert_eq!(list.0[0].author, Some(MaybeAccount { login: None }));
        assert!(serde_json::from_str::<Commits>("{}").is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parsers(text in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
            let _ = serde_json::from_str::<Vec<Issue>>(&text);
            let _ = serde_json::from_str::<Commits>(&text);
            let _ = serde_json::from_str::<Vec<Star>>(&text);
        }
    }
}
