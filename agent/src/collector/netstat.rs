//! `/proc/net/{netstat,snmp,snmp6}`: counters of the network protocols.
//!
//! Of some four hundred, those which `node_exporter` shows by default.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Kind};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

/// Counters shown of each protocol; a star ends a name's beginning.
const SHOWN: [(&[u8], &[&[u8]]); 9] = [
    (b"Icmp", &[b"InMsgs", b"OutMsgs"]),
    (b"Icmp6", &[b"InMsgs", b"OutMsgs"]),
    (b"Ip", &[b"Forwarding"]),
    (b"Ip6", &[b"InOctets", b"OutOctets"]),
    (b"IpExt", &[b"InOctets", b"OutOctets"]),
    (
        b"Tcp",
        &[
            b"ActiveOpens",
            b"InSegs",
            b"OutSegs",
            b"OutRsts",
            b"PassiveOpens",
            b"RetransSegs",
            b"CurrEstab",
        ],
    ),
    (
        b"TcpExt",
        &[
            b"Listen*",
            b"Syncookies*",
            b"TCPSynRetrans",
            b"TCPTimeouts",
            b"TCPOFOQueue",
            b"TCPRcvQDrop",
        ],
    ),
    (b"Udp", UDP),
    (b"Udp6", UDP),
];
const UDP: &[&[u8]] =
    &[b"InDatagrams", b"OutDatagrams", b"NoPorts", b"RcvbufErrors", b"SndbufErrors"];

/// Shown of every protocol.
const OF_ALL: [&[u8]; 2] = [b"InErrors", b"InErrs"];

fn is_shown(protocol: &[u8], counter: &[u8]) -> bool {
    let matches = |shown: &&[u8]| match shown.strip_suffix(b"*") {
        Some(start) => counter.starts_with(start),
        None => *shown == counter,
    };
    OF_ALL.contains(&counter)
        || SHOWN.iter().any(|(known, list)| *known == protocol && list.iter().any(matches))
}

fn show(protocol: &[u8], counter: &[u8], number: &[u8], out: &mut Encoder) -> bool {
    if !is_shown(protocol, counter) {
        return true;
    }
    let is_word = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_alphanumeric);
    let Some(value) = scan::attribute(number).filter(|_| is_word(protocol) && is_word(counter))
    else {
        return false;
    };
    let name = [b"node_netstat_", protocol, b"_", counter];
    out.open(&name, Kind::Untyped, &[b"Statistic ", protocol, counter, b"."]);
    out.bare(&name, crate::value::Value::signed(value, 0));
    true
}

/// Encodes a file of pairs of lines: names, and below them numbers.
///
/// # Errors
/// When the lines are no such pairs; what is whole is written all the same.
pub fn encode_pairs(input: &[u8], file: &'static str, out: &mut Encoder) -> Result<(), Failure> {
    let mut whole = true;
    let mut lines = scan::lines(input);
    while let Some(names) = lines.next() {
        let numbers = lines.next().unwrap_or_default();
        let (mut names, mut numbers) = (scan::fields(names), scan::fields(numbers));
        let protocol = names.next().and_then(|first| first.strip_suffix(b":"));
        let (Some(protocol), true) = (protocol, names_match(protocol, numbers.next())) else {
            whole = false;
            continue;
        };
        loop {
            match (names.next(), numbers.next()) {
                (Some(name), Some(number)) => whole &= show(protocol, name, number, out),
                (None, None) => break,
                _ => {
                    whole = false;
                    break;
                }
            }
        }
    }
    let expected = "pairs of lines: a protocol with names, the protocol with numbers";
    if whole { Ok(()) } else { Err(Failure::Malformed { file, expected }) }
}

fn names_match(protocol: Option<&[u8]>, second: Option<&[u8]>) -> bool {
    protocol.is_some() && protocol == second.and_then(|second| second.strip_suffix(b":"))
}

/// Encodes `snmp6`: a name, in which the protocol ends with its 6, and a number
/// a line.
///
/// # Errors
/// When a line is no such pair; the others are written all the same.
pub fn encode_snmp6(input: &[u8], out: &mut Encoder) -> Result<(), Failure> {
    let mut whole = true;
    for line in scan::lines(input) {
        let mut fields = scan::fields(line);
        match (fields.next(), fields.next()) {
            (Some(name), Some(number)) => {
                // Statistics of single interfaces have no 6 in their names.
                if let Some(six) = name.iter().position(|byte| *byte == b'6') {
                    let (protocol, counter) = name.split_at(six + 1);
                    whole &= show(protocol, counter, number, out);
                }
            }
            _ => whole = false,
        }
    }
    let expected = "a name and a number a line";
    if whole { Ok(()) } else { Err(Failure::Malformed { file: "net/snmp6", expected }) }
}

/// The collector.
#[derive(Debug)]
pub struct Netstat {
    extended: Source,
    snmp: Source,
    snmp6: Source,
}

impl Netstat {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        let file = |name: &str| Source::new(procfs.join("net").join(name));
        Self { extended: file("netstat"), snmp: file("snmp"), snmp6: file("snmp6") }
    }
}

impl Collector for Netstat {
    fn name(&self) -> &'static str {
        "netstat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let netstat = self.extended.read(scratch);
        let netstat = netstat.and_then(|input| encode_pairs(input, "net/netstat", out));
        let snmp = self.snmp.read(scratch);
        let snmp = snmp.and_then(|input| encode_pairs(input, "net/snmp", out));
        // A host may have been told to do without IPv6.
        let snmp6 = match self.snmp6.read(scratch) {
            Ok(input) => encode_snmp6(input, out),
            Err(_) => Ok(()),
        };
        netstat.and(snmp).and(snmp6)
    }
}

#[cfg(test)]
mod tests {
    use super::is_shown;

    #[test]
    fn few_of_many_are_shown() {
        for (protocol, counter, shown) in [
            ("Tcp", "CurrEstab", true),
            ("Tcp", "MaxConn", false),
            ("Tcp", "InErrs", true),
            ("TcpExt", "ListenDrops", true),
            ("TcpExt", "TCPTimeouts", true),
            ("TcpExt", "TCPTimeoutsMore", false),
            ("UdpLite", "InErrors", true),
            ("UdpLite", "InDatagrams", false),
            ("Ip6", "InOctets", true),
            ("Ip", "InOctets", false),
        ] {
            assert_eq!(
                is_shown(protocol.as_bytes(), counter.as_bytes()),
                shown,
                "{protocol} {counter}"
            );
        }
    }
}
