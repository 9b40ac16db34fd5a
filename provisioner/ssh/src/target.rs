//! Whom to connect to, and within which limits.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::hostkey::FirstContact;
use crate::secret::Secret;

/// One node as SSH sees it. Everything is passed in: this crate reads no
/// environment variable and no user configuration of its own accord.
#[derive(Debug, Clone)]
pub struct Target {
    /// The node's name, for messages.
    pub node: String,
    /// IP address or DNS name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Private keys to offer, in order. Empty: `id_ed25519` and `id_ecdsa`
    /// beside `user_known_hosts`, where they exist. An RSA key is used from an
    /// agent only; `id_rsa` is looked at so that a failed login can say so.
    pub identities: Vec<PathBuf>,
    /// Login password and sudo password.
    pub password: Option<Secret>,
    /// Fingerprints (`SHA256:…`) of the host keys the node may have, whatever is
    /// recorded. Empty: what is recorded decides.
    pub host_keys: Vec<String>,
    /// What happens to a key nobody has recorded.
    pub first_contact: FirstContact,
    /// Our own `known_hosts`: read, and appended to on first contact.
    pub known_hosts: PathBuf,
    /// The user's `~/.ssh/known_hosts`: only ever read.
    pub user_known_hosts: Option<PathBuf>,
    /// The socket of an ssh-agent (`SSH_AUTH_SOCK`).
    pub agent_socket: Option<PathBuf>,
}

impl Target {
    pub(crate) fn place(&self) -> Arc<Place> {
        Arc::new(Place { node: self.node.clone(), host: self.host.clone(), port: self.port })
    }
}

/// Where something happened; reads "node `pi-2` (10.0.0.12:22)".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node's name.
    pub node: String,
    /// The host as written in the inventory.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, host, port } = self;
        if host.contains(':') {
            write!(f, "node `{node}` ([{host}]:{port})")
        } else {
            write!(f, "node `{node}` ({host}:{port})")
        }
    }
}

/// Every wait and every buffer has an end; these are the ends.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Resolving the name and opening the TCP connection, all addresses together.
    pub connect: Duration,
    /// Version exchange and key exchange.
    pub handshake: Duration,
    /// All authentication attempts together; PAM may pause after a wrong password.
    pub auth: Duration,
    /// From a command's request until our script speaks on the node: the login
    /// shell has to start and read its start-up files.
    pub start: Duration,
    /// From there until sudo asks for the password or begins, and from the answer
    /// until it begins; PAM may pause, and a host name may be looked up in vain.
    pub sudo: Duration,
    /// Silence after which the node is asked for a sign of life.
    pub keepalive_interval: Duration,
    /// Unanswered questions after which the link counts as lost.
    pub keepalive_max: usize,
    /// Commands running at once on one node; OpenSSH's own limit (`MaxSessions`) is 10.
    pub channels: usize,
    /// How long a refused channel is asked for again (sshd frees slots late).
    pub open_retry: Duration,
    /// Bytes of standard output kept per command.
    pub stdout_bytes: usize,
    /// Bytes of standard error kept per command.
    pub stderr_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(20),
            auth: Duration::from_secs(30),
            start: Duration::from_secs(30),
            sudo: Duration::from_mins(1),
            keepalive_interval: Duration::from_secs(5),
            keepalive_max: 3,
            channels: 4,
            open_retry: Duration::from_secs(15),
            stdout_bytes: 16 << 20,
            stderr_bytes: 1 << 20,
        }
    }
}
