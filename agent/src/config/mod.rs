//! The agent's configuration file: which services are probed, and how.
//!
//! TOML. Every problem is told with file, line and what was expected there.

mod check;
mod duration;
mod raw;
pub mod reload;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// More than a node has services; each may be under way at the same time.
pub const MOST_PROBES: usize = 64;

/// A file larger than this is none of ours.
const LARGEST: u64 = 256 * 1024;

/// Everything the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The probes, in the file's order.
    pub probes: Vec<Probe>,
}

/// A service that is asked again and again whether it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Label `probe`; no other probe has it.
    pub name: String,
    /// Label `service`.
    pub service: String,
    /// Where it is asked.
    pub place: Place,
    /// What it is asked.
    pub check: Check,
    /// From one start to the next.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Always there.
    Address(SocketAddr),
    /// In a pod of this node, asked only while such a container runs here.
    Container {
        /// The pod's namespace.
        namespace: String,
        /// The container's name.
        container: String,
        /// At the pod's address.
        port: u16,
    },
    /// On this host, at its system bus.
    Host,
}

/// What a service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A path answers with a status below 400.
    Http {
        /// Over TLS.
        tls: bool,
        /// Path and query.
        path: String,
        /// Text the first 16 KiB of the body must contain.
        body: Option<String>,
    },
    /// The port takes a connection.
    Tcp,
    /// A TLS handshake succeeds; the certificate's end is told.
    Tls {
        /// The name to ask the certificate of.
        server_name: Option<String>,
    },
    /// The server answers the start of a session.
    Postgresql,
    /// The server answers PING.
    Redis,
    /// The broker tells its versions.
    Kafka,
    /// The server answers hello.
    Mongodb,
    /// The server knows an address of this name.
    Dns {
        /// The name.
        query: String,
    },
    /// The unit is active.
    Systemd {
        /// `k3s.service`
        unit: String,
    },
}

impl Check {
    /// Label `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Tcp => "tcp",
            Self::Tls { .. } => "tls",
            Self::Postgresql => "postgresql",
            Self::Redis => "redis",
            Self::Kafka => "kafka",
            Self::Mongodb => "mongodb",
            Self::Dns { .. } => "dns",
            Self::Systemd { .. } => "systemd",
        }
    }
}

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// What it says is not understood.
    #[error("{file}:{line}: {said}")]
    Content {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what was expected.
        said: String,
    },
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`], for the first problem.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let read = |path: &Path| {
            if std::fs::metadata(path)?.len() > LARGEST {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            std::fs::read_to_string(path)
        };
        let text = read(path).map_err(|source| ConfigError::Read { path: name.clone(), source })?;
        Self::parse(&name, &text)
    }

    /// Reads `text`; `file` is the name problems carry.
    ///
    /// # Errors
    /// [`ConfigError::Content`], for the first problem.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let at = |offset: usize, said: String| {
            let before = text.get(..offset).unwrap_or(text);
            let line = 1 + before.matches('\n').count();
            ConfigError::Content { file: file.to_owned(), line, said }
        };
        let raw: raw::File = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, error.message().trim().replace('\n', "; "))
        })?;
        check::config(&raw).map_err(|problem| at(problem.offset, problem.said))
    }
}
