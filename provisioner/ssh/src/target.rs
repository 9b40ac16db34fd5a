//! Whom to connect to, and within which limits.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::Unlocked;
use crate::config::Family;
use crate::hostkey::{self, FirstContact};
use crate::secret::Secret;

/// The port SSH has where nobody says another.
pub const PORT: u16 = 22;

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
    /// in `usual_keys`, where they exist. An RSA key is used from an
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
    /// Other files of known hosts, such as `~/.ssh/known_hosts`: only ever read.
    pub user_known_hosts: Vec<PathBuf>,
    /// The socket of an ssh-agent (`SSH_AUTH_SOCK`).
    pub agent_socket: Option<PathBuf>,
    /// Where the usual keys lie: `~/.ssh`.
    pub usual_keys: Option<PathBuf>,
    /// Keys whose passphrase was given.
    pub unlocked: Vec<Unlocked>,
    /// Certificates to go with the keys, beside those that lie beside them.
    pub certificates: Vec<PathBuf>,
    /// Whether the agent's keys that nobody named are left out.
    pub identities_only: bool,
    /// The name its host key is recorded under, in place of host and port.
    pub host_key_alias: Option<String>,
    /// Which addresses of the host are used.
    pub family: Family,
    /// In place of [`Limits::connect`].
    pub connect_timeout: Option<Duration>,
    /// In place of [`Limits::keepalive_interval`]; zero for never.
    pub alive_interval: Option<Duration>,
    /// In place of [`Limits::keepalive_max`].
    pub alive_count: Option<usize>,
    /// Whether it is a host on the way to a node.
    pub is_jump: bool,
    /// Hosts to go through, in order. What they have themselves of these does not
    /// count. None of them gets the node's password.
    pub jumps: Vec<Target>,
}

impl Target {
    pub(crate) fn place(&self) -> Arc<Place> {
        Arc::new(Place {
            node: self.node.clone(),
            host: self.host.clone(),
            port: self.port,
            is_jump: self.is_jump,
        })
    }

    /// The hosts on the way to it in order, each behind those before it, and at the end
    /// itself.
    pub fn way(&self) -> Vec<Self> {
        let hop = |(index, hop): (usize, &Self)| Self {
            jumps: self.jumps[..index].to_vec(),
            password: None,
            ..hop.clone()
        };
        self.jumps.iter().enumerate().map(hop).chain([self.clone()]).collect()
    }

    /// How the host is called in `known_hosts` files.
    pub fn recorded_name(&self) -> Option<String> {
        match &self.host_key_alias {
            // As OpenSSH: the port is no part of an alias.
            Some(alias) => hostkey::recorded_name(alias, 22),
            None => hostkey::recorded_name(&self.host, self.port),
        }
    }

    /// The limits with its own in place.
    pub(crate) fn limits(&self, limits: &Limits) -> Limits {
        Limits {
            connect: self.connect_timeout.unwrap_or(limits.connect),
            keepalive_interval: self.alive_interval.unwrap_or(limits.keepalive_interval),
            keepalive_max: self.alive_count.unwrap_or(limits.keepalive_max),
            ..limits.clone()
        }
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
    /// Whether it is a host on the way to a node.
    pub is_jump: bool,
}

impl Place {
    /// `host:port`, for a sentence about another place.
    pub(crate) fn beside(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_jump { "jump host" } else { "node" };
        write!(f, "{what} `{}` ({})", self.node, self.beside())
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
    /// From the login until the node serves: sshd starts the user's session first,
    /// services of its own among it, and answers nothing meanwhile.
    pub session: Duration,
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
            auth: Duration::from_mins(1),
            session: Duration::from_mins(1),
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

impl Limits {
    /// Every wait for the node this many times as long; none gets shorter.
    #[must_use]
    pub fn patient(mut self, factor: f64) -> Self {
        let factor = if factor.is_finite() { factor.max(1.0) } else { 1.0 };
        for wait in [
            &mut self.connect,
            &mut self.handshake,
            &mut self.auth,
            &mut self.session,
            &mut self.start,
            &mut self.sudo,
            &mut self.open_retry,
        ] {
            *wait = wait.mul_f64(factor);
        }
        let asked = (1_u16..=1000).find(|asked| f64::from(*asked) >= factor).unwrap_or(1000);
        self.keepalive_max = self.keepalive_max.saturating_mul(usize::from(asked));
        self
    }

    /// Silence after which the link counts as lost; nothing when nobody asks.
    pub(crate) fn silence(&self) -> Option<Duration> {
        let questions = u32::try_from(self.keepalive_max.saturating_add(1)).unwrap_or(u32::MAX);
        let asks = !self.keepalive_interval.is_zero() && self.keepalive_max > 0;
        asks.then(|| self.keepalive_interval.saturating_mul(questions))
    }
}
