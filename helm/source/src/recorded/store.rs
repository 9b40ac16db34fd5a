//! What is served.

use serde::Deserialize;
use serde_json::Value;

/// The repositories of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Says where the recording comes from.
    pub origin: String,
    /// What it holds.
    pub repositories: Vec<Recording>,
}

/// A repository; its listings hold GitHub's own JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// GitHub's number.
    pub id: u64,
    /// `owner/name`
    pub full_name: String,
    /// Names it had before; they are redirected.
    #[serde(default)]
    pub former: Vec<String>,
    /// Issues and pull requests, in any order.
    #[serde(default)]
    pub issues: Vec<Value>,
    /// Commits on the default branch, the newest first.
    #[serde(default)]
    pub commits: Vec<Value>,
    /// Releases, the newest first.
    #[serde(default)]
    pub releases: Vec<Value>,
    /// Stars with their time, the oldest first.
    #[serde(default)]
    pub stargazers: Vec<Value>,
}

impl Store {
    /// The recording that comes with the program.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn embedded() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("../../recorded/github.json"))
    }
}
