//! Reasons not to touch a node at all, and things worth saying.

use std::collections::BTreeMap;

use terrarium_inventory::{Inventory, Node};

use crate::os::{boot, clock, hosts, modules, storage, swap, sysctl, timezone};
use crate::planner::{Context, is_server};
use crate::{Facts, ModuleState, Refusal, certificates, existing, join, undone};

const MIB: u64 = 1024 * 1024;
/// k3s' own data, images and logs on a node with a small stack.
const DISK_MIN: u64 = 4 * 1024 * MIB;
/// What k3s documents as the least for a server and for an agent node, less
/// what firmware and kernel keep of a board of that size.
const SERVER_MEMORY_MIN: u64 = 1700 * MIB;
const AGENT_MEMORY_MIN: u64 = 400 * MIB;

/// Checks across nodes.
pub(crate) fn cluster(inventory: &Inventory, facts: &BTreeMap<String, Facts>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let seen: Vec<(&str, &Facts)> = inventory
        .nodes
        .iter()
        .filter_map(|node| facts.get(&node.name).map(|facts| (node.name.as_str(), facts)))
        .collect();
    for (index, (name, facts)) in seen.iter().enumerate() {
        for (other, theirs) in &seen[..index] {
            if facts.machine_id.is_empty() || facts.machine_id != theirs.machine_id {
                continue;
            }
            let same_board = facts.mac().is_some() && facts.mac() == theirs.mac();
            refusals.push(if same_board {
                Refusal::new(
                    name,
                    "same-machine",
                    format!("is the same machine as `{other}` (machine id {}, MAC {})", facts.machine_id, facts.mac().unwrap_or_default()),
                    "give each [[node]] the address of a board of its own",
                )
            } else {
                Refusal::new(
                    name,
                    "cloned-card",
                    format!("has the same machine id as `{other}` ({}): its card is a copy", facts.machine_id),
                    "on one of the two: `sudo rm /etc/machine-id && sudo systemd-machine-id-setup && sudo reboot`",
                )
            });
        }
    }
    refusals
}

/// Checks of one node.
pub(crate) fn node(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let facts = context.facts;
    let refuse = |id: &str, what: String, hint: &str| Refusal::new(&node.name, id, what, hint);
    let mut refusals = Vec::new();
    if !matches!(facts.machine.as_str(), "aarch64" | "x86_64") || facts.userland_bits != 64 {
        refusals.push(refuse(
            "architecture",
            format!(
                "runs a {}-bit userland on {}; k3s and the stack's images need a 64-bit system",
                facts.userland_bits, facts.machine
            ),
            "flash the 64-bit image of Raspberry Pi OS",
        ));
    }
    if facts.cgroup_controllers.is_none() {
        refusals.push(refuse(
            "cgroup-v2",
            "has no /sys/fs/cgroup/cgroup.controllers: not a cgroup v2 system".to_owned(),
            "take `systemd.unified_cgroup_hierarchy=0` out of /boot/firmware/cmdline.txt (before Debian 12 /boot/cmdline.txt), or flash a current image",
        ));
    } else {
        refusals.extend(boot::refusal(&node.name, facts));
    }
    let missing: Vec<&str> = modules::MODULES
        .into_iter()
        .filter(|name| facts.modules.get(*name) == Some(&ModuleState::Missing))
        .collect();
    if !missing.is_empty() {
        refusals.push(refuse(
            "kernel-modules",
            format!("kernel {} has no module {}", facts.kernel, missing.join(", ")),
            "install the kernel's extra modules (on Ubuntu: linux-modules-extra-raspi), or use the distribution's own kernel",
        ));
    }
    let needed = if is_server(node) { SERVER_MEMORY_MIN } else { AGENT_MEMORY_MIN };
    if facts.memory_bytes < needed {
        refusals.push(refuse(
            "memory",
            format!(
                "has {} MiB of memory; as {} it needs {} MiB",
                facts.memory_bytes / MIB,
                role(node),
                needed / MIB
            ),
            "give the role to a board with more memory",
        ));
    }
    if facts.k3s_version.is_none() && facts.disk_free_bytes < DISK_MIN {
        refusals.push(refuse(
            "disk",
            format!(
                "has {} MiB free under /var/lib/rancher; k3s and its images need {} MiB",
                facts.disk_free_bytes / MIB,
                DISK_MIN / MIB
            ),
            "use a larger card or SSD",
        ));
    }
    refusals.extend(unknown_zone(node, context));
    refusals.extend(other_role(node, context));
    refusals.extend(existing::refusals(node, context));
    refusals
}

/// A node that has the wished time zone by none of its names.
fn unknown_zone(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let zone = timezone::missing(&context.inventory.os, context.facts)?;
    Some(Refusal::new(
        &node.name,
        "timezone",
        format!("knows no time zone {zone}, by none of its names"),
        "install the package `tzdata` on it, or take `timezone` out of the inventory",
    ))
}

/// A node that has another part in a cluster is not given this one.
fn other_role(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let unit =
        |name: &str| context.facts.units.get(name).is_some_and(|unit| unit.enabled == "enabled");
    let (wrong, right) = if is_server(node) {
        ("k3s-agent.service", "server")
    } else {
        ("k3s.service", "agent node")
    };
    unit(wrong).then(|| {
        Refusal::new(
            &node.name,
            "other-role",
            format!("already runs {wrong}; the inventory makes it {} {right}", if is_server(node) { "the" } else { "an" }),
            "change its role in the inventory, or remove k3s from it first (this deletes its workloads)",
        )
    })
}

