//! What a login has tried so far, and what its end means. Pure.

use russh::keys::ssh_key::public::KeyData;

use super::attempt::{Attempt, Outcome};
use crate::link::Lost;
use crate::target::Target;

/// Everything that was tried in vain, over one connection or several.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) tried: Vec<Attempt>,
    /// What the node accepts next, in SSH's words.
    pub(crate) remaining: Vec<String>,
    /// What the node said after the login had begun. That is PAM, when it turns
    /// away an account whose key or password was right.
    pub(crate) said: String,
    /// Keys that need not be offered again.
    pub(super) refused: Vec<KeyData>,
    /// A key that was right, and not enough.
    pub(super) accepted: Option<KeyData>,
    pub(super) connections: usize,
}

impl Past {
    /// Whether the node ended the connection before everything had its turn, so
    /// that another one is of use: there is a password, or a key is left.
    pub(crate) fn goes_on(&self, target: &Target) -> bool {
        let left_out = self.tried.iter().any(|attempt| attempt.outcome == Outcome::LeftOut);
        let password = target.password.is_some()
            && !self.tried.iter().any(Attempt::is_password)
            && self.accepts_password();
        self.connections == 1 && self.said.is_empty() && (password || left_out)
    }

    /// How a login ended that did not succeed.
    pub(crate) fn end(&self, lost: Option<&Lost>) -> End {
        let last = self.tried.last().map(|attempt| &attempt.outcome);
        // sshd tells a banner after the login has begun for one reason: PAM turns
        // the account away, and says why.
        if !self.said.is_empty() {
            return End::TurnedAway;
        }
        match (lost, last) {
            (Some(_), None) => End::CutOff,
            // In words such as "Too many authentication failures" it has answered.
            (Some(Lost::Said(_)), _) => End::Refused,
            (Some(_), Some(Outcome::Ended)) => End::CutOff,
            _ => End::Refused,
        }
    }

    fn accepts_password(&self) -> bool {
        self.remaining.iter().any(|method| method == "password" || method == "keyboard-interactive")
    }

    /// What is tried again is not to be told twice.
    pub(super) fn again(&mut self) {
        self.connections += 1;
        self.tried.retain(|attempt| attempt.outcome != Outcome::LeftOut);
    }
}

/// See [`Past::end`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No key and no password was accepted.
    Refused,
    /// One was, and the account is not let in.
    TurnedAway,
    /// The connection ended before that was known.
    CutOff,
}
