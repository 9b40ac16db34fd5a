//! What must be left of a board's memory before anything is deployed.

use std::borrow::Cow;

use crate::board::{Figure, Kind};

/// A k3s server with `SQLite`, one agent node and no workload, in MiB.
pub const K3S_SERVER_MIB: Figure<u32> = Figure {
    value: 1215,
    kind: Kind::Documented,
    source: Cow::Borrowed("docs.k3s.io/reference/resource-profiling, on a Pi 4 Model B"),
};

/// A k3s agent node without workloads, in MiB.
pub const K3S_AGENT_MIB: Figure<u32> = Figure {
    value: 268,
    kind: Kind::Documented,
    source: Cow::Borrowed("docs.k3s.io/reference/resource-profiling, on a Pi 4 Model B"),
};

/// The operating system without a desktop, in MiB.
pub const OPERATING_SYSTEM_MIB: Figure<u32> = Figure {
    value: 200,
    kind: Kind::Estimate,
    source: Cow::Borrowed("systemd, sshd, journald and the network services of a Lite image"),
};