/// Things worth saying about one node.
pub(crate) fn notes(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let facts = context.facts;
    let note = |id: &str, what: String, hint: &str| Refusal::new(&node.name, id, what, hint);
    let mut notes = Vec::new();
    if facts.firewall {
        notes.push(note(
            "firewall",
            "ufw is active and may cut nodes and pods off from each other".to_owned(),
            "allow 6443/tcp, 10250/tcp, 8472/udp from the other nodes and 10.42.0.0/16, 10.43.0.0/16",
        ));
    }
    if clock::operator_is_off(facts) {
        let vouched = if facts.clock.synchronized { ", synchronised by NTP," } else { "" };
        notes.push(note(
            "clock",
            format!("its clock{vouched} is {} off this machine's", clock::apart(facts)),
            "check the clock of the machine you are working on",
        ));
    }
    if facts.throttled.is_some_and(|bits| bits & 0x1_0001 != 0) {
        notes.push(note(
            "under-voltage",
            format!(
                "the firmware reports under-voltage (throttled=0x{:x})",
                facts.throttled.unwrap_or_default()
            ),
            "use the board's own power supply and a short cable: under-voltage corrupts cards",
        ));
    }
    if is_server(node)
        && facts.interface().is_some_and(|interface| interface.name.starts_with("wl"))
    {
        notes.push(note(
            "wireless-server",
            "is reached over Wi-Fi; the API's latency will follow the radio's".to_owned(),
            "give the server a cable, or turn power saving off: `nmcli radio` / wifi.powersave=2",
        ));
    }
    notes.extend(swap::note(&node.name, &context.inventory.os, facts));
    let overruled = sysctl::overruled(facts);
    if !overruled.is_empty() {
        notes.push(note(
            "sysctl",
            format!("another file lowers {} again at boot", overruled.join(", ")),
            "take the line out of the file in /etc/sysctl.d whose name sorts behind 90-terrarium.conf",
        ));
    }
    notes.extend(undone::notes(node, context));
    notes.extend(boot::note(&node.name, facts));
    notes.extend(hosts::notes(node, context));
    notes.extend(storage::note(&node.name, facts));
    notes.extend(join::notes(node, facts));
    notes.extend(existing::notes(node, context));
    notes.extend(certificates::notes(node, context));
    notes
}

fn role(node: &Node) -> &'static str {
    if is_server(node) { "server" } else { "agent node" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{context, facts, inventory, node};
    use crate::{Interface, UnitFact};

    const CMDLINE: &str = "/boot/firmware/cmdline.txt";

    fn refused(change: impl FnOnce(&mut Facts)) -> Vec<String> {
        let mut facts = facts();
        change(&mut facts);
        let mut ids = Vec::new();
        context(&facts, |context| {
            ids =
                super::node(&node("pi-1"), context).into_iter().map(|refusal| refusal.id).collect();
        });
        ids
    }

    #[test]
    fn a_node_that_cannot_become_one_is_refused_with_the_reason() {
        let nothing: [&str; 0] = [];
        assert_eq!(refused(|_| {}), nothing);
        assert_eq!(refused(|f| f.machine = "armv7l".into()), ["architecture"]);
        assert_eq!(refused(|f| f.userland_bits = 32), ["architecture"]);
        assert_eq!(refused(|f| f.cgroup_controllers = None), ["cgroup-v2"]);
        assert_eq!(refused(|f| f.memory_bytes = 900 * MIB), ["memory"]);
        assert_eq!(refused(|f| f.disk_free_bytes = 100 * MIB), ["disk"]);
        assert_eq!(
            refused(|f| {
                f.modules.insert("overlay".into(), ModuleState::Missing);
            }),
            ["kernel-modules"]
        );
        assert_eq!(
            refused(|f| {
                f.cgroup_controllers = Some(Vec::new());
                f.cmdlines.clear();
            }),
            ["boot-partition"]
        );
        assert_eq!(
            refused(|f| {
                f.cgroup_controllers = Some(Vec::new());
                f.cmdlines = [(CMDLINE.to_owned(), "root=x cgroup_enable=memory\n".into())].into();
            }),
            ["memory-cgroup"]
        );
        let unit = UnitFact { enabled: "enabled".into(), ..UnitFact::default() };
        assert_eq!(
            refused(|f| {
                f.units.insert("k3s-agent.service".into(), unit);
            }),
            ["other-role"]
        );
    }

    #[test]
    fn two_names_for_one_machine_and_two_copies_of_one_card_are_told_apart() {
        let interface = |mac: &str| Interface {
            name: "eth0".into(),
            address: [10, 0, 0, 1].into(),
            mac: mac.into(),
        };
        for (mac, id) in [("aa", "same-machine"), ("bb", "cloned-card")] {
            let one =
                Facts { machine_id: "x".into(), interfaces: vec![interface("aa")], ..facts() };
            let two = Facts { machine_id: "x".into(), interfaces: vec![interface(mac)], ..facts() };
            let found =
                cluster(&inventory(), &[("pi-1".to_owned(), one), ("pi-2".to_owned(), two)].into());
            assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [id]);
        }
    }
}
