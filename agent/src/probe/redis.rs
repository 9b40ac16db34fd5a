//! Redis: PING. A server that wants a password first is well: it has none of
//! ours, and says so at once.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::answer::{self, Failure};

const QUESTION: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// Longer than any error message of the server.
const MOST: usize = 512;

pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Failure> {
    answer::send(stream, QUESTION).await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") && line.len() < MOST {
        if stream.read_buf(&mut line).await.map_err(Failure::Lost)? == 0 {
            break;
        }
    }
    judge(&line)
}

/// Judges the answer's line.
///
/// # Errors
/// With the server's own words.
pub fn judge(line: &[u8]) -> Result<(), Failure> {
    let line = line.trim_ascii_end();
    if line == b"+PONG" || line.starts_with(b"-NOAUTH") || line.starts_with(b"-NOPERM") {
        Ok(())
    } else {
        Err(Failure::unexpected("PONG", line))
    }
}
