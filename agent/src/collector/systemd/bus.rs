//! A connection to the system's D-Bus: calls, one after another.
//!
//! Own code, since what there is does not fit: the small synchronous library
//! reads without end when the bus hangs up during the greeting, and panics at a
//! greeting that is no UTF-8; the large ones bring a runtime of their own.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::wire::{Answer, FIXED, MOST, Target, answer, call, rest};

/// A greeting is a line.
const LONGEST_LINE: usize = 512;

/// A connection; broken after the first error.
#[derive(Debug)]
pub struct Bus {
    stream: UnixStream,
    serial: u32,
    message: Vec<u8>,
    /// When whoever asked wants to be done.
    deadline: Instant,
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Bus {
    /// Connects to the bus at `path` and greets it.
    ///
    /// # Errors
    /// What the kernel says; `InvalidData` when it is no bus that answers;
    /// `PermissionDenied` when it lets nobody in.
    pub fn connect(path: &Path, deadline: Instant) -> io::Result<Self> {
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // Connecting waits for a place in the queue, and heeds this.
        set_socket_timeout(&socket, Timeout::Send, Some(left(deadline)?))?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        let mut bus = Self { stream: socket.into(), serial: 0, message: Vec::new(), deadline };
        bus.greet()?;
        let hello = Target {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
        };
        bus.call(&hello, &[])?.ok_or_else(|| invalid("the bus refused the greeting"))?;
        Ok(bus)
    }

    /// From now on nothing takes longer than to `deadline`.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Says who asks: the kernel vouches for the user.
    fn greet(&mut self) -> io::Result<()> {
        let user = rustix::process::getuid().as_raw().to_string();
        // In hexadecimal a digit of ASCII is itself behind a 3.
        let digits: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        self.write(format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes())?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.fill(&mut byte)?;
            line.extend_from_slice(&byte);
            if line.len() > LONGEST_LINE {
                return Err(invalid("expected a line of greeting"));
            }
        }
        if !line.starts_with(b"OK") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.write(b"BEGIN\r\n")
    }

    /// Calls a method with arguments that are all strings, and waits for the
    /// body of its answer; `None` when the answer is an error.
    ///
    /// # Errors
    /// As [`Bus::connect`]; `TimedOut` past the deadline.
    pub fn call(&mut self, target: &Target<'_>, arguments: &[&str]) -> io::Result<Option<&[u8]>> {
        self.serial = self.serial.wrapping_add(1).max(1);
        let mut message = std::mem::take(&mut self.message);
        call(target, arguments, self.serial, &mut message);
        self.write(&message)?;
        loop {
            // Signals and answers to nobody are passed over.
            match self.receive(&mut message)? {
                Some(Answer { serial, failed, body }) if serial == self.serial => {
                    self.message = message;
                    return Ok(if failed { None } else { self.message.get(body..) });
                }
                _ => {}
            }
        }
    }

    fn receive(&mut self, message: &mut Vec<u8>) -> io::Result<Option<Answer>> {
        let mut fixed = [0; FIXED];
        self.fill(&mut fixed)?;
        let rest = rest(&fixed).filter(|rest| *rest <= MOST);
        let rest = rest.ok_or_else(|| invalid("expected a message in little-endian order"))?;
        message.clear();
        message.extend_from_slice(&fixed);
        message.resize(FIXED + rest, 0);
        self.fill(&mut message[FIXED..])?;
        Ok(answer(message))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write_all(bytes).map_err(timed_out)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            self.stream.set_read_timeout(Some(left(self.deadline)?))?;
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(timed_out(error)),
            }
        }
        Ok(())
    }
}

/// What is left until `deadline`: never nothing, which would be no limit.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left < Duration::from_millis(1) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A socket's own limit is told as if it did not block.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

#[cfg(test)]
mod tests;
