//! Claims, and where the volumes lie that they are or may be bound to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::pod::storage;
use super::taken::Taken;
use super::{ManifestError, Object, PODS_MAX, term};
use crate::limit;
use crate::model::{Claim, Node};

/// The class whose volumes somebody makes by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";
/// What marks the class of claims that name none, today and before Kubernetes 1.6.
const USUAL: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
/// Modes in which pods on several nodes use one volume at once.
const SHARED: [&str; 2] = ["ReadWriteMany", "ReadOnlyMany"];
/// The mode in which one pod alone uses a volume.
const ALONE: &str = "ReadWriteOncePod";

/// A volume that is there.
struct Volume<'a> {
    name: &'a str,
    class: &'a str,
    modes: BTreeSet<&'a str>,
    bytes: u64,
    /// `namespace/name` of the claim it is kept for.
    kept_for: Option<String>,
    /// Nodes it can be reached from.
    nodes: Vec<String>,
}

/// The claims among the objects by `namespace/name`, each with the nodes its volume
/// can be reached from where that is known.
pub(super) fn claims(
    objects: &[Object],
    nodes: &[Node],
    taken: &mut Taken,
) -> Result<BTreeMap<String, Claim>, ManifestError> {
    let volumes = volumes(objects, nodes)?;
    let classes = classes(objects, nodes)?;
    let mut claims = BTreeMap::new();
    for object in objects.iter().filter(|object| object.kind.is("PersistentVolumeClaim")) {
        limit::check();
        let (at, name) = (object.at(), object.name.clone());
        let key = format!("{}/{name}", object.namespace);
        let claim = claim(&at, name, &key, &volumes, &classes, taken)?;
        claims.insert(key, claim);
    }
    let kept: BTreeSet<&str> =
        volumes.iter().filter_map(|volume| volume.kept_for.as_deref()).collect();
    for object in objects.iter().filter(|object| object.kind.is("StatefulSet")) {
        let spec = object.at().get("spec");
        let replicas = spec.get("replicas").number_or(1)?.min(PODS_MAX);
        for own in spec.get("volumeClaimTemplates").items()? {
            // One of any other class is made for the pod, on whichever node that is, but for
            // one that somebody keeps a volume for.
            let class = classes.of(&own.get("spec"));
            let made = class.is_none_or(|(name, class)| !name.is_empty() && class.is_none());
            if made && kept.is_empty() {
                continue;
            }
            let begin = own.get("metadata").get("name").text()?;
            for number in 0..replicas {
                limit::check();
                let name = format!("{begin}-{}-{number}", object.name);
                let key = format!("{}/{name}", object.namespace);
                if made && !kept.contains(key.as_str()) {
                    continue;
                }
                // One that is there as an object stays what it is.
                if let Entry::Vacant(free) = claims.entry(key) {
                    let key = free.key().clone();
                    free.insert(claim(&own, name, &key, &volumes, &classes, taken)?);
                }
            }
        }
    }
    Ok(claims)
}

/// One claim, with the nodes of its volume where there are only some.
fn claim(
    at: &At<'_>,
    name: String,
    key: &str,
    volumes: &[Volume<'_>],
    classes: &Classes<'_>,
    taken: &mut Taken,
) -> Result<Claim, ManifestError> {
    let spec = at.get("spec");
    let modes = modes(&spec)?;
    let named = spec.get("volumeName").text_or("")?;
    let bytes = storage(at)?;
    let chosen = at.get("metadata").get("annotations");
    let chosen = chosen.get("volume.kubernetes.io/selected-node").text_or("")?;
    let bound = volumes.iter().find(|volume| {
        volume.name == named || named.is_empty() && volume.kept_for.as_deref() == Some(key)
    });
    let of_class = classes.of(&spec);
    let by_hand =
        of_class.filter(|(name, class)| name.is_empty() || class.is_some_and(|c| c.by_hand));
    let found = match (bound, by_hand) {
        (Some(volume), _) => Some(volume.nodes.clone()),
        (None, Some((class, _))) if named.is_empty() => {
            let fits = |volume: &&Volume<'_>| {
                volume.class == class
                    && volume.kept_for.is_none()
                    && volume.bytes >= bytes
                    && modes.is_subset(&volume.modes)
            };
            let all: Vec<&Volume<'_>> = volumes.iter().filter(fits).collect();
            let as_many = |bytes, modes: &BTreeSet<String>| {
                let has = |volume: &&Volume<'_>| {
                    volume.class == class
                        && volume.kept_for.is_none()
                        && volume.bytes >= bytes
                        && modes.iter().all(|mode| volume.modes.contains(mode.as_str()))
                };
                volumes.iter().filter(has).count()
            };
            let asked = modes.iter().map(|mode| (*mode).to_owned()).collect();
            let granted = taken.one(class, key, (bytes, asked), as_many);
            Some(if granted { any_of(&all) } else { Vec::new() })
        }
        (None, _) if !chosen.is_empty() => Some(vec![chosen.to_owned()]),
        (None, _) => of_class.and_then(|(_, class)| class?.nodes.clone()),
    };
    let shared = modes.iter().any(|mode| SHARED.contains(mode));
    let anywhere = shared && (found.is_none() || bound.is_none() && by_hand.is_none());
    let alone = modes.contains(ALONE);
    Ok(Claim { name, bytes, nodes: found, ephemeral: false, anywhere, alone })
}

