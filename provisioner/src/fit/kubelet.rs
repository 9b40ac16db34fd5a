//! What a node will offer pods once its kubelet runs with what `provision` writes
//! and the inventory adds: the room, and the taints it registers with.

use std::collections::BTreeMap;

use terrarium_fit::kubelet::{KubeletConfig, allocatable, exceeded};
use terrarium_fit::model::{Effect, Node, Resources, Taint};
use terrarium_inventory::Role;
use terrarium_k3s::config::kubelet_args;

use super::site::Site;
use super::words::{cores, mib};
use crate::error::{Code, Failure};

/// Stands for a disk nobody knows: no pod asks for as much.
const UNKNOWN_DISK: u64 = 1 << 50;

/// A node of `memory` bytes as its kubelet would present it: with k3s as
/// `provision` configures it, or as it comes, which reserves nothing.
pub(crate) fn node(site: &Site, memory: u64, stock: bool) -> Result<Node, Failure> {
    let config = if stock {
        KubeletConfig::default()
    } else {
        let args = kubelet_args(&site.options, site.role, memory);
        KubeletConfig::with_args(&args).map_err(|error| wrong(site, &error.to_string()))?
    };
    let capacity = Resources {
        cpu_milli: u64::from(site.cores) * 1000,
        memory_bytes: memory,
        ephemeral_bytes: site.disk_free.unwrap_or(UNKNOWN_DISK),
        pods: config.max_pods,
        extended: BTreeMap::new(),
    };
    // What is free of a disk says nothing of its size.
    match exceeded(&capacity, &config) {
        Some("cpu") => return Err(too_much(site, "CPU", &cores(capacity.cpu_milli))),
        Some("memory") => return Err(too_much(site, "memory", &mib(memory))),
        _ => {}
    }
    Ok(Node {
        name: site.name.clone(),
        labels: site.labels.clone(),
        taints: if stock { Vec::new() } else { taints(site)? },
        unschedulable: false,
        allocatable: allocatable(&capacity, &config),
        capacity,
    })
}

fn too_much(site: &Site, what: &str, all: &str) -> Failure {
    let why = format!("more {what} is kept from pods than the {all} it has; its kubelet refuses");
    wrong(site, &why)
}

fn wrong(site: &Site, why: &str) -> Failure {
    let table = if site.role == Role::Server { "server" } else { "agent" };
    Failure::plain(Code::Usage, format!("node `{}`: {why}", site.name))
        .hint(Some(format!("it stands in [k3s.{table}] of the inventory")))
}

/// `node-taint`: items `key=value:Effect` or `key:Effect`.
fn taints(site: &Site) -> Result<Vec<Taint>, Failure> {
    let items = match site.options.get("node-taint") {
        None => return Ok(Vec::new()),
        Some(toml::Value::Array(items)) => items.clone(),
        Some(single) => vec![single.clone()],
    };
    items
        .iter()
        .map(|item| {
            let text = item.as_str().unwrap_or_default();
            taint(text).ok_or_else(|| {
                let expected = "key=value:NoSchedule, :PreferNoSchedule or :NoExecute";
                wrong(site, &format!("node-taint `{text}`: expected {expected}"))
            })
        })
        .collect()
}

fn taint(text: &str) -> Option<Taint> {
    let (pair, effect) = text.rsplit_once(':')?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let effect = match effect {
        "NoSchedule" => Effect::NoSchedule,
        "PreferNoSchedule" => Effect::PreferNoSchedule,
        "NoExecute" => Effect::NoExecute,
        _ => return None,
    };
    (!key.is_empty()).then(|| Taint { key: key.to_owned(), value: value.to_owned(), effect })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::boards::parse;

    const MIB: u64 = 1024 * 1024;

    /// A board with options, each a list of texts.
    fn site(board: &str, options: &[(&str, &[&str])]) -> Site {
        let mut site = Site::of_board(&parse(board).unwrap()[0], Some(100_000));
        for (name, items) in options {
            let items = items.iter().map(|item| toml::Value::from(*item)).collect();
            site.options.insert((*name).to_owned(), toml::Value::Array(items));
        }
        site
    }

    #[test]
    fn what_pods_may_have_is_the_kubelets_own_sum() {
        let reserved =
            [("kubelet-arg", &["system-reserved=memory=1Gi,cpu=500m", "max-pods=60"][..])];
        let evicting = [("kubelet-arg", &["eviction-hard=memory.available<10%"][..])];
        for (board, options, stock, memory_mib, ephemeral, pods, cpu) in [
            // system + kube + eviction: 250 + 1600 + 250 and 250 + 300 + 250.
            ("pi5-8gb", &[][..], false, 8048 - 2100, 95_000, 110, 4000),
            ("pi5-8gb,pi5-8gb:server", &[], false, 8048 - 800, 95_000, 110, 4000),
            // As k3s comes: no memory is kept, a twentieth of the disk is.
            ("pi5-8gb", &[], true, 8048, 95_000, 110, 4000),
            // Of a list the inventory's items take the place of ours by name.
            ("pi5-8gb", &reserved, false, 8048 - 1024 - 1600 - 250, 95_000, 60, 3500),
            // One threshold given, the disk's is gone with ours.
            ("pi5-8gb", &evicting, false, 8048 - 1850 - 805, 100_000, 110, 4000),
            ("pi5-8gb", &reserved, true, 8048, 95_000, 110, 4000),
        ] {
            let node = node(&site(board, options), 8048 * MIB, stock).unwrap();
            let found = &node.allocatable;
            assert_eq!(
                (found.memory_bytes / MIB, found.ephemeral_bytes, found.pods, found.cpu_milli),
                (memory_mib, ephemeral, pods, cpu),
                "{board} {options:?} {stock}"
            );
            assert_eq!(node.capacity.memory_bytes, 8048 * MIB);
        }
    }

    #[test]
    fn a_node_has_the_taints_it_will_register_with() {
        let site = site("pi5-8gb", &[("node-taint", &["disk=slow:NoSchedule", "old:NoExecute"])]);
        let taints = node(&site, 8048 * MIB, false).unwrap().taints;
        let taints: Vec<_> =
            taints.iter().map(|t| (t.key.as_str(), t.value.as_str(), t.effect)).collect();
        let expected = [("disk", "slow", Effect::NoSchedule), ("old", "", Effect::NoExecute)];
        assert_eq!(taints, expected);
    }

    #[test]
    fn an_option_the_kubelet_would_not_take_is_named_with_its_place() {
        for (option, item, said) in [
            ("kubelet-arg", "max-pods=many", "`max-pods=many`: expected a number"),
            ("kubelet-arg", "kube-reserved=memory=9Gi", "than the 8048 MiB it has"),
            ("kubelet-arg", "system-reserved=cpu=9", "than the 4.00 it has"),
            ("node-taint", "disk=slow", "`disk=slow`: expected key=value:NoSchedule"),
        ] {
            let failure = node(&site("pi5-8gb", &[(option, &[item])]), 8048 * MIB, false);
            let failure = failure.unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            assert!(failure.line().contains(said), "{}", failure.line());
            assert!(failure.line().contains("node `pi-1`"), "{}", failure.line());
            assert!(failure.line().contains("[k3s.server]"), "{}", failure.line());
        }
    }
}
