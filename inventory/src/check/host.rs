//! A node's address: an IP address or a DNS name, and nothing else.

use std::net::{IpAddr, Ipv6Addr};

use super::Complaint;
use super::names::dns_fault;
use crate::mask::mask;
use crate::words::quote;

use terrarium_untrusted::is_hidden;

/// `text` in the one form that equal addresses share: an IP address as its
/// standard text, a DNS name in lower case without a dot at the end.
pub(crate) fn host(text: &str) -> Result<String, Complaint> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let address = address.to_canonical();
        return match unusable(address) {
            None => Ok(address.to_string()),
            Some((why, help)) => Err(complaint(text, why, help)),
        };
    }
    if let Some(clean) = cleaned(text).filter(|clean| host(clean).is_ok()) {
        let help = format!("write `host = \"{clean}\"`");
        return Err(complaint(text, "signs around an address", &help));
    }
    if let Some((why, help)) = more_than_a_host(text) {
        return Err(complaint(text, why, &help));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return Err(complaint(text, "this machine, not a Pi", GIVE_ITS_OWN));
    }
    if let Some(why) = dns_fault(&name) {
        return Err(complaint(text, &why, "write an IP address or a DNS name, such as `pi-1.lan`"));
    }
    // No top-level domain is a number: this was meant to be an IPv4 address.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(complaint(
            text,
            "neither an IPv4 address nor a DNS name",
            "an IPv4 address is four numbers from 0 to 255 without leading zeros",
        ));
    }
    Ok(name)
}

/// Without what a list, a quotation or a copied web page leaves around an address.
fn cleaned(text: &str) -> Option<&str> {
    let around = |c: char| c.is_whitespace() || is_hidden(c) || ",;\"'`<>()“”„‘’".contains(c);
    let clean = text.trim_matches(around);
    (clean.len() < text.len() && !clean.is_empty()).then_some(clean)
}

/// Several addresses in one text, as other files list them.
fn listed(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text
        .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    (parts.len() > 1 && parts.iter().all(|part| host(part).is_ok())).then_some(parts)
}

/// An address in parts, as it is written on a command line: `pi@10.0.0.1:2222`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) host: String,
    pub(crate) user: Option<String>,
    pub(crate) port: Option<u16>,
}

/// Takes apart what may stand before and behind a host.
pub(crate) fn parts(text: &str) -> Result<Parts, Complaint> {
    let text = cleaned(text).unwrap_or(text);
    let rest = text.strip_prefix("ssh://").map_or(text, |rest| rest.trim_end_matches('/'));
    let (user, rest) = match rest.rsplit_once('@') {
        // A password is nothing to keep.
        Some((user, _)) if user.contains(':') => return host(text).map(Parts::of),
        Some((user, rest)) => (Some(super::names::user(user)?), rest),
        None => (None, rest),
    };
    let (address, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, after)) => (address, after.strip_prefix(':')),
        None => match rest.split_once(':') {
            Some((address, port)) if !port.contains(':') => (address, Some(port)),
            _ => (rest, None),
        },
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        // With the port in it, it is told as what it is.
        Some(_) => return host(text).map(Parts::of),
    };
    Ok(Parts { host: host(address)?, user, port })
}

impl Parts {
    /// Nothing but where it is.
    pub(crate) fn of(host: String) -> Self {
        Self { host, user: None, port: None }
    }
}

const GIVE_ITS_OWN: &str = "write the address the node has on your network";

fn complaint(text: &str, why: &str, help: &str) -> Complaint {
    Complaint {
        code: "inventory::host",
        // Somebody may have written `user:password@host`.
        message: format!("{} cannot be a node's host", quote(&mask(text))),
        why: why.to_owned(),
        help: help.to_owned(),
    }
}

/// Addresses no single other machine can have.
fn unusable(address: IpAddr) -> Option<(&'static str, &'static str)> {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    if address.is_loopback() {
        Some(("this machine, not a Pi", GIVE_ITS_OWN))
    } else if address.is_unspecified() {
        Some(("no machine's address", GIVE_ITS_OWN))
    } else if broadcast || address.is_multicast() {
        Some(("the address of many machines at once", GIVE_ITS_OWN))
    } else {
        None
    }
}

/// Forms that say more than where a node is: what they say has its own key.
fn more_than_a_host(text: &str) -> Option<(&'static str, String)> {
    if let Some(parts) = listed(text) {
        let hosts: Vec<String> = parts.iter().map(|part| format!("`host = \"{part}\"`")).collect();
        let help = format!("begin each Pi with a `[[node]]` of its own: {}", hosts.join(", "));
        return Some(("several hosts", help));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let rest = rest.rsplit('@').next().unwrap_or_default().trim_end_matches('/');
        return Some((
            "an address with a scheme",
            format!("write {}, without `{scheme}://`", quote(&mask(rest))),
        ));
    }
    if let Some((user, rest)) = text.rsplit_once('@') {
        let user = user.split(':').next().unwrap_or_default();
        let help = format!(
            "write `host = \"{rest}\"` and `ssh = {{ user = \"{user}\" }}`, or `user` in `[ssh]` \
             for all nodes"
        );
        return Some(("a login name and a host", help));
    }
    if let Some((network, bits)) = text.split_once('/')
        && network.parse::<IpAddr>().is_ok()
    {
        return Some(("a network, not a host", format!("write `{network}`, without `/{bits}`")));
    }
    if let Some((address, zone)) = text.split_once('%')
        && address.parse::<Ipv6Addr>().is_ok()
    {
        let help = format!(
            "`%{zone}` names an interface of this machine; write an address that is valid \
             everywhere"
        );
        return Some(("an address with a zone", help));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').unwrap_or((rest, ""));
        return Some((
            "an address in brackets",
            match after.strip_prefix(':') {
                Some(port) => with_port(address, port),
                None => format!("write `{address}`, without brackets"),
            },
        ));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            Some(("a host and a port", with_port(host, port)))
        }
        Some(_) => {
            Some(("not an IPv6 address", "an IPv6 address reads for example `fd00::11`".to_owned()))
        }
        None => None,
    }
}

