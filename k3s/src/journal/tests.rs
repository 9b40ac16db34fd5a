use proptest::prelude::*;

use super::table::TABLE;
use super::{Kind, classify};

/// A line as the journal has it, the kind it shows, whether waiting is pointless.
const LINES: &[(&str, Kind, bool)] = &[
    (
        r#"Nov 22 10:01:02 pi-1 k3s[1201]: time="2026-11-22T10:01:02Z" level=fatal msg="failed to find memory cgroup (v2)""#,
        Kind::MemoryCgroup,
        true,
    ),
    (
        r#"Nov 22 10:01:02 pi-1 k3s[1201]: level=fatal msg="Failed to find memory cgroup, you may need to add \"cgroup_memory=1 cgroup_enable=memory\" to your linux cmdline""#,
        Kind::MemoryCgroup,
        true,
    ),
    (
        r#"pi-1 k3s[1]: E1122 10:01:02.000 1 run.go:72] "command failed" err="failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1""#,
        Kind::CgroupV1,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="token CA hash does not match the Cluster CA certificate hash: 4c1f != 9d2e""#,
        Kind::CaMismatch,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="failed to get CA certs: Get \"https://10.0.0.1:6443/cacerts\": tls: failed to verify certificate: x509: certificate signed by unknown authority""#,
        Kind::CaMismatch,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="starting kubernetes: preparing server: bootstrap data already found and encrypted with different token""#,
        Kind::BootstrapToken,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="starting kubernetes: preparing server: failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>""#,
        Kind::TokenMalformed,
        true,
    ),
    (r#"pi-2 k3s[9]: level=fatal msg="--token is required""#, Kind::TokenMalformed, true),
    (
        r#"pi-2 k3s[77]: level=info msg="Waiting to retrieve agent configuration; server is not ready: Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag""#,
        Kind::NodePassword,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=info msg="Waiting to retrieve agent configuration; server is not ready: https://127.0.0.1:6444/v1-k3s/serving-kubelet.crt: 401 Unauthorized""#,
        Kind::TokenRejected,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="token is not valid: https://127.0.0.1:6444/apis: 401 Unauthorized""#,
        Kind::TokenRejected,
        true,
    ),
    (
        r#"pi-3 k3s[9]: level=fatal msg="starting kubernetes: preparing server: start managed database: joining etcd cluster: etcd cluster join failed: duplicate node name found, please use a unique name for this node""#,
        Kind::DuplicateMember,
        true,
    ),
    (
        r#"pi-3 k3s[9]: level=info msg="Waiting for other members to finish joining etcd cluster: etcdserver: too many learner members in cluster""#,
        Kind::Learners,
        false,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="failed to get CA certs: Get \"https://127.0.0.1:6444/cacerts\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 1970-01-01T00:00:41Z is before 2026-11-22T09:58:00Z""#,
        Kind::Clock,
        false,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="Error: preparing server: failed to listen on 6443: listen tcp :6443: bind: address already in use""#,
        Kind::PortInUse,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=fatal msg="unable to find interface eth1: route ip+net: no such network interface""#,
        Kind::Interface,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=fatal msg="flannel exited: failed to find IPv4 address for interface wlan0""#,
        Kind::Interface,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=fatal msg="flannel exited: failed to register flannel network: operation not supported""#,
        Kind::Flannel,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=fatal msg="\"overlayfs\" snapshotter cannot be enabled for \"/var/lib/rancher/k3s/agent/containerd\", try using \"fuse-overlayfs\" or \"native\"""#,
        Kind::Snapshotter,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="extracting data: write /var/lib/rancher/k3s/data/x/bin/k3s: no space left on device""#,
        Kind::DiskFull,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="mkdir /var/lib/rancher/k3s/data/.lock: read-only file system""#,
        Kind::ReadOnly,
        true,
    ),
    (
        r"pi-1 systemd[912]: k3s.service: Failed to execute /usr/local/bin/k3s: Exec format error",
        Kind::ExecFormat,
        true,
    ),
    (
        r"pi-1 k3s[9]: Incorrect Usage: flag provided but not defined: -disable-everything",
        Kind::UnknownFlag,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="kubelet exited: failed to parse kubelet flag: unknown flag: --max-podz""#,
        Kind::UnknownFlag,
        true,
    ),
    (
        r#"pi-1 k3s[9]: level=warning msg="Unknown flag --disabel found in config.yaml, skipping\n""#,
        Kind::UnknownFlag,
        false,
    ),
    (
        r#"pi-1 k3s[9]: level=fatal msg="yaml: line 3: mapping values are not allowed in this context""#,
        Kind::Config,
        true,
    ),
    (
        r#"pi-2 k3s[77]: level=fatal msg="kubelet exited: failed to run Kubelet: running with swap on is not supported, please disable swap""#,
        Kind::Swap,
        true,
    ),
    (
        r"pi-1 systemd[1]: k3s.service: A process of this unit has been killed by the OOM killer.",
        Kind::OutOfMemory,
        false,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="failed to get CA certs: Get \"https://10.0.0.1:6443/cacerts\": dial tcp 10.0.0.1:6443: connect: no route to host""#,
        Kind::NoRoute,
        false,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="Failed to validate connection to cluster at https://10.0.0.1:6443: failed to get CA certs: Get \"https://10.0.0.1:6443/cacerts\": net/http: TLS handshake timeout""#,
        Kind::ServerTimeout,
        false,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="failed to get CA certs: Get \"https://127.0.0.1:6444/cacerts\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)""#,
        Kind::ServerTimeout,
        false,
    ),
    (
        r#"pi-2 k3s[77]: level=error msg="failed to get CA certs: Get \"https://10.0.0.1:6443/cacerts\": dial tcp 10.0.0.1:6443: connect: connection refused""#,
        Kind::ServerRefused,
        false,
    ),
    (
        r#"pi-1 k3s[9]: level=info msg="Slow SQL (started: 2026-11-22 10:01:02) (total time: 2.31s): INSERT INTO kine""#,
        Kind::SlowDatastore,
        false,
    ),
    (
        r"pi-1 k3s[9]: E1122 10:01:02.000 9 leaderelection.go:330] leaderelection lost",
        Kind::SlowDatastore,
        false,
    ),
];

#[test]
fn each_known_line_is_explained() {
    for (line, kind, fatal) in LINES {
        let found = classify(line);
        let found = found.as_ref().map(|found| (found.kind, found.fatal));
        assert_eq!(found, Some((*kind, *fatal)), "{line}");
    }
}

#[test]
fn each_row_has_a_line() {
    for row in TABLE {
        assert!(
            LINES.iter().any(|(_, kind, fatal)| (*kind, *fatal) == (row.kind, row.fatal)),
            "{:?} has no line",
            row.kind
        );
        for part in row.any_of.iter().copied().flatten() {
            assert_eq!(*part, part.to_ascii_lowercase(), "never matches");
        }
    }
}

#[test]
fn the_guide_explains_each_row_in_the_same_words() {
    let guide = include_str!("../../../docs/guide/cluster.md");
    for row in TABLE {
        let ending = format!("| {} | {} |", row.meaning, row.hint);
        let lines: Vec<&str> = guide.lines().filter(|line| line.ends_with(&ending)).collect();
        assert_eq!(lines.len(), 1, "{:?}: docs/guide/cluster.md lacks {ending}", row.kind);
        let fatal = guide.find("Waiting may help:") > guide.find(lines[0]);
        assert_eq!(fatal, row.fatal, "{:?} stands in the other table", row.kind);
    }
}

#[test]
fn an_ordinary_start_is_no_failure() {
    let journal = r#"
systemd[1]: Starting k3s.service - Lightweight Kubernetes (server)...
k3s[9]: level=info msg="Starting k3s v1.36.3+k3s1 (c6017918)"
k3s[9]: level=info msg="Waiting for API server to become available"
k3s[9]: W1122 10:01:02.0 9 logging.go:55] grpc: addrConn.createTransport failed to connect to {Addr: "kine.sock"}. Err: connection error: desc = "transport: Error while dialing: dial unix kine.sock: connect: connection refused"
k3s[9]: level=info msg="Connection error while fetching apiserver readyz: Get \"https://127.0.0.1:6444/readyz\": dial tcp 127.0.0.1:6444: connect: connection refused"
k3s[9]: level=info msg="To join node to cluster: k3s agent -s https://10.0.0.1:6443 -t ${NODE_TOKEN}"
k3s[9]: level=info msg="k3s is up and running"
"#;
    assert_eq!(classify(journal), None);
    assert_eq!(classify(""), None);
}

