//! Asking services whether they are well: on a schedule of its own, never in a
//! scrape.
//!
//! Every probe is a task that sleeps until it is due; a service that hangs
//! keeps its own probe waiting until the timeout, and nobody else.

mod answer;
pub mod certificate;
pub mod dns;
mod http;
pub mod kafka;
mod metrics;
pub mod mongodb;
pub mod postgresql;
pub mod redis;
mod schedule;
mod systemd;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

pub use answer::Failure;
pub use metrics::State;
pub use schedule::{Locate, Prober, SetupError};

use crate::config::Check;

/// What a service told beside whether it is well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// Of an HTTP answer.
    pub status: Option<u16>,
    /// When the first certificate of the chain ends, in seconds since 1970.
    pub certificate_end: Option<i64>,
    /// Addresses a name has.
    pub addresses: Option<u16>,
}

/// Asks once. What was found is kept in `findings`, also of a service that is
/// not well. There is no limit of time in here but the caller's.
///
/// # Errors
/// Why the service is not well.
pub async fn ask(
    check: &Check,
    address: SocketAddr,
    client: &Arc<rustls::ClientConfig>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    match check {
        Check::Http { tls, path, body } => {
            let mut stream = connect(address).await?;
            let asked = http::Request { host: address, path, body: body.as_deref() };
            if *tls {
                let name = name(None, address);
                let mut stream = tls::handshake(client, stream, name, findings).await?;
                http::ask(&mut stream, &asked, findings).await
            } else {
                http::ask(&mut stream, &asked, findings).await
            }
        }
        Check::Tcp => connect(address).await.map(drop),
        Check::Tls { server_name } => {
            let stream = connect(address).await?;
            let name = name(server_name.as_deref(), address);
            tls::handshake(client, stream, name, findings).await.map(drop)
        }
        Check::Postgresql => postgresql::ask(&mut connect(address).await?).await,
        Check::Redis => redis::ask(&mut connect(address).await?).await,
        Check::Kafka => kafka::ask(&mut connect(address).await?).await,
        Check::Mongodb => mongodb::ask(&mut connect(address).await?).await,
        Check::Dns { query } => dns::ask(address, query, findings).await,
        Check::Systemd { unit } => systemd::ask(unit).await,
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    TcpStream::connect(address).await.map_err(Failure::Connect)
}

fn name(server_name: Option<&str>, address: SocketAddr) -> rustls::pki_types::ServerName<'static> {
    let given = server_name.and_then(|name| name.to_owned().try_into().ok());
    given.unwrap_or_else(|| address.ip().into())
}
