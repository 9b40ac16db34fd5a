//! HTTP: one GET; a status below 400, and a text in the body if one is asked
//! for. Redirects are answers, not followed: they lead elsewhere.

use std::io;
use std::net::SocketAddr;

use axum::http::header::{HOST, USER_AGENT};
use axum::http::{self as types, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use super::Findings;
use super::answer::Failure;

/// A head larger than this is nobody's.
const LARGEST_HEAD: usize = 16 * 1024;
/// Of a body, so much is looked at.
const LARGEST_BODY: usize = 16 * 1024;

/// What is asked.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) host: SocketAddr,
    pub(super) path: &'r str,
    pub(super) body: Option<&'r str>,
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::Lost(io::Error::other(error))
}

pub(super) async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    asked: &Request<'_>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    // Ends with this function, however it ends.
    let mut beside = JoinSet::new();
    beside.spawn(async move {
        // The request's own error says the same.
        let _ = connection.await;
    });
    let agent = concat!("terrarium-agent/", env!("CARGO_PKG_VERSION"));
    let request = types::Request::get(asked.path)
        .header(HOST, asked.host.to_string())
        .header(USER_AGENT, agent)
        .body(Empty::<Bytes>::new())
        .map_err(lost)?;
    let response = sender.send_request(request).await.map_err(lost)?;
    let status = response.status();
    findings.status = Some(status.as_u16());
    if status >= StatusCode::BAD_REQUEST {
        return Err(Failure::unexpected("a status below 400", status.as_str().as_bytes()));
    }
    let Some(text) = asked.body else { return Ok(()) };
    let mut body = response.into_body();
    let mut seen = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.map_err(lost)?.data_ref() {
            seen.extend_from_slice(&data[..data.len().min(LARGEST_BODY - seen.len())]);
        }
        if seen.windows(text.len().max(1)).any(|window| window == text.as_bytes()) {
            return Ok(());
        }
        if seen.len() == LARGEST_BODY {
            break;
        }
    }
    Err(Failure::unexpected("a body with the text asked for", &seen))
}
