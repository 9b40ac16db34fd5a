//! Bytes from an address: HTTP by `ureq` (which reads the proxy variables
//! itself), or a local file.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use fs_err as fs;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::FetchError;
use super::cache::Part;
use super::pace::{Pace, Slow, Timeouts};
use super::site::{Address, Site};

/// More than four times k3s' binary, the largest artifact there is.
const LIMIT_BYTES: u64 = 512 << 20;
/// How much is read between two words of progress.
const CHUNK_BYTES: usize = 128 << 10;
/// Chunks that may wait to be written.
const CHUNKS: usize = 4;
/// How often is looked whether to go on while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The way to one site.
pub(super) struct Transport<'a> {
    line: Line,
    pauses: &'a [Duration],
    cancel: &'a AtomicBool,
    begun: Instant,
}

/// What the thread that reads needs.
#[derive(Clone)]
struct Line {
    agent: Agent,
    timeouts: Timeouts,
}

/// What the thread that reads says.
enum Piece {
    /// It begins, with so many bytes announced.
    Begin(Option<u64>),
    Bytes(Vec<u8>),
    /// It ends, well or not.
    End(Result<(), FetchError>),
}

impl<'a> Transport<'a> {
    pub(super) fn new(
        site: &Site,
        pauses: &'a [Duration],
        timeouts: Timeouts,
        cancel: &'a AtomicBool,
    ) -> Self {
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
        let line = Line { agent: config.new_agent(), timeouts };
        Self { line, pauses, cancel, begun: Instant::now() }
    }

    /// Does it again, after each of the pauses, while that may help.
    pub(super) fn attempt<T>(
        &self,
        mut once: impl FnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        for pause in self.pauses {
            match once() {
                Err(error) if error.is_transient() => self.pause(*pause),
                done => return done,
            }
        }
        once()
    }

    /// Waits, unless the run is to end.
    fn pause(&self, pause: Duration) {
        let begun = Instant::now();
        while !self.cancel.load(Ordering::Relaxed)
            && let left = pause.saturating_sub(begun.elapsed())
            && !left.is_zero()
        {
            std::thread::sleep(left.min(LOOK_EVERY));
        }
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

    /// A thread of its own reads, so that a line on which nothing comes keeps
    /// nobody from looking at the clock and at whether to go on. Left alone it ends
    /// at its next byte or deadline.
    fn read(
        &self,
        address: &Address,
        limit: u64,
        mut take: impl FnMut(&[u8], u64, Option<u64>) -> Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        let (say, heard) = sync_channel(CHUNKS);
        let (line, from) = (self.line.clone(), address.clone());
        std::thread::Builder::new()
            .name("download".to_owned())
            .spawn(move || {
                let end = line.read(&from, &say);
                // Nobody listens to a download that was given up.
                let _ = say.send(Piece::End(end));
            })
            .map_err(FetchError::io("start a thread"))?;
        let url = || address.to_string();
        let (mut got, mut total, mut pace) = (0_u64, None, Pace::new(Instant::now()));
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(FetchError::Cancelled { url: url() });
            }
            match heard.recv_timeout(LOOK_EVERY) {
                Ok(Piece::Begin(announced)) => {
                    total = announced;
                    pace = Pace::new(Instant::now());
                }
                Ok(Piece::Bytes(bytes)) => {
                    got += bytes.len() as u64;
                    if got > limit {
                        return Err(FetchError::TooLarge { url: url(), limit });
                    }
                    take(&bytes, got, total)?;
                }
                Ok(Piece::End(Err(error))) => return Err(error),
                Ok(Piece::End(Ok(()))) => break,
                Err(RecvTimeoutError::Timeout) => {}
                // It says how it ends, unless it panicked.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(FetchError::Truncated { url: url(), got, total });
                }
            }
            let timeouts = &self.line.timeouts;
            match pace.look(Instant::now(), self.begun, got, timeouts) {
                None => {}
                Some(Slow::Dripping(came)) => {
                    let (within, least) = (timeouts.window, timeouts.least);
                    return Err(FetchError::TooSlow {
                        url: url(),
                        came,
                        least,
                        within,
                        got,
                        total,
                    });
                }
                Some(Slow::Late) => {
                    return Err(FetchError::TooLong {
                        url: url(),
                        within: timeouts.whole,
                        got,
                        total,
                    });
                }
            }
        }
        match total {
            Some(announced) if announced != got => {
                Err(FetchError::Truncated { url: url(), got, total })
            }
            _ => Ok(()),
        }
    }
}

impl Line {
    /// Says all that comes, until nobody listens any more.
    fn read(&self, address: &Address, say: &SyncSender<Piece>) -> Result<(), FetchError> {
        let (mut reader, total) = self.open(address)?;
        let mut heard = say.send(Piece::Begin(total)).is_ok();
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut done = 0_u64;
        while heard {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    done += read as u64;
                    heard = say.send(Piece::Bytes(buffer[..read].to_vec())).is_ok();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(address, error, done, total)),
            }
        }
        Ok(())
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
