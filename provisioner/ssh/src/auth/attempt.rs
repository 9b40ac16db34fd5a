//! How a login succeeded, or what was tried in vain.

use std::fmt;
use std::path::PathBuf;

/// How the login succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// The node asked for nothing.
    None,
    /// A key held by the ssh-agent, by its comment.
    Agent(String),
    /// A private key file.
    Identity(PathBuf),
    /// A certificate for a key.
    Certificate(String),
    /// The password.
    Password,
    /// The password, in answer to the node's question.
    KeyboardInteractive,
}

/// One way of logging in that did not succeed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub what: Tried,
    /// How it failed.
    pub outcome: Outcome,
}

/// A way of logging in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tried {
    /// Asking the agent at this socket for its keys.
    AgentSocket(PathBuf),
    /// A key held by the agent, by its comment.
    AgentKey(String),
    /// A private key file.
    Identity(PathBuf),
    /// A certificate, by its file or the agent's comment.
    Certificate(String),
    /// The password.
    Password,
    /// The password, in answer to the node's question.
    KeyboardInteractive,
}

/// Why a way of logging in did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The node said no.
    Refused,
    /// The node accepted it but wants something else as well.
    NotEnough,
    /// The key file is protected by a passphrase.
    Encrypted,
    /// It could not be used; why.
    Unusable(String),
    /// Not offered: the node allows so many attempts and no more.
    LeftOut,
    /// The node ended the connection instead of an answer.
    Ended,
}

impl Attempt {
    pub(crate) fn is_password(&self) -> bool {
        matches!(self.what, Tried::Password | Tried::KeyboardInteractive)
    }

    /// What would make this way work.
    pub(crate) fn hint(&self) -> Option<String> {
        let Tried::Identity(path) = &self.what else { return None };
        let path = crate::quote::quote(&path.to_string_lossy());
        match self.outcome {
            Outcome::Encrypted => Some(format!(
                "the key is protected by a passphrase: load it into the agent with `ssh-add {path}`"
            )),
            _ => None,
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Tried::AgentSocket(path) => write!(f, "agent at {}", path.display())?,
            Tried::AgentKey(comment) => write!(f, "agent key `{comment}`")?,
            Tried::Identity(path) => write!(f, "key {}", path.display())?,
            Tried::Certificate(name) => write!(f, "certificate {name}")?,
            Tried::Password => f.write_str("password")?,
            Tried::KeyboardInteractive => f.write_str("keyboard-interactive")?,
        }
        match &self.outcome {
            Outcome::Refused => f.write_str(": refused"),
            Outcome::NotEnough => f.write_str(": accepted, but not enough"),
            Outcome::Encrypted => f.write_str(": passphrase needed"),
            Outcome::Unusable(why) => write!(f, ": {why}"),
            Outcome::LeftOut => f.write_str(": left out, too many keys"),
            Outcome::Ended => f.write_str(": the node ended the connection"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_read_as_one_list() {
        let attempt = |what, outcome| Attempt { what, outcome }.to_string();
        assert_eq!(
            attempt(Tried::AgentKey("me@laptop".into()), Outcome::Refused),
            "agent key `me@laptop`: refused"
        );
        assert_eq!(
            attempt(Tried::Identity("/k".into()), Outcome::Encrypted),
            "key /k: passphrase needed"
        );
        assert_eq!(
            attempt(Tried::Password, Outcome::NotEnough),
            "password: accepted, but not enough"
        );
    }
}
