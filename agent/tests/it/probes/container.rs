//! A container that is asked where its pod is: found in the node's own files,
//! with a real server behind its address.

use super::real::{Server, free};
use super::{probe, start_with, until, values};
use crate::running::copy;

/// The fixture's pod in the host's network: at this machine's loopback address.
const CONTAINER: &str = "kube-system/lb-tcp-80";
const UID: &str = "c5e0d7b2_1f48_4a6e_b3d9_2468ace01357";

#[test]
fn a_containers_probe_follows_its_server_and_ends_with_its_pod() {
    let folder = tempfile::tempdir().unwrap();
    copy("pods-v2/.", folder.path());
    let flags = [("procfs", "proc"), ("sysfs", "sys"), ("rootfs", "root")]
        .map(|(name, below)| format!("--path.{name}={}", folder.path().join(below).display()));
    let port = free().port().to_string();
    let config = probe("redis", "redis", &format!("container = \"{CONTAINER}\"\nport = {port}"));
    let agent = start_with(folder.path(), &config, &flags);
    let is = |page: &[u8], wanted: f64| values(page, "probe_success").get("redis") == Some(&wanted);
    until(&agent, |page| is(page, 0.0));
    let options = ["--port", &port, "--bind", "127.0.0.1", "--save", ""];
    let server = Server::start(folder.path(), "redis-server", &options);
    until(&agent, |page| is(page, 1.0));
    drop(server);
    until(&agent, |page| is(page, 0.0));

    let slices = folder.path().join("sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice");
    std::fs::remove_dir_all(slices.join(format!("kubepods-besteffort-pod{UID}.slice"))).unwrap();
    until(&agent, |page| values(page, "probe_success").is_empty());
    let (code, log) = agent.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(log.matches(&format!("probe redis at 127.0.0.1:{port}: ")).count(), 2, "{log}");
}
