//! Nodes of the cluster that the inventory does not have: taken out of it, or under
//! a former name. What they hold, and the commands that take them out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use terrarium_inventory::Inventory;
use terrarium_k3s::nodes::KubeNode;
use terrarium_plan::{Facts, Refusal};
use terrarium_untrusted::is_subdomain;

use crate::executor::kubectl;
use crate::host::Host;

/// How long the server may take to list what is on them.
const LIST_SECONDS: u64 = 30;
/// As many names as a note shows.
const NAMED_MAX: usize = 6;

/// Pods and volumes by the node they are on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    pods: Vec<String>,
    volumes: Vec<String>,
}

/// A note for each such node. The server is asked only when there is one; what it
/// does not tell is left out.
pub(crate) async fn notes(
    inventory: &Inventory,
    facts: &BTreeMap<String, Facts>,
    server: &Host,
) -> Vec<Refusal> {
    let nodes = departed(inventory, facts);
    if nodes.is_empty() {
        return Vec::new();
    }
    let pods = list(server, &PODS).await;
    let volumes = list(server, &VOLUMES).await;
    let note = |node: &&KubeNode| {
        let held = held(&node.name, &pods, &volumes);
        let now = facts.iter().find(|(_, facts)| is_at(facts, node));
        note(inventory, node, &held, now.map(|(name, _)| name.as_str()))
    };
    nodes.iter().map(note).collect()
}

/// The cluster's nodes that are none of the inventory's.
fn departed<'a>(inventory: &Inventory, facts: &'a BTreeMap<String, Facts>) -> Vec<&'a KubeNode> {
    let server = facts.get(&inventory.server().name);
    let nodes = server.and_then(|facts| facts.cluster.as_ref()).map(|cluster| &cluster.nodes);
    let is_known = |node: &&KubeNode| inventory.node(&node.name).is_some();
    nodes.into_iter().flatten().filter(|node| !is_known(node)).collect()
}

/// Whether the machine has the address the cluster knows the node by.
fn is_at(facts: &Facts, node: &KubeNode) -> bool {
    let Some(address) = node.internal_ip.as_deref() else { return false };
    facts.reached.is_some_and(|reached| reached.to_string() == address)
        || facts.interfaces.iter().any(|interface| interface.address.to_string() == address)
}

const PODS: [&str; 5] = [
    "get",
    "pods",
    "--all-namespaces",
    "--no-headers",
    "--output=custom-columns=N:.spec.nodeName,S:.metadata.namespace,P:.metadata.name,\
     O:.metadata.ownerReferences[0].kind",
];

const VOLUMES: [&str; 4] = [
    "get",
    "persistentvolumes",
    "--no-headers",
    "--output=custom-columns=\
     N:.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0],\
     S:.spec.claimRef.namespace,P:.spec.claimRef.name",
];

/// Lines of a node, a namespace, a name and perhaps what it belongs to.
async fn list(server: &Host, args: &[&str]) -> Vec<[String; 4]> {
    let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
    match kubectl(server, &args, LIST_SECONDS).await {
        Ok(text) => text.parse(|text| text.lines().filter_map(line).collect()),
        Err(_) => Vec::new(),
    }
}

fn line(text: &str) -> Option<[String; 4]> {
    let mut words = text.split_whitespace();
    let mut name = || words.next().filter(|word| is_subdomain(word)).map(str::to_owned);
    let (node, space, pod) = (name()?, name()?, name()?);
    Some([node, space, pod, words.next().unwrap_or_default().to_owned()])
}

fn held(node: &str, pods: &[[String; 4]], volumes: &[[String; 4]]) -> Held {
    let on = |lines: &[[String; 4]]| {
        let here = lines.iter().filter(|[on, _, _, owner]| on == node && owner != "DaemonSet");
        here.map(|[_, space, name, _]| format!("{space}/{name}")).collect()
    };
    Held { pods: on(pods), volumes: on(volumes) }
}

