//! `/proc/net/udp{,6}`: what waits in the queues of UDP sockets.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

const QUEUES: Family = Family::gauge("node_udp_queues", "Bytes waiting in the queues of sockets.");

/// Bytes waiting to be sent and to be received, over all sockets of a table;
/// `None` when a line is broken.
pub fn sum(input: &[u8]) -> Option<(u64, u64)> {
    let mut lines = scan::lines(input);
    lines.next().filter(|heading| heading.windows(8).any(|part| part == b"tx_queue"))?;
    lines.try_fold((0_u64, 0_u64), |(sent, received), line| {
        let queues = str::from_utf8(scan::fields(line).nth(4)?).ok()?;
        let (to_send, to_receive) = queues.split_once(':')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some((sent.saturating_add(number(to_send)?), received.saturating_add(number(to_receive)?)))
    })
}

/// Encodes the sums that could be made.
pub fn encode(sums: [(&'static str, Option<(u64, u64)>); 2], out: &mut Encoder) {
    out.family(&QUEUES);
    for (ip, sum) in sums {
        let Some((sent, received)) = sum else { continue };
        for (queue, bytes) in [("tx", sent), ("rx", received)] {
            out.sample(&QUEUES, &[("ip", ip.as_bytes()), ("queue", queue.as_bytes())], bytes);
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct UdpQueues {
    files: [Source; 2],
}

impl UdpQueues {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { files: ["udp", "udp6"].map(|name| Source::new(procfs.join("net").join(name))) }
    }
}

impl Collector for UdpQueues {
    fn name(&self) -> &'static str {
        "udp_queues"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let [four, six] = &mut self.files;
        let expected = "a heading, then sockets with `tx_queue:rx_queue` as the fifth field";
        let four = four
            .read(scratch)
            .and_then(|input| sum(input).ok_or(Failure::Malformed { file: "net/udp", expected }));
        // A host may have been told to do without IPv6.
        let six = six
            .read(scratch)
            .ok()
            .map(|input| sum(input).ok_or(Failure::Malformed { file: "net/udp6", expected }));
        let six = six.transpose();
        let value = |sum: Result<Option<(u64, u64)>, ()>| sum.ok().flatten();
        encode(
            [
                ("v4", four.as_ref().ok().copied()),
                ("v6", value(six.as_ref().map(|sum| *sum).map_err(|_| ()))),
            ],
            out,
        );
        four.and(six.map(drop).map(|()| (0, 0))).map(drop)
    }
}
