//! `~/.ssh/config` as `ssh_config(5)` describes it, read for what decides where and
//! how one connects. Only [`Files`] does I/O.
//!
//! A keyword that would change where one gets to, and is not understood here, is
//! refused with its file and line: to connect somewhere else, or past a proxy, would
//! be worse than not to connect. Those that change nothing of that are left alone.
//!
//! Why not a crate: none of those there are says in which line something stands,
//! knows `Match`, or keeps apart what it does not understand from what it does not
//! need to.

mod criteria;
mod jump;
mod keyword;
mod resolve;
mod token;
mod value;
mod words;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use jump::{Hop, hops};
pub use resolve::resolve;
pub use token::Around;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The file.
    pub file: PathBuf,
    /// Its line, counted from 1.
    pub line: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.file.display(), self.line)
    }
}

/// A configuration that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct ConfigError {
    /// Where.
    pub at: At,
    /// What is wrong with it.
    pub what: String,
    /// What helps.
    pub hint: String,
}

/// Files as they are read.
pub trait Files {
    /// The text of a file; `None` when it is not there.
    fn read(&self, path: &Path) -> std::io::Result<Option<String>>;
    /// The files that a pattern of an `Include` stands for, in order.
    fn glob(&self, pattern: &str) -> Vec<PathBuf>;
}

/// One of the files to begin with, and the folder its `Include`s are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file; it need not be there.
    pub file: PathBuf,
    /// `~/.ssh` or `/etc/ssh`.
    pub folder: PathBuf,
}

/// Whom somebody wants to reach, and what they said about it themselves: that wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The host as it was given: an alias, a name, an address.
    pub host: String,
    /// The login name.
    pub user: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// Whether the way was given as well, so that a proxy does not matter.
    pub has_jump: bool,
}

/// Whether host keys nobody recorded are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// `yes`
    Yes,
    /// `ask`
    Ask,
    /// `accept-new`, and `no`: a changed key is refused all the same.
    AcceptNew,
}

/// Which versions of IP addresses are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// Either.
    #[default]
    Any,
    /// The older.
    V4,
    /// The newer.
    V6,
}

impl Family {
    pub(crate) fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Whose keys are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// That of the environment.
    Environment,
    /// None.
    None,
    /// The one at this socket.
    At(PathBuf),
}

/// What the files say about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The name or address to connect to.
    pub host: String,
    /// The login name, if anything was said about it.
    pub user: Option<String>,
    /// The port, likewise.
    pub port: Option<u16>,
    /// Private keys, in order; `None` when the usual ones are meant.
    pub identities: Option<Vec<PathBuf>>,
    /// Certificates to go with them.
    pub certificates: Vec<PathBuf>,
    /// Whether the agent's other keys are left out.
    pub identities_only: bool,
    /// Whether keys are used at all.
    pub keys: bool,
    /// The agent.
    pub agent: Agent,
    /// Where the user records host keys; `None` for the usual file.
    pub known_hosts: Option<Vec<PathBuf>>,
    /// Where the machine does.
    pub global_known_hosts: Vec<PathBuf>,
    /// The name the host's key is recorded under.
    pub host_key_alias: Option<String>,
    /// What happens to a key nobody recorded.
    pub strict: Option<Strict>,
    /// How long to wait for a connection.
    pub connect_timeout: Option<Duration>,
    /// Silence after which the node is asked for a sign of life; zero for never.
    pub alive_interval: Option<Duration>,
    /// Unanswered questions after which the link counts as lost.
    pub alive_count: Option<usize>,
    /// Which addresses are used.
    pub family: Family,
    /// Hosts to go through, in order, as written, and where that stands.
    pub jump: Option<(String, At)>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// Whether a name fits a pattern of `*` and `?`.
pub fn matches(pattern: &str, name: &str) -> bool {
    crate::hostkey::wildcard(pattern, name)
}

#[cfg(test)]
mod tests;
