//! systemd: whether a unit is active, asked over the host's bus.

use std::fmt::Write as _;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::UnixStream;

use super::answer::{self, Failure};
use crate::collector::systemd::wire::{self, FIXED, Property, Target};

const BUS: &str = "/run/dbus/system_bus_socket";
const LONGEST_LINE: usize = 512;
/// Of the messages that may come before the answer: one unit's state is short.
const LARGEST_MESSAGE: usize = 64 * 1024;

pub(super) async fn ask(unit: &str) -> Result<(), Failure> {
    let stream = UnixStream::connect(Path::new(BUS)).await.map_err(Failure::Connect)?;
    ask_over(stream, unit).await
}

async fn ask_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    unit: &str,
) -> Result<(), Failure> {
    let user = rustix::process::getuid().as_raw().to_string();
    // In hexadecimal a digit of ASCII is itself behind a 3.
    let digits: String = user.chars().flat_map(|digit| ['3', digit]).collect();
    answer::send(&mut stream, format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes()).await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") && line.len() < LONGEST_LINE {
        line.push(stream.read_u8().await.map_err(Failure::Lost)?);
    }
    if !line.starts_with(b"OK") {
        return Err(Failure::unexpected("a bus that lets users in", &line));
    }
    answer::send(&mut stream, b"BEGIN\r\n").await?;
    let hello = Target {
        destination: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
    };
    call(&mut stream, &hello, &[], 1).await?;
    let get = Target {
        destination: "org.freedesktop.systemd1",
        path: &path(unit),
        interface: "org.freedesktop.DBus.Properties",
        member: "Get",
    };
    let wanted = ["org.freedesktop.systemd1.Unit", "ActiveState"];
    let body = call(&mut stream, &get, &wanted, 2).await?;
    match wire::property(&body) {
        Some(Property::Text("active")) => Ok(()),
        Some(Property::Text(state)) => Err(Failure::unexpected("active", state.as_bytes())),
        _ => Err(Failure::unexpected("the unit's state", &body)),
    }
}

/// Calls and waits for the body of the answer.
async fn call(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &Target<'_>,
    arguments: &[&str],
    serial: u32,
) -> Result<Vec<u8>, Failure> {
    let mut message = Vec::new();
    wire::call(target, arguments, serial, &mut message);
    answer::send(stream, &message).await?;
    loop {
        let fixed = answer::exactly::<FIXED>(stream).await?;
        let rest = wire::rest(&fixed).ok_or_else(|| Failure::unexpected("D-Bus", &fixed))?;
        let rest = answer::told(stream, rest, LARGEST_MESSAGE).await?;
        let whole = [&fixed, rest.as_slice()].concat();
        // Signals and answers to nobody are passed over.
        let Some(found) = wire::answer(&whole).filter(|found| found.serial == serial) else {
            continue;
        };
        let body = whole.get(found.body..).unwrap_or_default();
        return if found.failed {
            Err(Failure::unexpected("no error from systemd", body))
        } else {
            Ok(body.to_vec())
        };
    }
}

/// A unit's object: its name with all but letters and digits in hexadecimal.
fn path(unit: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (at, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || byte.is_ascii_digit() && at > 0 {
            path.push(char::from(byte));
        } else {
            // Text in memory takes whatever is written.
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_object_is_named_as_systemd_names_it() {
        assert_eq!(path("k3s.service"), "/org/freedesktop/systemd1/unit/k3s_2eservice");
        assert_eq!(path("3-a@b.timer"), "/org/freedesktop/systemd1/unit/_33_2da_40b_2etimer");
    }
}