fn with_port(host: &str, port: &str) -> String {
    format!(
        "write `host = \"{host}\"` and `ssh = {{ port = {port} }}`, or `port` in `[ssh]` for all \
         nodes"
    )
}

#[cfg(test)]
mod tests {
    use super::{Parts, host, parts};

    #[test]
    fn one_form_for_equal_addresses() {
        for (written, form) in [
            ("192.168.1.11", "192.168.1.11"),
            ("::ffff:192.168.1.11", "192.168.1.11"),
            ("fd00:0:0::0011", "fd00::11"),
            ("FD00::A", "fd00::a"),
            ("fe80::1", "fe80::1"),
            ("Pi-1.LAN", "pi-1.lan"),
            ("pi-1.lan.", "pi-1.lan"),
            ("pi", "pi"),
            ("1pi.lan", "1pi.lan"),
        ] {
            assert_eq!(host(written).as_deref(), Ok(form), "{written}");
        }
    }

    #[test]
    fn a_password_before_a_host_is_not_repeated() {
        for written in ["pi:hunter2@10.0.0.1", "ssh://pi:hunter2@10.0.0.1/", "a:hunter2@b@c"] {
            let complaint = host(written).expect_err(written);
            assert!(!format!("{complaint:?}").contains("hunter2"), "{complaint:?}");
        }
    }

    #[test]
    fn an_address_is_taken_apart_as_ssh_would() {
        let of = |host: &str, user: Option<&str>, port| Parts {
            host: host.to_owned(),
            user: user.map(str::to_owned),
            port,
        };
        for (text, expected) in [
            ("10.0.0.1", of("10.0.0.1", None, None)),
            ("pi@10.0.0.1", of("10.0.0.1", Some("pi"), None)),
            ("pi@Pi-1.LAN:2222", of("pi-1.lan", Some("pi"), Some(2222))),
            ("ssh://pi@10.0.0.1:22/", of("10.0.0.1", Some("pi"), Some(22))),
            ("[fd00::1]:22", of("fd00::1", None, Some(22))),
            ("pi@[fd00::1]", of("fd00::1", Some("pi"), None)),
            ("fd00::1", of("fd00::1", None, None)),
            ("10.0.0.1,", of("10.0.0.1", None, None)),
        ] {
            assert_eq!(parts(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "pi@",
            "@10.0.0.1",
            "10.0.0.1:0",
            "10.0.0.1:x",
            "10.0.0.1:99999",
            "10.0.0.0/24",
            "pi:hunter2@10.0.0.1",
            "127.0.0.1",
            "a,b",
            "-oProxyCommand=x@y",
            "http://10.0.0.1",
        ] {
            let complaint = parts(text).expect_err(text);
            assert!(!format!("{complaint:?}").contains("hunter2"), "{complaint:?}");
        }
    }

    #[test]
    fn what_is_not_a_host_is_explained() {
        for (written, why) in [
            ("", "it is empty"),
            ("127.0.0.1", "this machine, not a Pi"),
            ("127.1.2.3", "this machine, not a Pi"),
            ("::1", "this machine, not a Pi"),
            ("::ffff:127.0.0.1", "this machine, not a Pi"),
            ("LocalHost", "this machine, not a Pi"),
            ("0.0.0.0", "no machine's address"),
            ("::", "no machine's address"),
            ("255.255.255.255", "the address of many machines at once"),
            ("224.0.0.1", "the address of many machines at once"),
            ("pi@10.0.0.1", "a login name and a host"),
            ("10.0.0.1:22", "a host and a port"),
            ("pi.lan:2222", "a host and a port"),
            ("[fd00::1]", "an address in brackets"),
            ("[fd00::1]:22", "an address in brackets"),
            ("[", "an address in brackets"),
            ("fd00::1%eth0", "an address with a zone"),
            ("fd00::g", "not an IPv6 address"),
            ("10.0.0.0/24", "a network, not a host"),
            ("ssh://10.0.0.1/", "an address with a scheme"),
            ("10.0.0", "neither an IPv4 address nor a DNS name"),
            ("10.0.0.256", "neither an IPv4 address nor a DNS name"),
            ("10.0.0.01", "neither an IPv4 address nor a DNS name"),
            ("1.2.3.4.5", "neither an IPv4 address nor a DNS name"),
            ("pi_1.lan", "`_` is not allowed"),
            ("pi 1", "` ` is not allowed"),
            (" 10.0.0.1 ", "signs around an address"),
            ("10.0.0.1,", "signs around an address"),
            ("“10.0.0.1”", "signs around an address"),
            ("\u{200b}10.0.0.1", "signs around an address"),
            ("10.0.0.1, 10.0.0.2", "several hosts"),
            ("a..b", "a part between dots is empty"),
            ("-oProxyCommand=x", "`=` is not allowed"),
        ] {
            let complaint = host(written).expect_err(written);
            assert_eq!(complaint.why, why, "{written}");
        }
    }
}
