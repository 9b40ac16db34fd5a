//! What a process's network namespace tells: its address.
//!
//! The kernel shows `/proc/PID/net` to everybody, without a privilege.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::scan;

/// The addresses of the namespace's own interfaces in `fib_trie`, in its order,
/// loopback left out.
pub fn local(fib_trie: &[u8]) -> impl Iterator<Item = Ipv4Addr> {
    let mut leaf = None;
    scan::lines(fib_trie).filter_map(move |line| {
        let line = line.trim_ascii();
        if let Some(address) = line.strip_prefix(b"|-- ") {
            leaf = str::from_utf8(address).ok().and_then(|text| text.parse::<Ipv4Addr>().ok());
            return None;
        }
        let own = line.starts_with(b"/32 host LOCAL");
        leaf.filter(|address| own && !address.is_loopback())
    })
}

/// The first address of global scope in `if_inet6`.
pub fn global(if_inet6: &[u8]) -> Option<Ipv6Addr> {
    scan::lines(if_inet6).find_map(|line| {
        let mut fields = scan::fields(line);
        let digits = str::from_utf8(fields.next()?).ok().filter(|text| text.len() == 32)?;
        (fields.nth(2)? == b"00").then_some(())?;
        u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from)
    })
}

/// Where a pod is reached, and whether it has the host's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Its address; this host's loopback for a pod in the host's network.
    pub ip: IpAddr,
    /// It has no network of its own.
    pub host: bool,
}

/// The address in a pod's `fib_trie` and `if_inet6`, beside this process's own
/// `fib_trie`: whoever has the same addresses is in the same network.
pub fn of(fib_trie: &[u8], if_inet6: &[u8], own: &[u8]) -> Option<Address> {
    let first = local(fib_trie).next();
    if first.is_some() && local(fib_trie).eq(local(own)) {
        return Some(Address { ip: Ipv4Addr::LOCALHOST.into(), host: true });
    }
    let ip = first.map(IpAddr::from).or_else(|| global(if_inet6).map(IpAddr::from))?;
    Some(Address { ip, host: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &[u8] = b"Main:\n  +-- 0.0.0.0/0 3 0 5\n     +-- 10.42.1.0/24 2 0 2\n        \
|-- 10.42.1.0\n           /24 link UNICAST\n        |-- 10.42.1.7\n           /32 host LOCAL\n        \
|-- 10.42.1.255\n           /32 link BROADCAST\n     |-- 127.0.0.1\n        /32 host LOCAL\nLocal:\n     \
|-- 10.42.1.7\n        /32 host LOCAL\n";
    const HOST: &[u8] = b"Main:\n     |-- 192.168.1.20\n        /32 host LOCAL\n";
    const V6: &[u8] = b"fe800000000000000000000000000001 02 40 20 80 eth0\n\
fd420000000000000000000000000007 02 40 00 80 eth0\n";

    #[test]
    fn a_pods_address_is_found() {
        let pod = Address { ip: "10.42.1.7".parse().unwrap(), host: false };
        assert_eq!(of(POD, V6, HOST), Some(pod));
        let only_v6 = Address { ip: "fd42::7".parse().unwrap(), host: false };
        assert_eq!(of(b"", V6, HOST), Some(only_v6));
        assert_eq!(of(b"", b"", HOST), None);
    }

    #[test]
    fn a_pod_in_the_hosts_network_is_at_loopback() {
        let host = Address { ip: Ipv4Addr::LOCALHOST.into(), host: true };
        assert_eq!(of(HOST, b"", HOST), Some(host));
    }
}
