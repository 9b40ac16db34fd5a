//! What a node said, kept apart until it was read.

use std::fmt;

/// A value that a node, or a program on one, has chosen: nothing is known of it.
///
/// It is no text: it cannot be formatted into a command, written to a file,
/// joined to a path or serialised. The one way to something that can is
/// [`FromNode::parse`], with a parser that builds a value from what it checked.
/// What a node said may be repeated in a message with [`FromNode::message`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FromNode<T>(T);

impl<T> FromNode<T> {
    /// Marks what has just arrived.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads it.
    pub fn parse<'a, U>(&'a self, parser: impl FnOnce(&'a T) -> U) -> U {
        parser(&self.0)
    }

    /// The same, from what it was made of.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> FromNode<U> {
        FromNode(change(self.0))
    }
}

impl FromNode<Vec<u8>> {
    /// As text; what is not UTF-8 is replaced.
    pub fn text(&self) -> FromNode<String> {
        FromNode(String::from_utf8_lossy(&self.0).into_owned())
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was said, for a message to people and for nothing else.
    pub fn message(&self) -> String {
        String::from_utf8_lossy(&self.0).trim().to_owned()
    }
}

impl FromNode<String> {
    /// What was said, for a message to people and for nothing else.
    pub fn message(&self) -> String {
        self.0.trim().to_owned()
    }
}

/// A comparison tells nothing but yes or no.
impl<T: PartialEq<U>, U: ?Sized> PartialEq<&U> for FromNode<T> {
    fn eq(&self, other: &&U) -> bool {
        self.0 == **other
    }
}

impl From<&str> for FromNode<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for FromNode<T> {
    /// Without the value: it may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromNode(…)")
    }
}
