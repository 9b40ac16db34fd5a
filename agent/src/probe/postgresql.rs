//! `PostgreSQL`: starts a session and goes when the server asks who it is.
//!
//! What `pg_isready` does: a server that refuses this user is well, one that
//! is starting up, shutting down or full is not.

use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::{self, Failure};

/// Larger than any error message of the server.
const MOST: usize = 16 * 1024;

/// `SQLSTATE`s of servers that are well and do not want this user: not allowed
/// (class 28), no such database.
const WELL: [&[u8]; 3] = [b"28000", b"28P01", b"3D000"];

/// A start-up message of protocol 3.0.
fn question() -> Vec<u8> {
    let parameters = b"user\0terrarium-agent\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).unwrap_or(u32::MAX);
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(&(3_u32 << 16).to_be_bytes());
    message.extend_from_slice(parameters);
    message
}

pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Failure> {
    answer::send(stream, &question()).await?;
    let [kind, length @ ..] = answer::exactly::<5>(stream).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if kind != b'R' && kind != b'E' {
        return Err(Failure::unexpected("PostgreSQL's protocol", &[kind]));
    }
    let body = answer::told(stream, length.saturating_sub(4), MOST).await?;
    judge(kind, &body)
}

/// Judges the first message: its kind and what is in it.
///
/// # Errors
/// With the server's own words.
pub fn judge(kind: u8, body: &[u8]) -> Result<(), Failure> {
    if kind == b'R' {
        return Ok(());
    }
    let field = |code: u8| {
        let mut fields = body.split(|byte| *byte == 0);
        fields.find_map(|field| field.strip_prefix(&[code]))
    };
    match field(b'C') {
        Some(state) if WELL.contains(&state) => Ok(()),
        _ => Err(Failure::unexpected("a server that lets users in", field(b'M').unwrap_or(body))),
    }
}
