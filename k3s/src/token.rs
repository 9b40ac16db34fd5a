//! The token that agent nodes join by, `K10<hash of the authority>::node:<secret>`,
//! told apart from the server's own, which must not leave the server.

use std::fmt;

use thiserror::Error;

use crate::sums::Sha256;

/// Who a token logs in as: agent nodes, with nothing but the right to join.
const AGENT: &str = "node";
/// The server's own account: the administrator's.
const SERVER: &str = "server";
/// A secret of k3s' own has 32 digits, ours has 64.
const SECRET: std::ops::RangeInclusive<usize> = 16..=512;

/// A join token of agent nodes, as the file on a node holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken(String);

/// Why a text is no join token for agent nodes. The text is never in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The server's own.
    #[error("it is the server's own token, which gives an administrator's access to the cluster")]
    Servers,
    /// Something else.
    #[error("it is not of the form K10<hash of the authority>::node:<secret>")]
    Form,
}

impl JoinToken {
    /// Reads the file that the server writes for agent nodes.
    ///
    /// # Errors
    /// When it is the server's own token, or no token in k3s' long form.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let (hash, login) = line
            .strip_prefix("K10")
            .and_then(|rest| rest.split_once("::"))
            .ok_or(TokenError::Form)?;
        let (user, secret) = login.split_once(':').ok_or(TokenError::Form)?;
        if user == SERVER {
            return Err(TokenError::Servers);
        }
        let whole = Sha256::parse(hash).is_ok()
            && user == AGENT
            && SECRET.contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if whole { Ok(Self(format!("{line}\n"))) } else { Err(TokenError::Form) }
    }

    /// The text of the file.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The digest of the file.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.0.as_bytes())
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{JoinToken, TokenError};

    #[test]
    fn only_the_token_of_agent_nodes_is_one() {
        let (hash, secret) = ("a".repeat(64), "5".repeat(32));
        for (text, expected) in [
            (format!("K10{hash}::node:{secret}\n"), Ok(())),
            (format!("K10{hash}::node:{secret}"), Ok(())),
            (format!("K10{hash}::server:{secret}\n"), Err(TokenError::Servers)),
            (format!("K10{hash}::root:{secret}"), Err(TokenError::Form)),
            (format!("K10{hash}::abcdef.0123456789abcdef"), Err(TokenError::Form)),
            (format!("K10::node:{secret}"), Err(TokenError::Form)),
            (format!("K10{}::node:{secret}", "a".repeat(63)), Err(TokenError::Form)),
            (format!("K10{hash}::node:short"), Err(TokenError::Form)),
            (format!("K10{hash}::node:{secret}\nK3S_TOKEN=x"), Err(TokenError::Form)),
            (format!("K10{hash}::node:{secret} x"), Err(TokenError::Form)),
            (secret, Err(TokenError::Form)),
            (String::new(), Err(TokenError::Form)),
        ] {
            assert_eq!(JoinToken::parse(&text).map(|_| ()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_shows_the_secret(secret in "[0-9a-f]{32}", user in "node|server|x") {
            let text = format!("K10{}::{user}:{secret}", "b".repeat(64));
            let shown = match JoinToken::parse(&text) {
                Ok(token) => format!("{token:?}"),
                Err(error) => format!("{error:?} {error}"),
            };
            prop_assert!(!shown.contains(&secret));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(text in "(?s)(K10|::|node|server|:|[0-9a-f]{64}|.){0,12}") {
            if let Ok(token) = JoinToken::parse(&text) {
                prop_assert_eq!(JoinToken::parse(token.reveal()), Ok(token));
            }
        }
    }
}
