//! Claims, and where the volumes lie that they are or may be bound to.

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::pod::storage;
use super::{ManifestError, Object, term};
use crate::limit;
use crate::model::{Claim, Node};

/// The class whose volumes somebody makes by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";
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
) -> Result<BTreeMap<String, Claim>, ManifestError> {
    let volumes = volumes(objects, nodes)?;
    let by_hand = by_hand(objects)?;
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut claims = BTreeMap::new();
    for object in objects.iter().filter(|object| object.kind.is("PersistentVolumeClaim")) {
        limit::check();
        let at = object.at();
        let (spec, key) = (at.get("spec"), format!("{}/{}", object.namespace, object.name));
        let modes = modes(&spec)?;
        let named = spec.get("volumeName").text_or("")?;
        let class = spec.get("storageClassName");
        let bytes = storage(&at)?;
        let chosen = at.get("metadata").get("annotations");
        let chosen = chosen.get("volume.kubernetes.io/selected-node").text_or("")?;
        let bound = volumes.iter().find(|volume| {
            volume.name == named || named.is_empty() && volume.kept_for.as_ref() == Some(&key)
        });
        // No class at all means the cluster's default one, which provisions.
        let static_class = class.value.as_str().filter(|c| c.is_empty() || by_hand.contains(c));
        let found = match (bound, static_class) {
            (Some(volume), _) => Some(volume.nodes.clone()),
            (None, Some(class)) if named.is_empty() => {
                let fits = |volume: &&Volume<'_>| {
                    volume.class == class
                        && volume.kept_for.is_none()
                        && volume.bytes >= bytes
                        && modes.is_subset(&volume.modes)
                };
                Some(any_of(volumes.iter().filter(fits), taken.entry(class).or_default()))
            }
            (None, _) if !chosen.is_empty() => Some(vec![chosen.to_owned()]),
            (None, _) => None,
        };
        let anywhere = found.is_none() && modes.iter().any(|mode| SHARED.contains(mode));
        let name = object.name.clone();
        let alone = modes.contains(ALONE);
        claims.insert(key, Claim { name, bytes, nodes: found, ephemeral: false, anywhere, alone });
    }
    Ok(claims)
}

/// The nodes of the volumes one of which the claim will get; none once there are no
/// more volumes than claims before it.
fn any_of<'a>(volumes: impl Iterator<Item = &'a Volume<'a>>, taken: &mut usize) -> Vec<String> {
    let candidates: Vec<&Volume<'_>> = volumes.collect();
    *taken += 1;
    if candidates.len() < *taken {
        return Vec::new();
    }
    let nodes: BTreeSet<&String> = candidates.iter().flat_map(|volume| &volume.nodes).collect();
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

/// Classes without a provisioner.
fn by_hand(objects: &[Object]) -> Result<BTreeSet<&str>, ManifestError> {
    let mut classes = BTreeSet::new();
    for object in objects.iter().filter(|object| object.kind.is("StorageClass")) {
        if object.at().get("provisioner").text_or("")? == BY_HAND {
            classes.insert(object.name.as_str());
        }
    }
    Ok(classes)
}
