//! Following repositories over GitHub's REST API.
//!
//! Each listing is read by a [`feed::Feed`]: a cursor that says what to ask
//! next and takes the answer, without any input or output of its own. Cursors
//! are kept in Kafka after the events they stand for, so that whatever is
//! interrupted goes on where it was, at worst with a page sent again.

pub mod client;
pub mod commits;
pub mod events;
pub mod feed;
pub mod follow;
pub mod issues;
pub mod items;
pub mod link;
pub mod offsets;
pub mod recent;
pub mod releases;
pub mod reply;
pub mod stargazers;

/// How this program calls itself to the services it asks.
pub const USER_AGENT: &str = concat!("terrarium-source/", env!("CARGO_PKG_VERSION"));

/// A repository that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's number: stays when the repository is renamed or moved.
    pub id: u64,
    /// `owner/name` as of now.
    pub name: String,
    /// The first look goes back to here, in milliseconds since 1970.
    pub floor: i64,
}
