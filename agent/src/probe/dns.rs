//! DNS: asks a server for the addresses of a name.

use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::Findings;
use super::answer::Failure;

/// What an answer without extensions takes at most.
const MOST: usize = 512;
const HEADER: usize = 12;

/// The question for a name's IPv4 addresses.
fn question(id: u16, name: &str) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    // Recursion desired, one question, nothing else.
    message.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

pub(super) async fn ask(
    server: SocketAddr,
    name: &str,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let any: SocketAddr = if server.is_ipv4() {
        (std::net::Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any).await.map_err(Failure::Connect)?;
    // From then on only this server's packets arrive, at a port of its own.
    socket.connect(server).await.map_err(Failure::Connect)?;
    let id = socket.local_addr().map_err(Failure::Connect)?.port().rotate_left(5);
    let question = question(id, name);
    socket.send(&question).await.map_err(Failure::Lost)?;
    let mut answer = [0; MOST];
    loop {
        let length = socket.recv(&mut answer).await.map_err(Failure::Lost)?;
        // Anything else is a late answer to somebody else.
        if answer[..length].starts_with(&question[..2]) {
            let addresses = judge(&answer[..length])?;
            findings.addresses = Some(addresses);
            return Ok(());
        }
    }
}

/// How many answers there are.
///
/// # Errors
/// When it is no answer, an error, or without any address.
pub fn judge(answer: &[u8]) -> Result<u16, Failure> {
    let Some(header) = answer.first_chunk::<HEADER>() else {
        return Err(Failure::unexpected("an answer of DNS", answer));
    };
    if header[2] & 0x80 == 0 {
        return Err(Failure::unexpected("an answer of DNS", answer));
    }
    let said = match header[3] & 0xf {
        0 => match u16::from_be_bytes([header[6], header[7]]) {
            0 => "none",
            answers => return Ok(answers),
        },
        1 => "format error",
        2 => "server failure",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        _ => "another error",
    };
    Err(Failure::unexpected("addresses of the name", said.as_bytes()))
}
