//! How much of a node's memory is kept from pods.

use terrarium_inventory::Role;

/// Memory kept from pods, in MiB, and when pods are evicted to keep it so.
///
/// `allocatable = capacity - system - kube - eviction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// For the operating system: sshd, journald, the page cache it cannot do without.
    pub system_mib: u64,
    /// For k3s itself, containerd included.
    pub kube_mib: u64,
    /// Pods are evicted when less than this is available.
    pub eviction_mib: u64,
}

/// Rows: smallest memory in MiB a row is for, and what is kept.
///
/// Boards report less than their label (a 4 GB Pi some 3800 MiB, an 8 GB one
/// some 7900), hence limits between the sizes. k3s' own profiling on a Pi 4
/// gives 1215 MB for an idle server and 1588 MB with workload, 268 MB for an
/// agent node.
const SERVER: [(u64, Reservation); 2] = [
    (6144, Reservation { system_mib: 250, kube_mib: 1600, eviction_mib: 250 }),
    (3072, Reservation { system_mib: 250, kube_mib: 1300, eviction_mib: 200 }),
];
const AGENT: [(u64, Reservation); 2] = [
    (3072, Reservation { system_mib: 250, kube_mib: 300, eviction_mib: 250 }),
    (1536, Reservation { system_mib: 200, kube_mib: 300, eviction_mib: 150 }),
];

impl Reservation {
    /// What to keep on a node of `memory_bytes` (`MemTotal`).
    ///
    /// Below the tables' smallest size the figures would leave pods nothing.
    /// There the node gives what it can: a quarter of the memory to a worker's
    /// k3s, half to a server's, an eighth to the system. It will be slow; not
    /// starting would be worse.
    pub fn of(role: Role, memory_bytes: u64) -> Self {
        let memory_mib = memory_bytes / (1024 * 1024);
        let (table, kube_share) = match role {
            Role::Server => (&SERVER, 2),
            Role::Agent => (&AGENT, 4),
        };
        let row = table.iter().find(|(least_mib, _)| memory_mib >= *least_mib);
        row.map_or_else(
            || Self {
                system_mib: (memory_mib / 8).min(150),
                kube_mib: memory_mib / kube_share,
                // Kubernetes' own default.
                eviction_mib: 100,
            },
            |(_, reservation)| *reservation,
        )
    }

    /// Memory in bytes left for pods on a node of `memory_bytes`.
    pub const fn allocatable_bytes(&self, memory_bytes: u64) -> u64 {
        let kept_mib = self.system_mib + self.kube_mib + self.eviction_mib;
        memory_bytes.saturating_sub(kept_mib * 1024 * 1024)
    }

    /// As `kubelet-arg` items, sorted.
    pub(super) fn kubelet_args(&self) -> Vec<String> {
        vec![
            // One signal given, all others become 0: the disk's must be restated.
            format!(
                "eviction-hard=memory.available<{}Mi,nodefs.available<5%,imagefs.available<5%,\
                 nodefs.inodesFree<5%",
                self.eviction_mib
            ),
            "image-gc-high-threshold=75".to_owned(),
            // Must lie below the high one, whose default of 85 goes with 80.
            "image-gc-low-threshold=65".to_owned(),
            format!("kube-reserved=memory={}Mi", self.kube_mib),
            format!("system-reserved=memory={}Mi", self.system_mib),
        ]
    }
}

#[cfg(test)]
mod tests {
    use terrarium_inventory::Role::{Agent, Server};

    use super::Reservation;

    #[test]
    fn table() {
        for (role, memory_mib, kube_mib, allocatable_mib) in [
            (Server, 7900, 1600, 5800),
            (Server, 16000, 1600, 13900),
            (Server, 3790, 1300, 2040),
            (Server, 1840, 920, 670),
            (Agent, 7900, 300, 7100),
            (Agent, 3790, 300, 2990),
            (Agent, 1840, 300, 1190),
            (Agent, 900, 225, 463),
            (Agent, 420, 105, 163),
            (Agent, 0, 0, 0),
        ] {
            let bytes = memory_mib * 1024 * 1024;
            let reservation = Reservation::of(role, bytes);
            assert_eq!(reservation.kube_mib, kube_mib, "{role:?} {memory_mib}");
            assert_eq!(
                reservation.allocatable_bytes(bytes) / (1024 * 1024),
                allocatable_mib,
                "{role:?} {memory_mib}"
            );
        }
    }
}