#[test]
fn what_cannot_pass_comes_first_else_the_latest() {
    let refused = "k3s: failed to get CA certs: dial tcp: connect: connection refused";
    let timeout = "k3s: failed to get CA certs: net/http: TLS handshake timeout";
    let fatal = "k3s: level=fatal msg=\"no space left on device\"";
    let kind = |journal: &[&str]| classify(&journal.join("\n")).map(|found| found.kind);
    assert_eq!(kind(&[refused, timeout]), Some(Kind::ServerTimeout));
    assert_eq!(kind(&[refused, fatal, timeout]), Some(Kind::DiskFull));
}

#[test]
fn a_line_is_fit_to_print() {
    let token = "K10aabb::server:s3cr3t";
    let line = format!("\u{1b}[31mk3s: msg=\"token is not valid: {token}\" {}", "x".repeat(2000));
    let found = classify(&line).unwrap();
    assert!(!found.line.contains("s3cr3t") && !found.line.contains('\u{1b}'), "{}", found.line);
    assert!(found.line.chars().count() <= super::LINE_MAX + 1);
}

proptest! {
    #[test]
    fn no_journal_panics(text in any::<String>(), at in 0..LINES.len()) {
        let _ = classify(&text);
        let mixed = format!("{text}\n{}", LINES[at].0);
        prop_assert!(classify(&mixed).is_some());
    }
}
