//! HTTP as seen from a node: over its SSH connection, to its own loopback or a
//! pod on it. The node needs no program for it, the operator no open port.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use terrarium_ssh::TunnelError;
use terrarium_untrusted::FromNode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::error::{Code, Failure};
use crate::host::Host;
use crate::login::Visitor;

/// Bytes of an answer; more is no answer to what is asked here.
const ANSWER_MAX: usize = 64 << 20;

/// Who is asked, and how messages call it.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    /// `the agent`, `Prometheus`.
    pub name: &'a str,
    /// Its address as the node sees it.
    pub address: &'a str,
    pub port: u16,
    /// What to do when nobody listens there.
    pub absent: &'a str,
    /// The login it asks for, over TLS.
    pub login: Option<&'a Visitor>,
}

/// Asks for a path and gives what comes back.
///
/// # Errors
/// Nobody answers there, not in time, not in HTTP, or not with what was asked.
pub(super) async fn get(
    host: &Host,
    server: Server<'_>,
    path: &str,
    within: Duration,
) -> Result<FromNode<Vec<u8>>, Failure> {
    let asked = ask(host, server, path, within);
    match timeout(within, Box::pin(asked)).await {
        Ok(answer) => answer,
        Err(_) => Err(wrong(host, server, &format!("no answer within {within:?}"))),
    }
}

async fn ask(
    host: &Host,
    server: Server<'_>,
    path: &str,
    within: Duration,
) -> Result<FromNode<Vec<u8>>, Failure> {
    let session = host.session().await?;
    let tunnel = session.dial(server.address, server.port, within).await;
    let tunnel = tunnel.map_err(|error| {
        let code = match error {
            TunnelError::ConnectionLost { .. } | TunnelError::Deadline { .. } => Code::Connection,
            _ => Code::Change,
        };
        let absent = matches!(error, TunnelError::Refused { .. });
        let advice = if absent { Some(server.absent.to_owned()) } else { error.hint() };
        Failure::of(code, &error).hint(advice)
    })?;
    match server.login {
        None => exchange(host, server, path, tunnel).await,
        Some(visitor) => {
            let shaken = visitor.tls.connect(visitor.name.clone(), tunnel).await;
            let stream = shaken.map_err(|error| not_itself(host, server, &error))?;
            exchange(host, server, path, stream).await
        }
    }
}

async fn exchange(
    host: &Host,
    server: Server<'_>,
    path: &str,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<FromNode<Vec<u8>>, Failure> {
    let unreadable = |error: &hyper::Error| not_http(host, server, error);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreadable(&error))?;
    // Ends with the answer, or when the sender is dropped.
    let driving = tokio::spawn(connection);
    let mut request = Request::get(path)
        .header("host", format!("{}:{}", server.address, server.port))
        .header("connection", "close");
    if let Some(visitor) = server.login {
        request = request.header("authorization", visitor.authorization.as_str());
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::internal("a request cannot be made", &error))?;
    let answer = sender.send_request(request).await.map_err(|error| unreadable(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    driving.abort();
    let body = body.map_err(|error| {
        let mut failure = wrong(host, server, "the answer broke off");
        failure.causes.push(error.to_string());
        failure
    })?;
    let body = Vec::from(body.to_bytes());
    if status == StatusCode::OK {
        Ok(FromNode::new(body))
    } else {
        Err(refused(host, server, status, &body))
    }
}

/// Who is there does not show the certificate it should.
fn not_itself(host: &Host, server: Server<'_>, error: &std::io::Error) -> Failure {
    let mut failure = wrong(host, server, "it does not prove to be the one asked");
    failure.causes.push(error.to_string());
    failure.hint(Some(
        "the agent may run with an earlier certificate, or without one: `provision` restarts it"
            .to_owned(),
    ))
}

/// A failure of the one who was asked.
fn wrong(host: &Host, server: Server<'_>, what: &str) -> Failure {
    let Server { name, address, port, .. } = server;
    let node = &host.node.name;
    Failure::plain(Code::Change, format!("node `{node}`: {name} ({address}:{port}): {what}"))
}

/// What does not speak HTTP mostly speaks TLS.
fn not_http(host: &Host, server: Server<'_>, error: &hyper::Error) -> Failure {
    let mut failure = wrong(host, server, "it does not answer in HTTP");
    failure.causes.push(error.to_string());
    failure.hint(Some(format!(
        "where TLS was set up by hand for {}, this program cannot ask it: take \
         `tls_server_config` out of its web configuration",
        server.name
    )))
}

fn refused(host: &Host, server: Server<'_>, status: StatusCode, body: &[u8]) -> Failure {
    if status == StatusCode::UNAUTHORIZED && server.login.is_some() {
        let what = "it refuses the password that is on its node";
        return wrong(host, server, what).hint(Some(
            "its configuration, /etc/terrarium/agent.web.yml, may be another: `provision` writes \
             it again"
                .to_owned(),
        ));
    }
    if status == StatusCode::UNAUTHORIZED {
        return wrong(host, server, "it asks for a password").hint(Some(format!(
            "this program has none for {}: take `basic_auth_users` out of its web configuration",
            server.name
        )));
    }
    let mut failure = wrong(host, server, &format!("it answers {status}"));
    let said = String::from_utf8_lossy(body);
    if let Some(line) = said.lines().map(str::trim).find(|line| !line.is_empty()) {
        failure.causes.push(line.chars().take(300).collect());
    }
    failure
}
