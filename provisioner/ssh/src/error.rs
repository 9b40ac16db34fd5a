//! What can go wrong while connecting, and what helps.
//!
//! Each Display says its own layer only; `source()` links the rest. No error
//! carries a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::account::{Turned, Unstarted};
use crate::auth::{Attempt, Outcome, Tried};
use crate::hostkey::{ChangedHostKey, NotPinned, RevokedHostKey, UnknownHostKey};
use crate::link::Lost;
use crate::quote::quote;
use crate::target::Place;

/// An error of the SSH library, without naming its type.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why no session could be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host cannot be written into a `known_hosts` file.
    #[error("{place}: `{}` is not a host name or an IP address", place.host)]
    InvalidHost {
        /// Where.
        place: Arc<Place>,
    },
    /// The host's name has no address.
    #[error("{place}: cannot resolve the host name")]
    Resolve {
        /// Where.
        place: Arc<Place>,
        /// The resolver's answer.
        source: io::Error,
    },
    /// Something answered, but nobody listens on the port.
    #[error("{place}: port {} is closed", place.port)]
    Refused {
        /// Where.
        place: Arc<Place>,
        /// The system's answer.
        source: io::Error,
    },
    /// The network has no way to the host.
    #[error("{place}: unreachable")]
    Unreachable {
        /// Where.
        place: Arc<Place>,
        /// The system's answer.
        source: io::Error,
    },
    /// The jump host does not connect to it.
    #[error("{place}: the jump host {via} {}", if *forbidden { "forwards no connections" } else { "cannot connect to it" })]
    Jump {
        /// Where.
        place: Arc<Place>,
        /// The jump host, as `host:port`.
        via: String,
        /// Whether it may not, as opposed to finding nobody there.
        forbidden: bool,
        /// The library's error.
        source: Source,
    },
    /// Nothing came in time.
    #[error("{place}: no answer within {limit:?} (waited for {waited_for})")]
    Timeout {
        /// Where.
        place: Arc<Place>,
        /// What was waited for.
        waited_for: &'static str,
        /// How long.
        limit: Duration,
    },
    /// The node offers another host key than the recorded ones.
    #[error("{place}: {changed}")]
    HostKeyChanged {
        /// Where.
        place: Arc<Place>,
        /// Recorded and offered keys.
        changed: Box<ChangedHostKey>,
    },
    /// The node offers a host key marked `@revoked`.
    #[error("{place}: {revoked}")]
    HostKeyRevoked {
        /// Where.
        place: Arc<Place>,
        /// The line that revokes it.
        revoked: Box<RevokedHostKey>,
    },
    /// Nobody has recorded the node's host key, and that is not enough.
    #[error("{place}: {unknown}")]
    HostKeyUnknown {
        /// Where.
        place: Arc<Place>,
        /// The key.
        unknown: Box<UnknownHostKey>,
    },
    /// The node has none of the host keys it has to have.
    #[error("{place}: {mismatch}")]
    HostKeyNotPinned {
        /// Where.
        place: Arc<Place>,
        /// The keys it has to have, and those it offers.
        mismatch: Box<NotPinned>,
    },
    /// A `known_hosts` file could not be used.
    #[error("{place}: cannot {action} {}", file.display())]
    KnownHosts {
        /// Where.
        place: Arc<Place>,
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No way of logging in was accepted.
    #[error("{place}: login as `{user}` refused ({})", tried_text(tried, remaining, said.as_deref()))]
    Auth {
        /// Where.
        place: Arc<Place>,
        /// The login name.
        user: String,
        /// What was tried or could not be tried, in order.
        tried: Vec<Attempt>,
        /// Methods the node still offers, in SSH's words.
        remaining: Vec<String>,
        /// With which words it ended the connection, if it did.
        said: Option<String>,
    },
    /// The key or password was right, and the account is not let in.
    #[error("{place}: the node does not let `{user}` in; it says: {}", one_line(said))]
    Account {
        /// Where.
        place: Arc<Place>,
        /// The login name.
        user: String,
        /// What the node's words mean.
        why: Turned,
        /// Its words.
        said: String,
    },
    /// The password cannot be sent: PAM and sudo read one line.
    #[error("{place}: the password contains a line break")]
    PasswordNotOneLine {
        /// Where.
        place: Arc<Place>,
    },
    /// The node ended the connection before the session was open.
    #[error("{place}: connection closed during {during}")]
    Closed {
        /// Where.
        place: Arc<Place>,
        /// The stage.
        during: &'static str,
        /// Why, as far as it is known.
        source: Lost,
    },
    /// The two sides do not understand each other.
    #[error("{place}: the SSH handshake failed")]
    Protocol {
        /// Where.
        place: Arc<Place>,
        /// The library's error.
        source: Source,
    },
}

