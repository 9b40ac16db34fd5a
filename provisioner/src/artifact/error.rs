//! Why a file was not had.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use terrarium_k3s::sums::{Sha256, SumsError};
use terrarium_ssh::places::Fault;

use super::{Expected, Source};

/// Why a file was not had. Names the address, what was expected and what came;
/// [`FetchError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The base address is of no use.
    #[error("`{base}` is no base address for artifacts: {reason}")]
    Origin {
        /// The address, without credentials.
        base: String,
        /// Why.
        reason: &'static str,
    },
    /// Neither a checksum file nor a pin: nothing to compare with.
    #[error("`{name}` has neither a checksum file nor a pinned digest")]
    NoDigest {
        /// The file.
        name: String,
    },
    /// The site answered with an error.
    #[error("{url}: expected the file, got HTTP status {status}")]
    Status {
        /// The address asked, before redirects.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// A deadline passed.
    #[error("{url}: gave up {waiting} after {} s", after.as_secs_f32())]
    Timeout {
        /// The address.
        url: String,
        /// What was waited for.
        waiting: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// Name resolution, connection, proxy, TLS or protocol.
    #[error("{url}: cannot be fetched")]
    Transport {
        /// The address.
        url: String,
        /// The cause.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The connection ended in the middle.
    #[error("{url}: the download broke off after {got} bytes{}", of(*total))]
    Truncated {
        /// The address.
        url: String,
        /// Bytes that came.
        got: u64,
        /// Bytes announced.
        total: Option<u64>,
    },
    /// More came than any artifact has.
    #[error("{url}: larger than {limit} bytes, which no artifact is")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The checksum file is of no use.
    #[error("{url}: no digest to compare with")]
    Sums {
        /// The checksum file's address.
        url: String,
        /// Why.
        #[source]
        source: SumsError,
    },
    /// The site has another file than is known.
    #[error(transparent)]
    Disagrees(Box<Disagreement>),
    /// Nothing says what the file must be, and anybody between could change both
    /// it and its checksum.
    #[error("{url}: plain http, and nothing says what `{name}` must be")]
    PlainHttp {
        /// The address.
        url: String,
        /// The file.
        name: String,
    },
    /// Data came, but too slowly to ever end.
    #[error(
        "{url}: too slow: {came} bytes came in {} s, at least {least} are expected{}",
        within.as_secs_f32(),
        after(*got, *total)
    )]
    TooSlow {
        /// The address.
        url: String,
        /// Bytes that came lately.
        came: u64,
        /// Bytes that should have come in that time.
        least: u64,
        /// The time.
        within: Duration,
        /// Bytes that came in all.
        got: u64,
        /// Bytes announced.
        total: Option<u64>,
    },
    /// The whole download took too long.
    #[error("{url}: not done within {} s{}", within.as_secs_f32(), after(*got, *total))]
    TooLong {
        /// The address.
        url: String,
        /// The deadline.
        within: Duration,
        /// Bytes that came in all.
        got: u64,
        /// Bytes announced.
        total: Option<u64>,
    },
    /// The run is to end.
    #[error("{url}: interrupted")]
    Cancelled {
        /// The address.
        url: String,
    },
    /// What came is not what was announced; it has been removed.
    #[error("{url}: expected sha256 {expected}, got {got} ({size} bytes)")]
    Checksum {
        /// The address.
        url: String,
        /// What it should be.
        expected: Sha256,
        /// What it is.
        got: Sha256,
        /// How much came.
        size: u64,
    },
    /// The archive is damaged or not as expected.
    #[error("`{}`: {what}", path.display())]
    Archive {
        /// The archive in the cache.
        path: PathBuf,
        /// What is wrong.
        what: String,
        /// The cause, where there is one.
        #[source]
        source: Option<io::Error>,
    },
    /// Others could have put a file into the cache.
    #[error("the cache is not used: {0}")]
    Place(Box<Fault>),
    /// A local file or directory; the source names path and operation.
    #[error("cannot {action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// One file, two digests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}`: {} sha256 {}, but {says} {got}", expected.source, expected.sha256)]
pub struct Disagreement {
    /// The file.
    pub name: String,
    /// What it must be, and who says so.
    pub expected: Expected,
    /// What it is now.
    pub got: Sha256,
    /// Who says that: an address, and whether it lists or has the digest.
    pub says: String,
}

fn of(total: Option<u64>) -> String {
    total.map_or_else(String::new, |total| format!(" of {total}"))
}

fn after(got: u64, total: Option<u64>) -> String {
    format!("; {got} bytes{} are there", of(total))
}

impl FetchError {
    /// What to do next, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Origin { .. } => "correct `mirror` under [artifacts] in the inventory",
            Self::NoDigest { .. } => "pin the digest under [artifacts.sha256] in the inventory",
            Self::PlainHttp { .. } => {
                "use an https:// mirror, or pin the file under [artifacts.sha256] in the inventory, by a digest you have from elsewhere"
            }
            Self::Place(_) => "set TERRARIUM_CACHE to a folder of yours",
            Self::Cancelled { .. } => "run the same command again",
            Self::Status { status: 404, .. } => {
                "check the version in the inventory; a mirror (`[artifacts] mirror`) must hold the public sites' layout, checksum files included"
            }
            Self::Status { status: 407, .. } => {
                "the proxy wants credentials: set HTTPS_PROXY=http://user:password@host:port"
            }
            Self::Status { .. } | Self::Timeout { .. } | Self::Truncated { .. } => {
                "try again later, or set `[artifacts] mirror` to a copy within reach"
            }
            Self::TooSlow { .. } | Self::TooLong { .. } => {
                "try again with `--patience 4`, or set `[artifacts] mirror` to a copy within reach"
            }
            Self::Transport { .. } => {
                "check the network, HTTPS_PROXY and NO_PROXY, and that this machine trusts the site's certificate; or set `[artifacts] mirror`"
            }
            Self::Checksum { .. } | Self::TooLarge { .. } | Self::Sums { .. } => {
                "nothing was kept; a proxy or mirror that alters files is the usual cause: compare with the release page, or set `[artifacts] mirror`"
            }
            Self::Disagrees(found) => match found.expected.source {
                Source::Pinned => {
                    "compare both with the release page; a pin is for one version and machine"
                }
                Source::BuiltIn => {
                    "somebody has changed the release or the way to it: use another network or mirror; a file of your own making is pinned under [artifacts.sha256]"
                }
                Source::Locked { .. } => {
                    "a release does not change under its name: ask why it did before you accept it"
                }
            },
            Self::Archive { .. } => "delete the file and run again",
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space, or set TERRARIUM_CACHE to a directory on another disk"
                }
                io::ErrorKind::NotFound => {
                    "check that `[artifacts] mirror` holds the public sites' layout"
                }
                _ => "set TERRARIUM_CACHE to a directory you may write to",
            },
        }
    }

    /// Whether the same may well work in a moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Timeout { .. } | Self::Truncated { .. } => true,
            Self::Transport { source, .. } => match &**source {
                // rustls' refusals come as invalid data: a certificate that is
                // not trusted now will not be in a second.
                ureq::Error::Io(error) => error.kind() != io::ErrorKind::InvalidData,
                ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the file is simply not there.
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 404 | 410),
            Self::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }

    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
