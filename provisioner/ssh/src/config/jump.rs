//! `[user@]host[:port]`, several of them with commas between.

/// One host on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// As written: an alias, a name or an address.
    pub host: String,
    /// The login name there.
    pub user: Option<String>,
    /// The port there.
    pub port: Option<u16>,
}

/// The hosts to go through, in order; an error says what is wrong with one.
pub fn hops(text: &str) -> Result<Vec<Hop>, String> {
    text.split(',').map(|hop| one(hop.trim())).collect()
}

fn one(text: &str) -> Result<Hop, String> {
    let wrong = || format!("`{text}` is not `[user@]host[:port]`");
    let plain = text.strip_prefix("ssh://").map_or(text, |rest| rest.trim_end_matches('/'));
    let (user, place) = match plain.rsplit_once('@') {
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, plain),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or_else(wrong)?;
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return Err(wrong()),
            }
        }
        // More than one colon: an IPv6 address without a port.
        None if place.matches(':').count() > 1 => (place, None),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?),
        None => None,
    };
    if crate::hostkey::recorded_name(host, 22).is_none() || user.as_deref() == Some("") {
        return Err(wrong());
    }
    Ok(Hop { host: host.to_owned(), user, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_jump_is_written_as() {
        let hop = |host: &str, user: Option<&str>, port| Hop {
            host: host.to_owned(),
            user: user.map(str::to_owned),
            port,
        };
        for (text, expected) in [
            ("bastion", vec![hop("bastion", None, None)]),
            ("me@bastion:2222", vec![hop("bastion", Some("me"), Some(2222))]),
            ("ssh://me@bastion:2222/", vec![hop("bastion", Some("me"), Some(2222))]),
            ("a@b@host", vec![hop("host", Some("a@b"), None)]),
            ("[fe80::1]:23, ::1", vec![hop("fe80::1", None, Some(23)), hop("::1", None, None)]),
            ("one,two:3", vec![hop("one", None, None), hop("two", None, Some(3))]),
        ] {
            assert_eq!(hops(text).as_ref(), Ok(&expected), "{text}");
        }
        for text in
            ["", "a,,b", "@host", "host:0", "host:x", "host:70000", "-oProxyCommand=x", "a b"]
        {
            assert!(hops(text).is_err(), "{text}");
        }
    }
}
