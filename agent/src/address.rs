//! Where to listen.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// A listen address as `node_exporter` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `:port`: every address of the host, IPv6 and IPv4.
    Any(u16),
    /// `host:port`; the host is a name, an IPv4 or a bracketed IPv6 address.
    Host(String, u16),
}

/// Why a listen address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `:` to divide host and port.
    #[error("no port in {0:?}; expected host:port, [v6]:port or :port")]
    NoPort(String),
    /// What follows the last `:` is not a port.
    #[error("{port:?} in {given:?} is not a port; expected a number from 0 to 65535")]
    Port {
        /// The whole address as given.
        given: String,
        /// What stood where the port belongs.
        port: String,
    },
    /// An IPv6 address has no brackets, or they do not match.
    #[error("{0:?} is ambiguous; an IPv6 address takes brackets: [::1]:9100")]
    Brackets(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(given: &str) -> Result<Self, AddressError> {
        let (host, port) =
            given.rsplit_once(':').ok_or_else(|| AddressError::NoPort(given.to_owned()))?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        if host.contains(['[', ']']) || (host.contains(':') && bracketed.is_none()) {
            return Err(AddressError::Brackets(given.to_owned()));
        }
        // `u16::from_str` takes a leading plus sign, a port does not.
        let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok());
        match number.flatten() {
            None => Err(AddressError::Port { given: given.to_owned(), port: port.to_owned() }),
            Some(number) if host.is_empty() => Ok(Self::Any(number)),
            Some(number) => Ok(Self::Host(host.to_owned(), number)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(port) => write!(f, ":{port}"),
            Self::Host(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

impl Address {
    /// The socket addresses to try, best first: for [`Address::Any`] IPv6
    /// (which takes IPv4 as well), then IPv4 for kernels without IPv6.
    ///
    /// # Errors
    /// When the host is a name that does not resolve.
    pub fn candidates(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Any(port) => Ok(vec![
                (Ipv6Addr::UNSPECIFIED, *port).into(),
                (Ipv4Addr::UNSPECIFIED, *port).into(),
            ]),
            Self::Host(host, port) => Ok((host.as_str(), *port).to_socket_addrs()?.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_flag_documents() {
        let host = |host: &str, port| Ok(Address::Host(host.to_owned(), port));
        let table = [
            (":9100", Ok(Address::Any(9100))),
            ("127.0.0.1:0", host("127.0.0.1", 0)),
            ("[::1]:9100", host("::1", 9100)),
            ("localhost:80", host("localhost", 80)),
            ("9100", Err(AddressError::NoPort("9100".to_owned()))),
            ("::1:9100", Err(AddressError::Brackets("::1:9100".to_owned()))),
            ("[::1:9100", Err(AddressError::Brackets("[::1:9100".to_owned()))),
        ];
        for (given, expected) in table {
            assert_eq!(given.parse(), expected, "{given}");
        }
        for port in ["", "+1", "65536", "http"] {
            let error = format!("h:{port}").parse::<Address>().unwrap_err();
            assert_eq!(error, AddressError::Port { given: format!("h:{port}"), port: port.into() });
        }
    }

    #[test]
    fn an_address_prints_as_it_is_written() {
        for given in [":9100", "[::1]:9100", "localhost:80"] {
            assert_eq!(given.parse::<Address>().unwrap().to_string(), given);
        }
    }
}
