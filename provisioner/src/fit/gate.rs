//! Before anything is deployed: does the stack fit the nodes as they were found?
//! Less is asked than by `provision fit`, for the answer is waited for.

use terrarium_fit::verdict::Budget;
use terrarium_plan::Refusal;

use super::advice;
use super::allowance::Allowance;
use super::answer::{Subject, Word};
use super::judge::{Terms, glance};
use super::problem::Asked;

/// Enough to tell luck from none, and no proof that every order does.
const BUDGET: Budget = Budget { search: 200_000, proof: 0, runs: 200, seed: 1 };
const MORE: &str = "`provision fit` tells more";

/// What the gate has to say of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Nothing.
    Open,
    /// It may fit and may not.
    Tight(Refusal),
    /// It does not.
    Closed(Refusal),
}

/// Judges whether the stack is to be deployed.
pub(crate) fn gate(asked: &Asked, allowance: &Allowance) -> Gate {
    let terms = Terms {
        subject: Subject { title: "the stack".to_owned(), source: "charts" },
        budget: BUDGET,
        stock: false,
        prices: &[],
        refused: Vec::new(),
        notes: Vec::new(),
        again: None,
        allowance,
    };
    let (word, reasons) = glance(asked, &terms);
    let why = reasons.join("; ");
    let say = |what: String, hint: String| Refusal::new("stack", "fit", what, hint);
    match word {
        Word::Fits => Gate::Open,
        Word::Tight => Gate::Tight(say(format!("it will be tight: {why}"), MORE.to_owned())),
        Word::DoesNotFit => {
            let drop = allowance.spend(|| advice::drop(asked, &[]));
            let drop = drop
                .flatten()
                .map_or_else(String::new, |change| format!("in [stack], {}; ", change.what));
            let hint = format!("{drop}{MORE}, and --ignore-fit deploys what there is room for");
            Gate::Closed(say(format!("the stack does not fit its nodes: {why}"), hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use terrarium_k3s::storage::Storage;

    use super::*;
    use crate::fit::boards::parse;
    use crate::fit::problem::of_parts;
    use crate::fit::site::Site;
    use crate::fit::stack::{Part, Parts, stand_in};

    /// A stand-in on boards with so many GiB of disk.
    fn gate_of(boards: &str, profile: &str, disk: u64) -> Gate {
        let wanted = parse(boards).unwrap();
        let site = |wanted| Site::of_board(wanted, Some(disk << 30));
        let sites: Vec<Site> = wanted.iter().map(site).collect();
        let parts = stand_in(profile, &[], &sites).unwrap();
        let allowance = Allowance::ample();
        gate(&of_parts(&parts, sites, &[], false).unwrap(), &allowance)
    }

    #[test]
    fn nothing_is_said_of_what_fits() {
        assert_eq!(gate_of("3xpi4-4gb", "small", 100), Gate::Open);
    }

    #[test]
    fn what_cannot_fit_is_refused_with_numbers_and_what_to_leave_out() {
        let Gate::Closed(refusal) = gate_of("3xpi4-4gb", "small+openmetadata+datahub", 100) else {
            panic!("it does not fit")
        };
        assert_eq!(refusal.node.as_deref(), Some("stack"));
        assert!(refusal.what.contains("7750 MiB"), "{}", refusal.what);
        for part in ["in [stack], leave out `datahub`", "provision fit", "--ignore-fit"] {
            assert!(refusal.hint.contains(part), "{part}: {}", refusal.hint);
        }
    }

    /// What a cluster says of a claim's volume of 10 GiB on pi-3, and of the class `ssd`,
    /// whose volumes are made by hand.
    const CLUSTER: &str = include_str!("../../../k3s/src/storage.json");

    /// Services with a volume each, on three boards with 40 GiB free in this cluster.
    fn gate_in(cluster: &str, services: &[&str], class: &str, size: &str) -> Gate {
        let wanted = parse("3xpi5-8gb").unwrap();
        let site = |wanted| Site::of_board(wanted, Some(40 << 30));
        let sites: Vec<Site> = wanted.iter().map(site).collect();
        let part = |name: &&str| {
            let spec = json!({
                "serviceName": name,
                "selector": { "matchLabels": { "app": name } },
                "template": {
                    "metadata": { "labels": { "app": name } },
                    "spec": { "containers": [{ "name": name, "image": "i",
                        "resources": { "requests": { "memory": "64Mi" }, "limits": { "memory": "64Mi" } } }] },
                },
                "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": class,
                    "resources": { "requests": { "storage": size } } } }],
            });
            let set = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "spec": spec,
                "metadata": { "name": name, "namespace": "terrarium" } });
            Part {
                name: (*name).to_owned(),
                title: (*name).to_owned(),
                group: "Data stores".to_owned(),
                needs: Vec::new(),
                wave: 1,
                manifests: set.to_string(),
            }
        };
        let mut parts = Parts { services: services.iter().map(part).collect(), ..Parts::default() };
        parts.stored(&Storage::parse(cluster).unwrap(), &[]);
        let allowance = Allowance::ample();
        gate(&of_parts(&parts, sites, &[], false).unwrap(), &allowance)
    }

    #[test]
    fn a_volume_that_is_bound_is_on_its_own_node_in_the_judgement_and_in_the_note() {
        for node in ["pi-1", "pi-2", "pi-3"] {
            let there = CLUSTER.replace("pi-3", node).replace("10Gi", "50Gi");
            let gate = gate_in(&there, &["postgresql"], "local-path", "50Gi");
            let Gate::Tight(note) = gate else { panic!("{node}: {gate:?}") };
            assert!(note.what.contains(&format!("go onto {node}, ")), "{}", note.what);
        }
        // A volume that is there keeps its size, whatever is wished.
        assert_eq!(gate_in(CLUSTER, &["postgresql"], "local-path", "50Gi"), Gate::Open);
        let gone = CLUSTER.replace("pi-3", "pi-9");
        let gate = gate_in(&gone, &["postgresql"], "local-path", "10Gi");
        let Gate::Closed(refusal) = gate else { panic!("{gate:?}") };
        assert!(refusal.what.contains("volumes"), "{}", refusal.what);
    }

    #[test]
    fn claims_of_a_class_made_by_hand_get_the_volumes_there_are() {
        let made = |volumes: &[(&str, &str)]| {
            let mut list: Value = serde_json::from_str(CLUSTER).unwrap();
            let items = list["items"].as_array_mut().unwrap();
            for (index, (node, size)) in volumes.iter().enumerate() {
                let affinity = json!({ "required": { "nodeSelectorTerms": [{ "matchExpressions": [
                    { "key": "kubernetes.io/hostname", "operator": "In", "values": [node] }] }] } });
                items.push(json!({ "apiVersion": "v1", "kind": "PersistentVolume",
                    "metadata": { "name": format!("ssd-{index}") },
                    "spec": { "storageClassName": "ssd", "accessModes": ["ReadWriteOnce"],
                        "capacity": { "storage": size }, "nodeAffinity": affinity } }));
            }
            list.to_string()
        };
        let closed =
            |gate: &Gate| matches!(gate, Gate::Closed(refusal) if refusal.what.contains("volumes"));
        let (one, two) = (made(&[("pi-2", "50Gi")]), made(&[("pi-1", "20Gi"), ("pi-2", "50Gi")]));
        assert!(closed(&gate_in(CLUSTER, &["redis"], "ssd", "1Gi")), "nobody made one");
        let gate = gate_in(&one, &["redis"], "ssd", "50Gi");
        let Gate::Tight(note) = gate else { panic!("{gate:?}") };
        assert!(note.what.contains("go onto pi-2, "), "{}", note.what);
        assert!(closed(&gate_in(&one, &["redis"], "ssd", "60Gi")), "it is too small");
        assert!(closed(&gate_in(&one, &["redis", "kafka"], "ssd", "1Gi")), "it is there once");
        assert_eq!(gate_in(&two, &["redis", "kafka"], "ssd", "1Gi"), Gate::Open);
        assert!(closed(&gate_in(&two, &["redis", "kafka"], "ssd", "30Gi")), "one is too small");
    }

    #[test]
    fn what_is_tight_is_said_and_goes_on() {
        let Gate::Tight(note) = gate_of("3xpi4-4gb", "small", 1) else {
            panic!("the disks are full")
        };
        assert!(note.what.contains("tight: volumes of"), "{}", note.what);
    }
}
