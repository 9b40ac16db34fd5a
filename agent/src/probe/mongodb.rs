//! `MongoDB`: says hello, as every driver does before it logs in.

use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::{self, Failure};

const OP_MSG: u32 = 2013;
const HEADER: usize = 16;
/// Any number: there is one question a connection.
const REQUEST: u32 = 1;
/// A server tells some 500 bytes.
const MOST: usize = 64 * 1024;

/// `{hello: 1, $db: "admin"}` in BSON.
const HELLO: &[u8] = b"\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";

fn question() -> Vec<u8> {
    // Header, flags, and the kind of section a document is in.
    let length = u32::try_from(HEADER + 5 + HELLO.len()).unwrap_or(u32::MAX);
    let mut message = Vec::new();
    for number in [length, REQUEST, 0, OP_MSG, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(HELLO);
    message
}

pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Failure> {
    answer::send(stream, &question()).await?;
    let header = answer::exactly::<HEADER>(stream).await?;
    let number = |at: usize| {
        let bytes = header[at..].first_chunk().copied().unwrap_or_default();
        u32::from_le_bytes(bytes)
    };
    if (number(8), number(12)) != (REQUEST, OP_MSG) {
        return Err(Failure::unexpected("MongoDB's protocol", &header));
    }
    let length = usize::try_from(number(0)).unwrap_or(usize::MAX);
    judge(&answer::told(stream, length.saturating_sub(HEADER), MOST).await?)
}

/// Judges what follows the header: flags, one section, a document with `ok: 1`.
///
/// # Errors
/// When there is no such document.
pub fn judge(body: &[u8]) -> Result<(), Failure> {
    // A double named "ok".
    const OK: &[u8] = b"\x01ok\0";
    let document = body.get(5..).unwrap_or_default();
    let found = document.windows(OK.len()).rposition(|window| window == OK);
    let value = found.and_then(|at| document[at + OK.len()..].first_chunk().copied());
    match value.map(f64::from_le_bytes) {
        Some(1.0) => Ok(()),
        _ => Err(Failure::unexpected("a hello with ok: 1", document)),
    }
}