impl ConnectError {
    /// What the user can do about it, if this crate knows.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidHost { .. } | Self::KnownHosts { .. } => None,
            Self::Resolve { place, .. } => {
                Some(format!("check `host` of node `{}`, or write its IP address", place.node))
            }
            Self::Refused { .. } => Some(
                "is SSH enabled on the node? On Raspberry Pi OS: `sudo raspi-config nonint do_ssh 0`, \
                 or an empty file `ssh` on the boot partition before the first start"
                    .to_owned(),
            ),
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                Some("is the node switched on, on this network, and is the address right?".to_owned())
            }
            Self::Jump { via, forbidden: true, .. } => Some(format!(
                "allow it in the sshd_config of {via} (`AllowTcpForwarding yes`), and reload ssh there"
            )),
            Self::Jump { place, via, .. } => Some(format!(
                "is the node switched on, and does {via} reach it? `ssh {via} nc -zv {} {}` shows it",
                place.host, place.port
            )),
            Self::HostKeyChanged { changed, .. } => Some(changed.hint()),
            Self::HostKeyRevoked { .. } => Some(RevokedHostKey::hint()),
            Self::HostKeyUnknown { place, .. } if place.is_jump => Some(format!(
                "record it with `provision trust` for a node behind it, or log in there once by hand and look at the key: `ssh {}`; or `--host-keys accept-new`, which trusts whoever answers first",
                quote(&place.node)
            )),
            Self::HostKeyUnknown { place, unknown } => Some(unknown.hint(&place.node)),
            Self::HostKeyNotPinned { place, .. } => Some(NotPinned::hint(&place.node)),
            Self::Auth { place, user, tried, remaining, .. } => {
                Some(auth_hint(place, user, tried, remaining))
            }
            Self::Account { place, user, why, .. } => Some(why.hint(user, place)),
            Self::PasswordNotOneLine { .. } => {
                Some("a password file's first line is the password; nothing may follow on it".to_owned())
            }
            Self::Closed { .. } => Some(
                "sshd drops connections when it starts, is overloaded or has seen many failed logins; try again in a minute. If it \
                 goes on, the node's PAM may turn the account away without a word: see `journalctl -u ssh` there"
                    .to_owned(),
            ),
            Self::Protocol { .. } => {
                Some("is an SSH server (OpenSSH 7.4 or later) listening on that port?".to_owned())
            }
        }
    }

    /// Whether the node is there, and starting or going down: it lets nobody in yet.
    pub fn is_not_up(&self) -> bool {
        matches!(self, Self::Account { why: Turned::NotUp, .. })
    }

    /// Whether the same call may succeed later without anybody changing
    /// anything: true while a node boots, false for wrong keys or passwords.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Closed { .. }
            | Self::Jump { forbidden: false, .. }
            | Self::Account { why: Turned::NotUp, .. } => true,
            Self::InvalidHost { .. }
            | Self::HostKeyChanged { .. }
            | Self::HostKeyRevoked { .. }
            | Self::HostKeyUnknown { .. }
            | Self::HostKeyNotPinned { .. }
            | Self::KnownHosts { .. }
            | Self::Auth { .. }
            | Self::Account { .. }
            | Self::Jump { .. }
            | Self::PasswordNotOneLine { .. }
            | Self::Protocol { .. } => false,
        }
    }
}

/// "tried password: refused; the node accepts publickey".
fn tried_text(tried: &[Attempt], remaining: &[String], said: Option<&str>) -> impl fmt::Display {
    let mut text = if tried.is_empty() {
        "nothing to try".to_owned()
    } else {
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        format!("tried {}", tried.join(", "))
    };
    if !remaining.is_empty() {
        text.push_str("; the node accepts ");
        text.push_str(&remaining.join(", "));
    }
    if let Some(said) = said.filter(|said| !said.trim().is_empty()) {
        text.push_str("; it says: ");
        text.push_str(&one_line(said).to_string());
    }
    text
}

/// What a node says, in one line and not too much of it.
fn one_line(said: &str) -> impl fmt::Display {
    let words: Vec<&str> = said.split_whitespace().collect();
    words.join(" ").chars().take(SAID_CHARS_MAX).collect::<String>()
}

/// As much of a node's words as an error shows.
const SAID_CHARS_MAX: usize = 400;

fn auth_hint(place: &Place, user: &str, tried: &[Attempt], remaining: &[String]) -> String {
    if let Some(hint) = tried.iter().find_map(Attempt::hint) {
        return hint;
    }
    let expired = |attempt: &Attempt| matches!(&attempt.outcome, Outcome::Unusable(why) if Unstarted::of(why) == Unstarted::PasswordExpired);
    if tried.iter().any(expired) {
        return Unstarted::PasswordExpired.hint(user, place);
    }
    let accepts = |method: &str| remaining.iter().any(|offered| offered == method);
    let passwords = accepts("password") || accepts("keyboard-interactive");
    let password_tried = tried.iter().any(Attempt::is_password);
    // Which of many keys is the right one only the user can say.
    let agent_keys =
        tried.iter().filter(|attempt| matches!(attempt.what, Tried::AgentKey(_))).count();
    let cut = |outcome: &Outcome| matches!(outcome, Outcome::LeftOut | Outcome::Ended);
    if agent_keys > 1 && tried.iter().any(|attempt| cut(&attempt.outcome)) {
        let password = match (password_tried, passwords) {
            (true, _) => ", and check the password: it was refused as well",
            (false, true) => ", or give the password with --ask-password",
            (false, false) => "",
        };
        return format!(
            "the node allows few attempts (`MaxAuthTries`) and the agent holds {agent_keys} keys: name the right one with \
             `identity = \"~/.ssh/…\"` in [ssh]{password}"
        );
    }
    let install = format!("`{}`", copy_id(user, place));
    if password_tried {
        let key = if accepts("publickey") {
            format!("; or install your public key on the node with {install}, by the same password")
        } else {
            String::new()
        };
        format!(
            "the password was refused: check it and the login name `{user}`; an account may also be locked (on {}, as another \
             user: `sudo passwd -S {}`){key}",
            place.node,
            quote(user)
        )
    } else if passwords {
        format!(
            "give the password with --ask-password, TERRARIUM_PASSWORD or ssh.password_file, or install a key with {install}"
        )
    } else if accepts("publickey") {
        format!(
            "check the login name `{user}`, and install your public key on the node with {install}"
        )
    } else {
        format!("check the login name `{user}` and its password")
    }
}

/// The command that installs a public key.
fn copy_id(user: &str, Place { host, port, .. }: &Place) -> String {
    let to = quote(&format!("{user}@{host}"));
    if *port == 22 { format!("ssh-copy-id {to}") } else { format!("ssh-copy-id -p {port} {to}") }
}
