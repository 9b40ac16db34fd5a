//! Why a registry's word on an image is not to be had, or not to be taken.

use std::time::Duration;

use terrarium_k3s::sums::Sha256;

use super::Reference;

/// Why an image has no digest.
#[derive(Debug, thiserror::Error)]
#[error("{registry} says no digest of {image}")]
pub(crate) struct RegistryError {
    /// The image asked for.
    pub image: Reference,
    /// Whom was asked.
    pub registry: String,
    /// Why not.
    #[source]
    pub why: Box<Why>,
}

/// What went wrong with one registry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    /// An address it leads to is not one to follow.
    #[error("it leads to {address}, which {reason}")]
    Address { address: String, reason: &'static str },
    /// It wants a login.
    #[error("it wants a login, which an inventory cannot hold")]
    Login,
    /// It does not take the token it told us to get.
    #[error("it does not take the token that {realm} gave out for it")]
    Token { realm: String },
    /// What hands out tokens gave none.
    #[error("{realm} answers without a token")]
    NoToken { realm: String },
    /// There is no such image.
    #[error("it has no such image")]
    Absent,
    /// Any other status.
    #[error("{address} answers with HTTP status {status}")]
    Status { address: String, status: u16 },
    /// It said nothing for too long, or not enough.
    #[error("no whole answer came within {} s", .0.as_secs())]
    Timeout(Duration),
    /// Larger than any manifest.
    #[error("the answer is larger than {limit} bytes, which no manifest is")]
    TooLarge { limit: u64 },
    /// The digest it names is not that of what it sent.
    #[error("it calls what it sent {said}, but that has sha256:{got}")]
    Lie { said: String, got: Sha256 },
    /// What it sent is no manifest.
    #[error("{0}")]
    Content(String),
    /// There is none for a machine of the cluster.
    #[error("there is none for {wanted}, which a node is; there is for: {found}")]
    Machine { wanted: String, found: String },
    /// Name resolution, connection, TLS, redirects.
    #[error("it is not reached")]
    Transport(#[source] Box<ureq::Error>),
}

impl Why {
    /// Whether the same question may get another answer in a moment.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Timeout(_) => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            Self::Transport(error) => matches!(
                **error,
                ureq::Error::Io(_) | ureq::Error::HostNotFound | ureq::Error::ConnectionFailed
            ),
            _ => false,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Absent => "check the image's repository and tag under `[stack.values]`",
            Self::Login => {
                "write the image's digest under `[stack.values]` yourself, beside its tag: \
                 `digest = \"sha256:…\"`"
            }
            Self::Machine { .. } => "choose an image that is built for every node",
            Self::Status { status: 429, .. } => {
                "it has been asked too often from this address: try again later, or name a mirror \
                 under `[images.mirrors]`"
            }
            Self::Timeout(_) | Self::Transport(_) | Self::Status { .. } => {
                "this machine has to reach the registry once for each image; otherwise name a \
                 mirror under `[images.mirrors]`, write digests under `[stack.values]`, or \
                 switch this off with `lock = false` in `[images]`"
            }
            _ => {
                "do not trust this answer: check who answers for the registry, here and in \
                 `[images.mirrors]`"
            }
        }
    }
}
