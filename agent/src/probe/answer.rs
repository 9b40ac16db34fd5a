//! Answers: reading them, and what is wrong with them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Of an answer that was not expected, so much is told.
const EXCERPT: usize = 60;

/// Why a service is not well.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It does not take connections.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The connection ended while it was asked.
    #[error("connection lost: {0}")]
    Lost(io::Error),
    /// TLS could not be agreed on.
    #[error("TLS handshake failed: {0}")]
    Tls(io::Error),
    /// It speaks, but not as it should.
    #[error("expected {expected}, got {got}")]
    Unexpected {
        /// What a service that is well says.
        expected: &'static str,
        /// The start of what was said.
        got: String,
    },
    /// It hangs.
    #[error("no answer within {0:?}")]
    TimedOut(std::time::Duration),
}

impl Failure {
    /// An answer that was not expected.
    pub fn unexpected(expected: &'static str, got: &[u8]) -> Self {
        let start = &got[..got.len().min(EXCERPT)];
        let got =
            if start.is_empty() { "nothing".to_owned() } else { start.escape_ascii().to_string() };
        Self::Unexpected { expected, got }
    }
}

/// Sends a question whole.
pub(super) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    question: &[u8],
) -> Result<(), Failure> {
    stream.write_all(question).await.map_err(Failure::Lost)
}

/// Reads exactly so many bytes.
pub(super) async fn exactly<const N: usize>(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(Failure::Lost)?;
    Ok(bytes)
}

/// Reads so many bytes, which the service itself told; at most `most`.
pub(super) async fn told(
    stream: &mut (impl AsyncRead + Unpin),
    length: usize,
    most: usize,
) -> Result<Vec<u8>, Failure> {
    if length > most {
        return Err(Failure::unexpected("a shorter answer", format!("{length} bytes").as_bytes()));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.map_err(Failure::Lost)?;
    Ok(bytes)
}
