//! What is asked of a container's processes: since when they run, and what
//! their network carried.

use std::path::{Path, PathBuf};

use super::address::{self, Address};
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::scan;
use crate::source::{ROWS, Source};

/// The host, as far as processes are measured against it.
#[derive(Debug)]
pub struct Host {
    procfs: PathBuf,
    /// This process's own addresses.
    fib_trie: Vec<u8>,
}

/// The host's clock ticks: the same on every architecture.
const HZ: u64 = 100;

impl Host {
    /// The host of `procfs` as it is now.
    pub fn new(procfs: &Path) -> Self {
        let fib_trie = crate::source::whole(procfs.join("self/net/fib_trie")).unwrap_or_default();
        Self { procfs: procfs.to_owned(), fib_trie }
    }

    /// When a process was started, in hundredths of a second since the boot.
    pub fn ticks(&self, pid: u32) -> Option<u64> {
        start_ticks(&crate::source::whole(self.procfs.join(format!("{pid}/stat"))).ok()?)
    }

    /// Where a process's network is reached.
    pub fn address(&self, pid: u32) -> Option<Address> {
        let read = |file: &str| crate::source::whole(self.procfs.join(format!("{pid}/net/{file}")));
        let fib_trie = read("fib_trie").ok()?;
        address::of(&fib_trie, &read("if_inet6").unwrap_or_default(), &self.fib_trie)
    }

    /// The counters of a process's network.
    pub fn network(&self, pid: u32) -> Source {
        Source::new(self.procfs.join(format!("{pid}/net/dev")))
    }
}

/// When the host booted, in seconds since the epoch, by `/proc/stat`: another time
/// once the clock was set.
pub fn boot(stat: &[u8]) -> Option<u64> {
    scan::lines(stat).find_map(|line| scan::unsigned(line.strip_prefix(b"btime ")?))
}

/// A moment since the boot, in hundredths of a second since the epoch.
pub fn since_epoch(boot: Option<u64>, ticks: Option<u64>) -> Option<u64> {
    boot?.checked_mul(HZ)?.checked_add(ticks?)
}

/// Ticks from boot to the start of a process: the field 22 of its `stat`. Its
/// name, in brackets, may hold anything.
pub fn start_ticks(stat: &[u8]) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    scan::unsigned(scan::fields(&stat[end + 1..]).nth(19)?)
}

/// The process of a group with the lowest number, next to always the first.
pub fn first(processes: &Path) -> Option<u32> {
    let list = crate::source::whole(processes).ok()?;
    let numbers = scan::lines(&list).filter_map(scan::unsigned);
    u32::try_from(numbers.filter(|pid| *pid > 0).min()?).ok()
}

/// An interface's counters: received bytes, packets, errors and drops, then the
/// same sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name in the pod.
    pub name: Vec<u8>,
    /// The counters.
    pub counters: [u64; COUNTERS],
    /// Its labels as they are written.
    pub(crate) labels: Box<[u8]>,
}

/// How many counters.
pub const COUNTERS: usize = 8;

/// Where the counters are in a row.
const COLUMNS: [usize; COUNTERS] = [0, 1, 2, 3, 8, 9, 10, 11];

/// The name and counters of a row of `net/dev`.
pub fn row(line: &[u8]) -> Option<(&[u8], [u64; COUNTERS])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let mut numbers = [0; 16];
    let mut fields = scan::fields(&line[colon + 1..]);
    for number in &mut numbers {
        *number = scan::unsigned(fields.next()?)?;
    }
    Some((line[..colon].trim_ascii(), COLUMNS.map(|column| numbers[column])))
}

/// A pod's interfaces but for loopback.
#[derive(Debug, Default)]
pub struct Network {
    source: Option<Source>,
    /// As of the last reading.
    pub interfaces: Vec<Interface>,
}

impl Network {
    /// Reads from `source` from now on.
    pub(super) fn of(source: Option<Source>) -> Self {
        Self { source, interfaces: Vec::new() }
    }

    /// Reads the counters.
    ///
    /// # Errors
    /// [`Failure::Read`] when the process is gone, another when the table is
    /// not as the kernel writes it.
    pub(super) fn read(
        &mut self,
        namespace: &str,
        pod: &str,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Some(source) = &mut self.source else { return Ok(()) };
        // Not kept open: that would hold the pod's network, and its interfaces
        // would stay after it.
        let table = source.read_piece(ROWS, false, scratch)?;
        self.take(table, namespace, pod)
    }

    /// Takes over a table; names that stay where they were are not made anew.
    pub fn take(&mut self, table: &[u8], namespace: &str, pod: &str) -> Result<(), Failure> {
        let mut result = Ok(());
        let mut count = 0;
        for line in scan::lines(table).skip(2) {
            let Some((name, counters)) = row(line) else {
                result = Err(Failure::Malformed {
                    file: "net/dev of a pod",
                    expected: "a name and 16 numbers in each row",
                });
                continue;
            };
            if name == b"lo" {
                continue;
            }
            match self.interfaces.get_mut(count) {
                Some(interface) if interface.name == name => interface.counters = counters,
                _ => {
                    let labels = labels(namespace, pod, name);
                    self.interfaces.truncate(count);
                    self.interfaces.push(Interface { name: name.to_vec(), counters, labels });
                }
            }
            count += 1;
        }
        self.interfaces.truncate(count);
        result
    }
}

fn labels(namespace: &str, pod: &str, interface: &[u8]) -> Box<[u8]> {
    let mut out = Encoder::default();
    let labels =
        [("namespace", namespace.as_bytes()), ("pod", pod.as_bytes()), ("interface", interface)];
    out.series("", &labels);
    out.page().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_called_anything() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(start_ticks(format!("7 (a) b) {rest}").as_bytes()), Some(4711));
        for broken in ["", "7", "7 (a", "7 (a) S 1 2", ")"] {
            assert_eq!(start_ticks(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn interfaces_come_and_go() {
        let table = |rows: &str| format!("Inter-|\n face |\n lo: {}\n{rows}", "1 ".repeat(16));
        let eth0 = "  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n";
        let mut network = Network::default();
        network.take(table(eth0).as_bytes(), "a", "b").unwrap();
        assert_eq!(network.interfaces[0].counters, [1, 2, 3, 4, 5, 6, 7, 8]);
        let labels = str::from_utf8(&network.interfaces[0].labels).unwrap();
        assert_eq!(labels, r#"{namespace="a",pod="b",interface="eth0"}"#);

        let net1 = eth0.replace("eth0", "net1");
        network.take(table(&format!("{net1}{eth0}")).as_bytes(), "a", "b").unwrap();
        let names: Vec<&[u8]> = network.interfaces.iter().map(|i| &i.name[..]).collect();
        assert_eq!(names, [b"net1", b"eth0"]);

        assert!(network.take(table("eth0: 1 2\n").as_bytes(), "a", "b").is_err());
        assert!(network.interfaces.is_empty());
    }
}