fn note(inventory: &Inventory, node: &KubeNode, held: &Held, now: Option<&str>) -> Refusal {
    let name = &node.name;
    let state = if node.ready { "Ready" } else { "not Ready" };
    let mut what = match now {
        Some(now) => {
            format!("`{name}` is still in the cluster ({state}): the former name of `{now}`")
        }
        None => format!("`{name}` is in the cluster ({state}) and not in the inventory"),
    };
    for (kind, names) in [("pods", &held.pods), ("volumes with their data", &held.volumes)] {
        if !names.is_empty() {
            let more = match names.len().saturating_sub(NAMED_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown: Vec<&str> = names.iter().take(NAMED_MAX).map(String::as_str).collect();
            let _ = write!(what, "; it holds the {kind} {}{more}", shown.join(", "));
        }
    }
    let kubectl = format!("kubectl --context {}", inventory.cluster.name);
    let mut commands = vec![
        format!("{kubectl} drain {name} --ignore-daemonsets --delete-emptydir-data"),
        format!("{kubectl} delete node {name}"),
        format!("{kubectl} --namespace kube-system delete secret {name}.node-password.k3s"),
    ];
    if now.is_some() || !node.ready {
        // Nobody is there to move anything away from.
        commands.remove(0);
    }
    let mut hint = String::new();
    if now.is_none() {
        let _ = write!(
            hint,
            "to take it out, first on {name}: `sudo systemctl disable --now k3s-agent`; then: "
        );
    } else {
        hint.push_str("to take it out: ");
    }
    let quoted: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
    hint.push_str(&quoted.join(", "));
    if let Some(volume) = held.volumes.first() {
        let (space, claim) = volume.split_once('/').unwrap_or(("", volume));
        let _ = write!(
            hint,
            "; the data of its volumes is on that machine alone: copy it first, then `{kubectl} --namespace {space} delete \
             pvc {claim}` for each lets the service begin anew elsewhere"
        );
    }
    hint.push_str("; or write it into the inventory again");
    Refusal { node: None, id: "departed".to_owned(), what, hint }
}

#[cfg(test)]
mod tests {
    use terrarium_plan::Cluster;

    use super::*;

    fn inventory(names: &[&str]) -> Inventory {
        let nodes = names.iter().enumerate().map(|(index, name)| {
            format!("[[node]]\nname = '{name}'\nhost = '10.0.0.{}'\n", index + 1)
        });
        let path = std::path::Path::new("/pis.toml");
        Inventory::parse(path, &nodes.collect::<String>(), Some(std::path::Path::new("/home/me")))
            .unwrap()
    }

    /// What is found when the cluster has these nodes, by name and address.
    fn facts(nodes: &[(&str, &str)]) -> BTreeMap<String, Facts> {
        let nodes = nodes.iter().map(|(name, address)| KubeNode {
            name: (*name).to_owned(),
            ready: true,
            internal_ip: Some((*address).to_owned()),
            ..KubeNode::default()
        });
        let cluster = Cluster { nodes: nodes.collect(), ..Cluster::default() };
        let server = Facts { cluster: Some(cluster), ..Facts::default() };
        let second = Facts { reached: "10.0.0.2".parse().ok(), ..Facts::default() };
        BTreeMap::from([("pi-1".to_owned(), server), ("pi-9".to_owned(), second)])
    }

    #[test]
    fn only_what_the_inventory_does_not_have_has_left() {
        let facts = facts(&[("pi-1", "10.0.0.1"), ("pi-2", "10.0.0.2"), ("pi-3", "10.0.0.3")]);
        let all = inventory(&["pi-1", "pi-2", "pi-3"]);
        assert_eq!(departed(&all, &facts), [] as [&KubeNode; 0]);
        let less = inventory(&["pi-1", "pi-2"]);
        let names: Vec<&str> = departed(&less, &facts).iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["pi-3"]);
        assert_eq!(departed(&less, &BTreeMap::new()), [] as [&KubeNode; 0]);
    }

    #[test]
    fn what_it_holds_is_named_and_every_command_is_complete() {
        let pods: Vec<_> = [
            "pi-3   terrarium   redis-0   StatefulSet",
            "pi-1   terrarium   postgresql-0   StatefulSet",
            "pi-3   kube-system   svclb-x   DaemonSet",
            "<none>   terrarium   pending   ReplicaSet",
        ]
        .iter()
        .filter_map(|text| line(text))
        .collect();
        let volumes: Vec<_> = line("pi-3   terrarium   data-redis-0").into_iter().collect();
        let found = facts(&[("pi-3", "10.0.0.3")]);
        let inventory = inventory(&["pi-1", "pi-2"]);
        let node = departed(&inventory, &found)[0];
        let told = note(&inventory, node, &held("pi-3", &pods, &volumes), None);
        assert!(told.what.contains("`pi-3` is in the cluster (Ready)"), "{}", told.what);
        assert!(told.what.contains("the pods terrarium/redis-0;"), "{}", told.what);
        assert!(told.what.ends_with("data terrarium/data-redis-0"), "{}", told.what);
        let context = &inventory.cluster.name;
        for command in [
            "`sudo systemctl disable --now k3s-agent`",
            &format!(
                "`kubectl --context {context} drain pi-3 --ignore-daemonsets --delete-emptydir-data`"
            ),
            &format!("`kubectl --context {context} delete node pi-3`"),
            &format!(
                "`kubectl --context {context} --namespace kube-system delete secret pi-3.node-password.k3s`"
            ),
            &format!("`kubectl --context {context} --namespace terrarium delete pvc data-redis-0`"),
        ] {
            assert!(told.hint.contains(command), "{command}: {}", told.hint);
        }
    }

    #[test]
    fn a_machine_under_a_new_name_is_told_as_that() {
        let found = facts(&[("pi-2", "10.0.0.2")]);
        let inventory = inventory(&["pi-1", "pi-9"]);
        let node = departed(&inventory, &found)[0];
        let now = found.iter().find(|(_, facts)| is_at(facts, node)).map(|(name, _)| name.as_str());
        assert_eq!(now, Some("pi-9"));
        let told = note(&inventory, node, &Held::default(), now);
        assert!(told.what.ends_with("the former name of `pi-9`"), "{}", told.what);
        assert!(!told.hint.contains("systemctl") && !told.hint.contains("drain"), "{}", told.hint);
    }
}
