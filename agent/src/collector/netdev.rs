//! `/proc/net/dev`: traffic per interface.

use super::Collector;
use super::table::Table;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::{Filter, Settings};
use crate::source::Source;

/// In the order of the file.
const FAMILIES: [Family; 16] = [
    Family::counter("node_network_receive_bytes_total", "Bytes received."),
    Family::counter("node_network_receive_packets_total", "Packets received."),
    Family::counter("node_network_receive_errs_total", "Packets received with an error."),
    Family::counter("node_network_receive_drop_total", "Packets received and dropped."),
    Family::counter("node_network_receive_fifo_total", "Overruns of the receive buffer."),
    Family::counter("node_network_receive_frame_total", "Framing errors of received packets."),
    Family::counter("node_network_receive_compressed_total", "Compressed packets received."),
    Family::counter("node_network_receive_multicast_total", "Multicast frames received."),
    Family::counter("node_network_transmit_bytes_total", "Bytes sent."),
    Family::counter("node_network_transmit_packets_total", "Packets sent."),
    Family::counter("node_network_transmit_errs_total", "Packets that could not be sent."),
    Family::counter("node_network_transmit_drop_total", "Packets dropped before sending."),
    Family::counter("node_network_transmit_fifo_total", "Overruns of the send buffer."),
    Family::counter("node_network_transmit_colls_total", "Collisions while sending."),
    Family::counter("node_network_transmit_carrier_total", "Carrier lost while sending."),
    Family::counter("node_network_transmit_compressed_total", "Compressed packets sent."),
];

/// Rows of sixteen counters.
pub type Interfaces = Table<16>;

/// A pod's end of a virtual cable: there are as many as pods, they come and go
/// with them, and the bridge they hang on counts the same traffic.
pub(super) fn of_a_pod(interface: &[u8]) -> bool {
    interface.starts_with(b"veth") || interface.starts_with(b"cali")
}

/// Encodes every interface that is not a pod's.
///
/// # Errors
/// When a line below the two headings is broken; the others are written all
/// the same.
pub fn encode(
    input: &[u8],
    filter: &Filter,
    interfaces: &mut Interfaces,
    out: &mut Encoder,
) -> Result<(), Failure> {
    interfaces.clear();
    let headings = scan::lines(input).take(2).filter(|line| line.contains(&b'|')).count();
    let mut whole = headings == 2;
    for line in scan::lines(input).filter(|line| !line.contains(&b'|')) {
        // A name may hold a colon (an alias); the counters cannot.
        let Some(colon) = line.iter().rposition(|byte| *byte == b':') else {
            whole = false;
            continue;
        };
        let name = line[..colon].trim_ascii();
        if !filter.keeps(name, || !of_a_pod(name)) {
            continue;
        }
        let counters = scan::fields(&line[colon + 1..]).map(scan::unsigned);
        whole &= interfaces.add(name, counters) == Some(FAMILIES.len());
    }
    for (column, family) in FAMILIES.iter().enumerate() {
        out.family(family);
        for (name, count) in interfaces.column(column) {
            out.sample(family, &[("device", name)], count);
        }
    }
    if whole {
        return Ok(());
    }
    Err(Failure::Malformed {
        file: "net/dev",
        expected: "two headings, then an interface and sixteen counters a line",
    })
}

/// The collector.
#[derive(Debug)]
pub struct Netdev {
    file: Source,
    filter: Filter,
    interfaces: Interfaces,
}

impl Netdev {
    /// Reads below procfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            file: Source::new(settings.procfs.join("net/dev")),
            filter: settings.interfaces.clone(),
            interfaces: Interfaces::default(),
        }
    }
}

impl Collector for Netdev {
    fn name(&self) -> &'static str {
        "netdev"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        encode(self.file.read(scratch)?, &self.filter, &mut self.interfaces, out)
    }
}
