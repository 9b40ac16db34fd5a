//! Bytes from an address: HTTP by `ureq` (which reads the proxy variables
//! itself), or a local file.

use std::io::{self, Read};
use std::time::Duration;

use fs_err as fs;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::FetchError;
use super::cache::Part;
use super::site::{Address, Site};

/// More than four times k3s' binary, the largest artifact there is.
const LIMIT_BYTES: u64 = 512 << 20;

/// How much is read between two words of progress.
const CHUNK_BYTES: usize = 128 << 10;

/// Deadlines of a download. There is none for the whole: a slow line is no
/// fault, a silent one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For name resolution, connection and TLS together.
    pub connect: Duration,
    /// For the first byte, and between any two.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), silence: Duration::from_mins(1) }
    }
}

/// The way to one site.
pub(super) struct Transport<'a> {
    agent: Agent,
    pauses: &'a [Duration],
    timeouts: Timeouts,
}

impl<'a> Transport<'a> {
    pub(super) fn new(site: &Site, pauses: &'a [Duration], timeouts: Timeouts) -> Self {
        // The system's certificates: a mirror inside a company is signed by its own.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let builder = Agent::config_builder();
        // What listens on this machine is not the proxy's to fetch.
        let builder = if site.is_loopback() { builder.proxy(None) } else { builder };
        let config = builder
            .tls_config(tls)
            // A redirect must not lead out of TLS.
            .https_only(site.is_https())
            .timeout_resolve(Some(timeouts.connect))
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.silence))
            .timeout_per_read(Some(timeouts.silence))
            .user_agent(concat!("terrarium/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), pauses, timeouts }
    }

    /// Does it again, after each of the pauses, while that may help.
    pub(super) fn attempt<T>(
        &self,
        mut once: impl FnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        for pause in self.pauses {
            match once() {
                Err(error) if error.is_transient() => std::thread::sleep(*pause),
                done => return done,
            }
        }
        once()
    }

    /// A short text, whole.
    pub(super) fn text(&self, address: &Address, limit: u64) -> Result<String, FetchError> {
        let mut bytes = Vec::new();
        self.read(address, limit, |chunk, _, _| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        // What is not text lists no file.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// All of it into the part.
    pub(super) fn stream(
        &self,
        address: &Address,
        part: &mut Part,
        progress: &impl Fn(u64, Option<u64>),
    ) -> Result<(), FetchError> {
        self.read(address, LIMIT_BYTES, |chunk, done, total| {
            part.write(chunk)?;
            progress(done, total);
            Ok(())
        })
    }

    fn read(
        &self,
        address: &Address,
        limit: u64,
        mut take: impl FnMut(&[u8], u64, Option<u64>) -> Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        let (mut reader, total) = self.open(address)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut done = 0_u64;
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(address, error, done, total)),
            };
            done += read as u64;
            if done > limit {
                return Err(FetchError::TooLarge { url: address.to_string(), limit });
            }
            take(&buffer[..read], done, total)?;
        }
        match total {
            Some(announced) if announced != done => {
                Err(FetchError::Truncated { url: address.to_string(), got: done, total })
            }
            _ => Ok(()),
        }
    }

    fn open(&self, address: &Address) -> Result<(Box<dyn Read>, Option<u64>), FetchError> {
        match address {
            Address::Http(url) => {
                let response =
                    self.agent.get(url).call().map_err(|error| self.refused(address, error))?;
                let body = response.into_body();
                let total = body.content_length();
                Ok((Box::new(body.into_reader()), total))
            }
            Address::File(path) => {
                let failed = FetchError::io;
                let file = fs::File::open(path).map_err(failed("read the mirror"))?;
                let total = file.metadata().map_err(failed("read the mirror"))?.len();
                Ok((Box::new(file), Some(total)))
            }
        }
    }

    fn refused(&self, address: &Address, error: ureq::Error) -> FetchError {
        let url = address.to_string();
        match error {
            ureq::Error::StatusCode(status) => FetchError::Status { url, status },
            ureq::Error::Timeout(which) => {
                let (waiting, after) = match which {
                    ureq::Timeout::Resolve => ("resolving the name", self.timeouts.connect),
                    ureq::Timeout::Connect => ("connecting", self.timeouts.connect),
                    _ => ("waiting for data", self.timeouts.silence),
                };
                FetchError::Timeout { url, waiting, after }
            }
            error => FetchError::Transport { url, source: Box::new(error) },
        }
    }

    /// A failure in the middle of the body.
    fn broken(
        &self,
        address: &Address,
        error: io::Error,
        got: u64,
        total: Option<u64>,
    ) -> FetchError {
        if matches!(address, Address::File(_)) {
            return FetchError::Io { action: "read the mirror", source: error };
        }
        match ureq::Error::from(error) {
            ureq::Error::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionAborted
                ) =>
            {
                FetchError::Truncated { url: address.to_string(), got, total }
            }
            error => self.refused(address, error),
        }
    }
}
