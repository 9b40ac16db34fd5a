//! What must be left of a board's memory before anything is deployed.

use std::borrow::Cow;

use crate::figure::{Interval, Kind};

/// A k3s server with `SQLite`, in MiB: with one agent node and no workload,
/// and with one that is watched by Prometheus.
pub const K3S_SERVER_MIB: Interval = Interval {
    value: 1215,
    low: 1215,
    high: 1588,
    kind: Kind::Documented,
    source: Cow::Borrowed("docs.k3s.io/reference/resource-profiling, on a Pi 4 Model B"),
};

/// A k3s server with embedded etcd, in MiB, between the same bounds.
pub const K3S_SERVER_ETCD_MIB: Interval = Interval {
    value: 1413,
    low: 1413,
    high: 1613,
    kind: Kind::Documented,
    source: Cow::Borrowed("docs.k3s.io/reference/resource-profiling, on a Pi 4 Model B"),
};

/// A k3s agent node without workloads, kubelet and containerd included, in MiB.
pub const K3S_AGENT_MIB: Interval = Interval {
    value: 268,
    low: 268,
    high: 350,
    kind: Kind::Documented,
    source: Cow::Borrowed(
        "docs.k3s.io/reference/resource-profiling, on a Pi 4 Model B; the upper bound for many \
         pods is an estimate",
    ),
};

/// The operating system without a desktop, in MiB.
pub const OPERATING_SYSTEM_MIB: Interval = Interval {
    value: 200,
    low: 120,
    high: 250,
    kind: Kind::Estimate,
    source: Cow::Borrowed("systemd, sshd, journald and the network services of a Lite image"),
};

/// The node agent, in MiB.
pub const AGENT_MIB: Interval = Interval {
    value: 3,
    low: 1,
    high: 5,
    kind: Kind::Measured,
    source: Cow::Borrowed("make bench-agent: with the host's metrics alone, and with 30 pods"),
};
