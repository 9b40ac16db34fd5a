//! One HTTP request. It blocks; its thread is not the one that serves metrics.

use std::io::{BufReader, Read};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use super::super::USER_AGENT;
use super::super::feed::Ask;
use super::super::reply::Head;
use crate::secret::Secret;
use crate::time;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take, to its last byte.
const ANSWER: Duration = Duration::from_mins(2);
/// Bytes read of a body: a comparison has all changed files in it. They are
/// parsed as they come and never held together.
const BODY_MAX: u64 = 64 * 1024 * 1024;
/// Bytes read of a refusal.
const MESSAGE_MAX: u64 = 4096;
/// Bytes read at a time.
const BUFFER: usize = 16 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection failed.
    #[error("the request failed")]
    Http(#[source] Box<ureq::Error>),
    /// The body ended early or is not what was asked for.
    #[error("the answer cannot be read")]
    Body(#[source] serde_json::Error),
    /// The thread that asked is gone.
    #[error("the request was interrupted")]
    Interrupted,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(super) head: Head,
    /// There with status 200.
    pub(super) body: Option<T>,
    /// What a refusal says.
    pub(super) message: String,
}

/// A client that follows nothing by itself: a redirection is judged first.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(ANSWER))
        .max_idle_connections(1)
        .user_agent(USER_AGENT)
        .build()
        .into()
}

pub(super) fn fetch<T: DeserializeOwned>(
    agent: &ureq::Agent,
    url: &str,
    ask: &Ask,
    token: Option<&Secret>,
) -> Result<Fetched<T>, FetchError> {
    let mut request =
        agent.get(url).header("Accept", ask.accept).header("X-GitHub-Api-Version", "2022-11-28");
    if let Some(etag) = &ask.etag {
        request = request.header("If-None-Match", etag);
    }
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {}", token.reveal()));
    }
    let mut response = request.call().map_err(|error| FetchError::Http(Box::new(error)))?;
    let head = head(response.status().as_u16(), response.headers());
    let body = response.body_mut().with_config();
    if head.status == 200 {
        let mut reader = BufReader::with_capacity(BUFFER, body.limit(BODY_MAX).reader());
        let parsed = serde_json::from_reader(&mut reader).map_err(FetchError::Body)?;
        // Read to the end, the connection can be used again.
        let mut rest = [0; 16];
        let _ = reader.read(&mut rest);
        return Ok(Fetched { head, body: Some(parsed), message: String::new() });
    }
    // A refusal without a readable text is a refusal all the same.
    let mut text = Vec::new();
    let _ = body.limit(2 * MESSAGE_MAX).reader().take(MESSAGE_MAX).read_to_end(&mut text);
    Ok(Fetched { head, body: None, message: message(&text) })
}

fn head(status: u16, headers: &HeaderMap) -> Head {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<i64>().ok());
    let owned = |name: &str| text(name).map(ToOwned::to_owned);
    Head {
        status,
        etag: owned("etag"),
        link: owned("link"),
        location: owned("location"),
        date: text("date").and_then(time::http_seconds),
        retry_after: number("retry-after").and_then(|seconds| u64::try_from(seconds).ok()),
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        reset: number("x-ratelimit-reset"),
    }
}

/// What a refusal's body says, on one short line.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    let text = match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_short_line() {
        for (body, expected) in [
            (r#"{"message": "Not Found", "status": "404"}"#, "Not Found"),
            ("<html>\nbusy</html>", "<html>busy</html>"),
            ("", ""),
        ] {
            assert_eq!(message(body.as_bytes()), expected);
        }
        assert_eq!(message(&[b'x'; 4096]).len(), 200);
    }

    #[test]
    fn headers_are_read() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("ETag", "W/\"a\""),
            ("Date", "Sun, 22 Nov 2026 08:30:00 GMT"),
            ("Retry-After", "-1"),
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "soon"),
        ] {
            headers.insert(
                ureq::http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let expected = Head {
            status: 200,
            etag: Some("W/\"a\"".to_owned()),
            date: Some(1_795_336_200),
            remaining: Some(0),
            ..Head::default()
        };
        assert_eq!(head(200, &headers), expected);
    }
}
