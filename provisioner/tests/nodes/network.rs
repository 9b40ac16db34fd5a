//! A network of the tests' own. No address of this machine is needed, none is
//! reachable, and every port is free.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Set for the process that has it.
const INSIDE: &str = "TERRARIUM_NODES_INSIDE";

/// Starts this process again in a network of its own, unless it is in it.
pub(super) fn enter() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let mut unshare = Command::new("unshare");
    // Who is not root here becomes root of a user namespace, and of no more.
    unshare.args(["--net", "--map-root-user", "--"]);
    let script = "ip link set lo up && ip route add local 10.64.0.0/10 dev lo && exec \"$@\"";
    unshare.args(["sh", "-c", script, "sh"]);
    unshare.arg(std::env::current_exe().unwrap()).args(std::env::args_os().skip(1));
    let error = unshare.env(INSIDE, "yes").exec();
    eprintln!("these tests need `unshare` of util-linux and `ip` of iproute2: {error}");
    std::process::abort();
}
