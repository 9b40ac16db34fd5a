//! Kafka: asks for the versions of the protocol, which a broker tells whoever
//! asks, before anybody logs in.

use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::{self, Failure};

const API_VERSIONS: i16 = 18;
/// Any number: there is one question a connection.
const CORRELATION: i32 = 0x7465_7272;
const CLIENT: &[u8] = b"terrarium-agent";
/// A broker tells some 500 bytes.
const MOST: usize = 64 * 1024;
/// Refused for its version only: the broker is there and speaks.
const UNSUPPORTED_VERSION: i16 = 35;

fn question() -> Vec<u8> {
    let mut message = Vec::new();
    message.extend_from_slice(&API_VERSIONS.to_be_bytes());
    message.extend_from_slice(&0_i16.to_be_bytes());
    message.extend_from_slice(&CORRELATION.to_be_bytes());
    message.extend_from_slice(&u16::try_from(CLIENT.len()).unwrap_or(u16::MAX).to_be_bytes());
    message.extend_from_slice(CLIENT);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), message.as_slice()].concat()
}

pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Failure> {
    answer::send(stream, &question()).await?;
    let length = u32::from_be_bytes(answer::exactly(stream).await?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    judge(&answer::told(stream, length, MOST).await?)
}

/// Judges the answer after its length.
///
/// # Errors
/// When it is no answer to this question, or an error.
pub fn judge(answer: &[u8]) -> Result<(), Failure> {
    let Some((correlation, rest)) = answer.split_first_chunk() else {
        return Err(Failure::unexpected("Kafka's protocol", answer));
    };
    let Some((error, _)) = rest.split_first_chunk() else {
        return Err(Failure::unexpected("Kafka's protocol", answer));
    };
    if i32::from_be_bytes(*correlation) != CORRELATION {
        return Err(Failure::unexpected("an answer to this question", answer));
    }
    match i16::from_be_bytes(*error) {
        0 | UNSUPPORTED_VERSION => Ok(()),
        code => Err(Failure::unexpected("no error", format!("error code {code}").as_bytes())),
    }
}
