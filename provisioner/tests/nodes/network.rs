//! A network of the tests' own, and a sudo of their own. No address of this
//! machine is needed, none is reachable, and every port is free.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Set for the process that has it.
const INSIDE: &str = "TERRARIUM_NODES_INSIDE";

/// `provision` takes sudo from where only root can put it: in the tests' own view
/// of the files, the stand-in of the node in question lies there.
const SCRIPT: &str = r#"
set -e
ip link set lo up
ip route add local 10.64.0.0/10 dev lo
dir=$(mktemp -d)
mount -t tmpfs tmpfs "$dir"
printf '#!/bin/sh\nexec "$NODE_ROOT/bin/sudo" "$@"\n' >"$dir/sudo"
chmod 4755 "$dir/sudo"
mount --bind "$dir/sudo" /usr/bin/sudo
umount "$dir"
rmdir "$dir"
exec "$@"
"#;

/// Starts this process again in a network of its own, unless it is in it.
pub(super) fn enter() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount"]);
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        // Who is not root becomes root of a user namespace, and of no more.
        unshare.arg("--map-root-user");
    }
    unshare.args(["--", "sh", "-c", SCRIPT, "sh"]);
    unshare.arg(std::env::current_exe().unwrap()).args(std::env::args_os().skip(1));
    let error = unshare.env(INSIDE, "yes").exec();
    eprintln!("these tests need `unshare` of util-linux and `ip` of iproute2: {error}");
    std::process::abort();
}
