//! Every file of a node, so that two looks can be compared.

use std::collections::BTreeMap;

use crate::world::{NODES, World};

/// Roots that are file systems of their own.
const ROOTS: &str = "/ /boot/firmware";

/// What a login or a running system writes by itself: logs, login records,
/// sudo's note that it has lectured, timesyncd's clock file, and the state of
/// running pods.
const ALIVE: [&str; 7] = [
    "/var/log",
    "/var/lib/sudo",
    "/var/lib/systemd",
    "/var/lib/private",
    "/var/lib/rancher",
    "/var/lib/kubelet",
    "/var/cache/apt",
];

/// Debian's sudo leaves this at a user's first use of it.
const SUDO_WAS_HERE: &str = "/home/pi/.sudo_as_admin_successful";

/// Path to type, mode, owner, size, times and (for what we manage) content.
pub(crate) type Tree = BTreeMap<String, String>;

/// The trees of all nodes.
pub(crate) fn all(world: &World) -> Vec<Tree> {
    NODES.iter().map(|node| one(world, node)).collect()
}

fn one(world: &World, node: &str) -> Tree {
    let prune = ALIVE.map(|path| format!("-path {path}")).join(" -o ");
    // The change time moves with every write and every rename, also of equal content.
    let script = format!(
        "find {ROOTS} -xdev \\( {prune} \\) -prune -o -printf '%p\\t%y %m %U:%G %s %T@ %C@\\n'; \
         find /etc /boot/firmware /usr/local -xdev -type f -exec sha256sum {{}} + | awk '{{print $2 \"#content\\t\" $1}}'"
    );
    world
        .sh(node, &script)
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(path, _)| *path != SUDO_WAS_HERE)
        .map(|(path, facts)| {
            // What happens in a directory shows in its entries; its own times
            // also move when a temporary file of the system passes through it.
            let kept = if facts.starts_with('d') {
                facts.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" ")
            } else {
                facts.to_owned()
            };
            (path.to_owned(), kept)
        })
        .collect()
}

/// Fails with the differing paths when two looks differ.
pub(crate) fn assert_equal(before: &[Tree], after: &[Tree]) {
    for (node, (before, after)) in NODES.iter().zip(before.iter().zip(after)) {
        let differing: Vec<&String> = before
            .keys()
            .chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .collect();
        assert!(differing.is_empty(), "{node}: written although nothing was to be: {differing:?}");
    }
}
