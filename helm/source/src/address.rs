//! `host:port`, or `:port` for every address of this host.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// A place to listen at or to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; empty for every address of this host.
    host: String,
    port: u16,
}

impl Address {
    /// Every address of this host.
    pub fn any(port: u16) -> Self {
        Self { host: String::new(), port }
    }

    /// Whether it names a host.
    pub fn has_host(&self) -> bool {
        !self.host.is_empty()
    }

    /// The socket addresses to try, best first. IPv6's "every address" takes
    /// IPv4 as well; IPv4's is for kernels without IPv6.
    pub fn candidates(&self) -> io::Result<Vec<SocketAddr>> {
        if self.has_host() {
            return Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect());
        }
        let any = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        Ok(any.map(|host| SocketAddr::new(host, self.port)).into())
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let (host, port) = given.rsplit_once(':').ok_or_else(|| {
            format!("no port in {given:?}; expected host:port, [v6]:port or :port")
        })?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let bare = bracketed.unwrap_or(host);
        if bare.contains(['[', ']']) || (bare.contains(':') && bracketed.is_none()) {
            return Err(format!("{given:?} is ambiguous; IPv6 takes brackets: [::1]:9092"));
        }
        if bare.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@')) {
            return Err(format!("{bare:?} in {given:?} is no host"));
        }
        // A port has no sign, which `u16::from_str` would take.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(port) if digits => Ok(Self { host: bare.to_owned(), port }),
            _ => Err(format!("{port:?} in {given:?} is no port")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(out, "[{}]:{}", self.host, self.port)
        } else {
            write!(out, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_print_as_written() {
        for given in [":9100", "[::1]:9100", "localhost:80", "127.0.0.1:0"] {
            assert_eq!(given.parse::<Address>().unwrap().to_string(), given);
        }
        for (given, part) in [
            ("9100", "no port in"),
            ("", "no port in"),
            ("::1:9100", "brackets"),
            ("[::1:9100", "brackets"),
            ("h:", "no port"),
            ("h:+1", "no port"),
            ("h:65536", "no port"),
            ("a b:1", "no host"),
            ("http://h:1", "brackets"),
        ] {
            let error = given.parse::<Address>().unwrap_err();
            assert!(error.contains(part), "{given}: {error}");
        }
    }

    #[test]
    fn every_address_is_both_families() {
        let candidates = Address::any(80).candidates().unwrap();
        assert_eq!(candidates.len(), 2);
        assert!(candidates[0].is_ipv6() && candidates[1].is_ipv4());
    }
}