/// The nodes of the volumes one of which the claim will get.
fn any_of(volumes: &[&Volume<'_>]) -> Vec<String> {
    let nodes: BTreeSet<&String> = volumes.iter().flat_map(|volume| &volume.nodes).collect();
    nodes.into_iter().cloned().collect()
}

fn volumes<'a>(objects: &'a [Object], nodes: &[Node]) -> Result<Vec<Volume<'a>>, ManifestError> {
    let mut volumes = Vec::new();
    for object in objects.iter().filter(|object| object.kind.is("PersistentVolume")) {
        limit::check();
        let spec = object.at().get("spec");
        let required = spec.get("nodeAffinity").get("required");
        let terms = required.get("nodeSelectorTerms").items()?;
        let terms = terms.iter().map(term::node_term).collect::<Result<Vec<_>, _>>()?;
        let here = |node: &&Node| terms.is_empty() || terms.iter().any(|t| t.holds(node));
        let kept = spec.get("claimRef");
        let kept_for = match kept.get("name").text_or("")? {
            "" => None,
            name => Some(format!("{}/{name}", kept.get("namespace").text_or("default")?)),
        };
        let capacity = spec.get("capacity").get("storage");
        volumes.push(Volume {
            name: &object.name,
            class: spec.get("storageClassName").text_or("")?,
            modes: modes(&spec)?,
            bytes: if capacity.is_null() { u64::MAX } else { capacity.quantity(false)? },
            kept_for,
            nodes: nodes.iter().filter(here).map(|node| node.name.clone()).collect(),
        });
    }
    Ok(volumes)
}

fn modes<'a>(spec: &At<'a>) -> Result<BTreeSet<&'a str>, ManifestError> {
    spec.get("accessModes").items()?.iter().map(At::text).collect()
}

/// A class that does not make volumes everywhere.
struct Class {
    /// Whether somebody makes its volumes by hand.
    by_hand: bool,
    /// The nodes it makes volumes for, where it says so.
    nodes: Option<Vec<String>>,
}

/// The classes there are.
struct Classes<'a> {
    /// Those that do not make volumes everywhere.
    narrow: BTreeMap<&'a str, Class>,
    /// The one of claims that name none, where it is known: of several, the newest.
    usual: Option<&'a str>,
}

impl Classes<'_> {
    /// The name of a claim's class, and the class where it does not make volumes
    /// everywhere. Without a name and a usual one, it is one that does.
    fn of<'b>(&'b self, spec: &At<'b>) -> Option<(&'b str, Option<&'b Class>)> {
        let name = spec.get("storageClassName").value.as_str().or(self.usual)?;
        Some((name, self.narrow.get(name)))
    }
}

fn classes<'a>(objects: &'a [Object], nodes: &[Node]) -> Result<Classes<'a>, ManifestError> {
    let mut narrow = BTreeMap::new();
    let mut usual: Option<(&str, &str)> = None;
    for object in objects.iter().filter(|object| object.kind.is("StorageClass")) {
        let at = object.at();
        let by_hand = at.get("provisioner").text_or("")? == BY_HAND;
        let metadata = at.get("metadata");
        if USUAL.iter().any(|key| metadata.get("annotations").get(key).value == "true") {
            let made = metadata.get("creationTimestamp").value.as_str().unwrap_or_default();
            usual = usual.max(Some((made, object.name.as_str())));
        }
        let mut terms = Vec::new();
        for term in at.get("allowedTopologies").items()? {
            let mut all = Vec::new();
            for one in term.get("matchLabelExpressions").items()? {
                all.push((one.get("key").text()?, one.get("values").list()?));
            }
            terms.push(all);
        }
        let holds = |node: &Node| {
            let in_values = |(key, values): &(&str, Vec<String>)| {
                node.labels.get(*key).is_some_and(|value| values.contains(value))
            };
            terms.iter().any(|term| term.iter().all(in_values))
        };
        let here = || nodes.iter().filter(|node| holds(node)).map(|node| node.name.clone());
        let nodes = (!terms.is_empty()).then(|| here().collect());
        if by_hand || nodes.is_some() {
            narrow.insert(object.name.as_str(), Class { by_hand, nodes });
        }
    }
    Ok(Classes { narrow, usual: usual.map(|(_, name)| name) })
}

#[cfg(test)]
mod tests;
