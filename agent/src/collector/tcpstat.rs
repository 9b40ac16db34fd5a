//! `/proc/net/tcp{,6}`: connections by state, and what waits in their queues.
//!
//! Off by default: the kernel writes a line for each connection.

use std::path::Path;

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

const STATES: Family = Family::gauge("node_tcp_connection_states", "Connections in each state.");

/// The kernel's states from 1 on, and two sums `node_exporter` puts beside them.
const NAMES: [&str; 14] = [
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "new_syn_recv",
    "rx_queued_bytes",
    "tx_queued_bytes",
];
const RECEIVED: usize = 12;
const SENT: usize = 13;

/// Numbers in the order of the names.
pub type Count = [u64; NAMES.len()];

/// Takes the connections of a table in; `None` when a line is broken.
pub fn take(input: &[u8], count: &mut Count) -> Option<()> {
    let mut lines = scan::lines(input);
    lines.next().filter(|heading| heading.windows(8).any(|part| part == b"tx_queue"))?;
    for line in lines {
        let mut fields = scan::fields(line).skip(3);
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
        let state = usize::try_from(hexadecimal(str::from_utf8(fields.next()?).ok()?)?).ok()?;
        let (sent, received) = str::from_utf8(fields.next()?).ok()?.split_once(':')?;
        *count.get_mut(state.checked_sub(1)?).filter(|_| state <= RECEIVED)? += 1;
        count[SENT] = count[SENT].saturating_add(hexadecimal(sent)?);
        count[RECEIVED] = count[RECEIVED].saturating_add(hexadecimal(received)?);
    }
    Some(())
}

/// Encodes the states that some connection is in, and the sums.
pub fn encode(count: &Count, out: &mut Encoder) {
    out.family(&STATES);
    for (index, (name, number)) in NAMES.iter().zip(count).enumerate() {
        if *number > 0 || index >= RECEIVED {
            out.sample(&STATES, &[("state", name.as_bytes())], *number);
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Tcpstat {
    files: [Source; 2],
}

impl Tcpstat {
    /// Reads below `procfs`.
    pub fn new(procfs: &Path) -> Self {
        Self { files: ["tcp", "tcp6"].map(|name| Source::new(procfs.join("net").join(name))) }
    }
}

impl Collector for Tcpstat {
    fn name(&self) -> &'static str {
        "tcpstat"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let mut count = Count::default();
        let malformed = Failure::Malformed {
            file: "net/tcp",
            expected: "a heading, then sockets with a state and `tx_queue:rx_queue`",
        };
        let [four, six] = &mut self.files;
        let mut whole = take(four.read(scratch)?, &mut count).is_some();
        // A host may have been told to do without IPv6.
        if let Ok(input) = six.read(scratch) {
            whole &= take(input, &mut count).is_some();
        }
        encode(&count, out);
        if whole { Ok(()) } else { Err(malformed) }
    }
}
