//! The known failures, one row each. The first row that matches a line wins, so
//! the particular stand before the general.

use super::Kind;

/// One known failure.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// Matches when all parts of one of these occur in the line. Lower case.
    pub(super) any_of: &'static [&'static [&'static str]],
    pub(super) meaning: &'static str,
    pub(super) hint: &'static str,
    pub(super) fatal: bool,
}

/// Words by which k3s speaks of reaching its server. A refused connection alone
/// says nothing: a server's own parts refuse each other while they start.
const JOINING: [&str; 3] = [
    "failed to get ca certs",
    "waiting to retrieve agent configuration",
    "failed to validate connection to cluster",
];

pub(super) const TABLE: &[Row] = &[
    Row {
        kind: Kind::MemoryCgroup,
        any_of: &[&["failed to find memory cgroup"]],
        meaning: "the kernel runs without the memory cgroup controller",
        hint: "cmdline.txt on the boot partition needs `cgroup_enable=memory` on its one line, then a reboot; run `provision` again, it does both",
        fatal: true,
    },
    Row {
        kind: Kind::CgroupV1,
        any_of: &[&["configured to not run on a host using cgroup v1"]],
        meaning: "the node uses cgroup v1, which Kubernetes 1.35 and later refuse",
        hint: "use Raspberry Pi OS Bookworm or later, and remove `systemd.unified_cgroup_hierarchy=0` from cmdline.txt",
        fatal: true,
    },
    Row {
        kind: Kind::CaMismatch,
        any_of: &[
            &["token ca hash does not match"],
            &[JOINING[0], "signed by unknown authority"],
            &[JOINING[1], "signed by unknown authority"],
            &[JOINING[2], "signed by unknown authority"],
        ],
        meaning: "the node's join token belongs to another cluster",
        hint: "the server was reinstalled or its address is another machine's; run `provision` again to fetch the present token, and check the server's host in the inventory",
        fatal: true,
    },
    Row {
        kind: Kind::BootstrapToken,
        any_of: &[&["bootstrap data already found and encrypted with different token"]],
        meaning: "the server's data was written under another token",
        hint: "put the old token back (/var/lib/rancher/k3s/server/token); a datastore cannot change its token by being given another",
        fatal: true,
    },
    Row {
        kind: Kind::TokenMalformed,
        any_of: &[
            &["failed to normalize", "token"],
            &["invalid token format"],
            &["--token is required"],
        ],
        meaning: "the token file does not hold a join token",
        hint: "look whether /etc/rancher/k3s/cluster-token is empty or cut short, and run `provision` again",
        fatal: true,
    },
    Row {
        kind: Kind::NodePassword,
        any_of: &[&["node password rejected"], &["unable to verify password for node"]],
        meaning: "the server knows this node name with another password: another machine has the name, or this one was reinstalled",
        hint: "give each node its own name; for a reinstalled node delete the secret `<node>.node-password.k3s` in kube-system",
        fatal: true,
    },
    Row {
        kind: Kind::TokenRejected,
        any_of: &[
            &["token is not valid"],
            &["/v1-k3s/", "401 unauthorized"],
            &["/cacerts", "401 unauthorized"],
            &["/v1-k3s/", "403 forbidden"],
            &["server is not ready", "not authorized"],
        ],
        meaning: "the server does not accept the node's join token",
        hint: "run `provision` again to fetch the present token from the server",
        fatal: true,
    },
    Row {
        kind: Kind::DuplicateMember,
        any_of: &[&["duplicate node name found"]],
        meaning: "another etcd member has this node's name",
        hint: "remove the old member (`kubectl delete node <node>`), or give this node another name",
        fatal: true,
    },
    Row {
        kind: Kind::Learners,
        any_of: &[&["too many learner members in cluster"]],
        meaning: "another server is still joining",
        hint: "servers join one at a time; this passes when the other has caught up",
        fatal: false,
    },
    Row {
        kind: Kind::Clock,
        any_of: &[&["x509", "not yet valid"]],
        meaning: "a certificate lies in the future: the clock of this node or of the server is wrong",
        hint: "compare `timedatectl` on both; a Pi without network time starts in the past",
        // Network time may still arrive.
        fatal: false,
    },
    Row {
        kind: Kind::PortInUse,
        any_of: &[&["bind: address already in use"]],
        meaning: "another program already listens on a port k3s needs",
        hint: "`sudo ss -ltnp` on the node names it; another Kubernetes or an old k3s process is the usual one",
        fatal: true,
    },
    Row {
        kind: Kind::Interface,
        any_of: &[
            &["no such network interface"],
            &["unable to find interface"],
            &["failed to find the interface"],
            &["failed to find ipv4 address for interface"],
            &["failed to find any valid interface"],
        ],
        meaning: "the network interface k3s was told to use is missing or has no address",
        hint: "compare `ip -brief address` on the node with flannel-iface and node-ip in /etc/rancher/k3s/config.yaml; a changed DHCP lease or a move from cable to Wi-Fi does this",
        fatal: true,
    },
    Row {
        kind: Kind::Flannel,
        any_of: &[&["flannel exited"], &["vxlan", "operation not supported"]],
        meaning: "the pod network could not be made",
        hint: "`sudo modprobe vxlan` on the node tells whether the kernel has it; Ubuntu 21.10 to 23.10 need the package linux-modules-extra-raspi",
        fatal: true,
    },
    Row {
        kind: Kind::Snapshotter,
        any_of: &[&["snapshotter cannot be enabled"]],
        meaning: "the containers' file system does not work on this disk",
        hint: "/var/lib/rancher must lie on ext4 or xfs, not on overlay, NFS or FAT",
        fatal: true,
    },
    Row {
        kind: Kind::DiskFull,
        any_of: &[&["no space left on device"]],
        meaning: "the disk is full",
        hint: "`df -h` and `df -i` on the node; `sudo journalctl --vacuum-size=100M` frees logs",
        fatal: true,
    },
    Row {
        kind: Kind::ReadOnly,
        any_of: &[&["read-only file system"]],
        meaning: "the file system is mounted read-only",
        hint: "the kernel does that on errors: look at `dmesg`, then check or replace the card or disk",
        fatal: true,
    },
    Row {
        kind: Kind::ExecFormat,
        any_of: &[&["exec format error"]],
        meaning: "/usr/local/bin/k3s is for another processor or damaged",
        hint: "compare `uname -m` and `getconf LONG_BIT` with the release; run `provision` again to replace the file",
        fatal: true,
    },
    Row {
        kind: Kind::UnknownFlag,
        any_of: &[&["flag provided but not defined"], &["unknown flag: "]],
        meaning: "a key of [k3s.server] or [k3s.agent] is unknown to this release",
        hint: "compare the named flag with `k3s server --help` or `k3s agent --help` on the node and correct the inventory",
        fatal: true,
    },
    Row {
        kind: Kind::UnknownFlag,
        any_of: &[&["unknown flag", "skipping"]],
        meaning: "a key of [k3s.server] or [k3s.agent] is unknown to this release and was passed over",
        hint: "compare the named flag with `k3s server --help` or `k3s agent --help` on the node and correct the inventory",
        fatal: false,
    },
    Row {
        kind: Kind::Config,
        any_of: &[&["level=fatal", "yaml: "]],
        meaning: "k3s cannot read its config.yaml",
        hint: "look for files beside ours in /etc/rancher/k3s/config.yaml.d; ours is checked before it is written",
        fatal: true,
    },
    Row {
        kind: Kind::Swap,
        any_of: &[&["running with swap on is not supported"]],
        meaning: "swap is on and this kubelet refuses to run with it",
        hint: "set `swap = \"off\"` in [os], or remove `fail-swap-on=true` from the kubelet's arguments",
        fatal: true,
    },
    Row {
        kind: Kind::OutOfMemory,
        any_of: &[&["killed by the oom killer"], &["failed with result 'oom-kill'"]],
        meaning: "the kernel killed k3s for want of memory",
        hint: "a server wants 2 GB and more for itself; use a bigger board for this role or leave out packaged components (`disable`)",
        fatal: false,
    },
    Row {
        kind: Kind::NoRoute,
        any_of: &[
            &[JOINING[0], "no route to host"],
            &[JOINING[1], "no route to host"],
            &[JOINING[2], "no route to host"],
            &[JOINING[0], "network is unreachable"],
            &[JOINING[2], "network is unreachable"],
        ],
        meaning: "there is no way from this node to the server's address",
        hint: "`ping` the server from the node; a firewall that rejects looks like this too (`sudo ufw status` on the server)",
        fatal: false,
    },
    Row {
        kind: Kind::ServerTimeout,
        any_of: &[
            &[JOINING[0], "tls handshake timeout"],
            &[JOINING[1], "tls handshake timeout"],
            &[JOINING[2], "tls handshake timeout"],
            &[JOINING[0], "i/o timeout"],
            &[JOINING[1], "i/o timeout"],
            &[JOINING[2], "i/o timeout"],
            &[JOINING[0], "deadline exceeded"],
            &[JOINING[1], "deadline exceeded"],
            &[JOINING[2], "deadline exceeded"],
        ],
        meaning: "the server does not answer in time",
        hint: "a firewall that drops port 6443, or a server too busy to answer; `sudo ufw status` and `uptime` on the server",
        fatal: false,
    },
    Row {
        kind: Kind::ServerRefused,
        any_of: &[
            &[JOINING[0], "connection refused"],
            &[JOINING[1], "connection refused"],
            &[JOINING[2], "connection refused"],
            &[JOINING[0], "connection reset"],
            &[JOINING[2], "connection reset"],
            &[JOINING[0], "eof"],
            &[JOINING[0], "503 service unavailable"],
        ],
        meaning: "the server refuses the connection: it is not up yet, or the address is another machine's",
        hint: "`systemctl status k3s` on the server; it comes up first",
        fatal: false,
    },
    Row {
        kind: Kind::SlowDatastore,
        any_of: &[
            &["slow sql"],
            &["slow fdatasync"],
            &["apply request took too long"],
            &["leaderelection lost"],
            &["leader election lost"],
        ],
        meaning: "the disk is too slow for the datastore",
        hint: "an SD card is the usual cause: put /var/lib/rancher on an SSD; `cat /proc/pressure/io` on the node tells how long its programs wait for the disk",
        fatal: false,
    },
];
