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

/// Judges what follows the header: flags, one section, a document with `ok: 1`,
/// as whichever kind of number the server writes.
///
/// # Errors
/// When there is no such document.
pub fn judge(body: &[u8]) -> Result<(), Failure> {
    if is_ok(body.get(5..).unwrap_or_default()) {
        return Ok(());
    }
    Err(Failure::unexpected("a hello with ok: 1", b"one without"))
}

fn is_ok(document: &[u8]) -> bool {
    // BSON's kinds: a double, a boolean, integers of 32 and 64 bits.
    let named = |field: &[u8]| matches!(field, [1 | 8 | 0x10 | 0x12, b'o', b'k', 0]);
    let Some(at) = document.windows(4).rposition(named) else { return false };
    let value = &document[at + 4..];
    match document[at] {
        1 => value.starts_with(&1_f64.to_le_bytes()),
        8 => value.starts_with(&[1]),
        0x10 => value.starts_with(&1_i32.to_le_bytes()),
        _ => value.starts_with(&1_i64.to_le_bytes()),
    }
}
