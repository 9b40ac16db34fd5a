//! `--web.config.file`: TLS, passwords and headers, in the format that
//! Prometheus and its exporters share (exporter-toolkit's).
//!
//! A key of that format this agent does not have is an error that says so: a
//! restriction that was asked for and silently not made would be worse.

mod config;
mod current;
mod queue;
mod section;
mod tls;
mod users;
mod yaml;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::HeaderMap;
use tokio_rustls::TlsAcceptor;

pub use current::{Current, StartError};

use current::{Stamp, stamp};
use users::Users;

/// Why a web configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The file is not there or not readable.
    #[error("cannot read the web configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It is not YAML, or not only mappings.
    #[error("{}, line {line}: {said}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is there, or what was expected.
        said: String,
    },
    /// A key that the format does not have, or not with such a value.
    #[error("{}, line {line}: {key:?} is not as expected: {expected}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with those it is under.
        key: String,
        /// What can stand there.
        expected: &'static str,
    },
    /// A key of the format that this agent has nothing for.
    #[error("{}: {key} is not supported by this agent: {why}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The key, with those it is under.
        key: String,
        /// What to do without it.
        why: &'static str,
    },
    /// A value the key cannot have.
    #[error("{}, line {line}: {key} cannot be {given:?}; expected {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, from 1; where it is missing, that of its section.
        line: usize,
        /// The key, with those it is under.
        key: String,
        /// What stood there; never a secret.
        given: String,
        /// What can stand there.
        expected: &'static str,
    },
    /// A certificate, a key or an authority that cannot be used.
    #[error("{} cannot be used as {role}: {said}", path.display())]
    Material {
        /// The file.
        path: PathBuf,
        /// The key of the configuration that names it.
        role: &'static str,
        /// What is wrong with it.
        said: String,
    },
}

/// A web configuration, ready to be used.
pub struct Web {
    /// Takes a connection's handshake; plain HTTP without it.
    pub tls: Option<TlsAcceptor>,
    /// Go with every answer.
    pub headers: HeaderMap,
    users: Users,
    /// What it was made from: another content of these makes another.
    files: Vec<(PathBuf, Stamp)>,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tls, headers, users, files } = self;
        f.debug_struct("Web")
            .field("tls", &tls.is_some())
            .field("headers", headers)
            .field("users", users)
            .field("files", files)
            .finish()
    }
}

impl Web {
    /// Reads the file and those it names.
    ///
    /// # Errors
    /// See [`WebError`].
    pub fn load(path: &Path) -> Result<Self, WebError> {
        let stamped = |path: &Path| (path.to_owned(), stamp(path));
        let mut files = vec![stamped(path)];
        let text = std::fs::read_to_string(path)
            .map_err(|source| WebError::Read { path: path.to_owned(), source })?;
        let config = config::Config::parse(path, &text)?;
        let tls = match &config.tls {
            None => None,
            Some(tls) => {
                files.extend([stamped(&tls.cert_file), stamped(&tls.key_file)]);
                files.extend(tls.clients.as_ref().map(|clients| stamped(&clients.ca_file)));
                Some(TlsAcceptor::from(Arc::new(tls::server(tls)?)))
            }
        };
        Ok(Self { tls, headers: config.headers, users: Users::new(config.users), files })
    }

    /// Whether a request with these headers, from there, is to be answered: all are where
    /// no users are named; `None` when that cannot be found out now.
    pub async fn admits(&self, headers: &HeaderMap, from: IpAddr) -> Option<bool> {
        self.users.admit(headers, from).await
    }
}
