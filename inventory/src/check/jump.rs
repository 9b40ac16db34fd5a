//! A host to go through, as `[user@]host[:port]`.

use super::{Complaint, host, names};
use crate::mask::mask;
use crate::model::Hop;
use crate::words::quote;

pub(crate) fn hop(text: &str) -> Result<Hop, Complaint> {
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(names::user(user)?), place),
        None => (None, text),
    };
    let (host_text, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or("x"))),
        // More than one colon: an IPv6 address without a port.
        None if place.matches(':').count() > 1 => (place, None),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port != 0 => Some(port),
        Some(_) => {
            return Err(Complaint {
                code: "inventory::jump",
                message: format!("{} cannot be a host to go through", quote(&mask(text))),
                why: "the port is no number from 1 to 65535".to_owned(),
                help: "write `user@host:port`; user and port may be left out".to_owned(),
            });
        }
    };
    Ok(Hop { user, host: host::host(host_text)?, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops() {
        let made = |user: Option<&str>, host: &str, port| Hop {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
        };
        for (text, expected) in [
            ("bastion", made(None, "bastion", None)),
            ("me@bastion.lan:2222", made(Some("me"), "bastion.lan", Some(2222))),
            ("[fd00::1]:2222", made(None, "fd00::1", Some(2222))),
            ("fd00::1", made(None, "fd00::1", None)),
        ] {
            assert_eq!(hop(text).unwrap(), expected, "{text}");
        }
        for text in ["", "me@", "@bastion", "bastion:0", "bastion:x", "[fd00::1]2", "a b", "-oX"] {
            assert!(hop(text).is_err(), "{text}");
        }
    }
}
