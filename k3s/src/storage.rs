//! Volumes, claims and storage classes of a cluster, as `kubectl get … -o json` prints
//! them, as far as they decide where a pod can run.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use terrarium_untrusted::{is_subdomain, is_word};

/// What is there of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    volumes: Vec<Volume>,
    claims: Vec<Claim>,
    classes: Vec<Class>,
}

/// A reply that is no list of such objects.
#[derive(Debug, thiserror::Error)]
#[error("not a list of volumes, claims and classes as `kubectl get -o json` prints it")]
pub struct StorageError {
    #[source]
    source: serde_json::Error,
}

/// A `PersistentVolume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Volume {
    metadata: Metadata,
    spec: VolumeSpec,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeSpec {
    #[serde(default)]
    storage_class_name: Word,
    #[serde(default)]
    access_modes: Vec<Word>,
    #[serde(default)]
    capacity: Size,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim_ref: Option<ClaimRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node_affinity: Option<Affinity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ClaimRef {
    #[serde(default)]
    namespace: Word,
    name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Size {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage: Option<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Affinity {
    #[serde(default)]
    required: Required,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Required {
    #[serde(default)]
    node_selector_terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    #[serde(default)]
    match_expressions: Vec<Requirement>,
    #[serde(default)]
    match_fields: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Requirement {
    key: Word,
    operator: Word,
    #[serde(default)]
    values: Vec<Word>,
}

/// A `PersistentVolumeClaim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    metadata: Metadata,
    spec: ClaimSpec,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage_class_name: Option<Word>,
    #[serde(default)]
    access_modes: Vec<Word>,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    volume_name: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Resources {
    #[serde(default)]
    requests: Size,
}

/// A `StorageClass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Class {
    metadata: Metadata,
    provisioner: Word,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_topologies: Vec<Topology>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Topology {
    #[serde(default)]
    match_label_expressions: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Label {
    key: Word,
    #[serde(default)]
    values: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creation_timestamp: Option<Moment>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

/// Those that say where a volume is to be, and which class is the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Annotations {
    #[serde(
        rename = "volume.kubernetes.io/selected-node",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    node: Option<Name>,
    #[serde(
        rename = "storageclass.kubernetes.io/is-default-class",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    usual: Option<Word>,
}

/// A DNS subdomain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Name(String);

/// What a key, a value or an amount is written in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
struct Word(String);

/// `2026-10-01T08:00:00Z`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Moment(String);

fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fine: impl Fn(&str) -> bool,
    what: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if fine(&text) { Ok(text) } else { Err(D::Error::custom(what)) }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, is_subdomain, "a name is no DNS subdomain").map(Self)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fine = |text: &str| text.is_empty() || is_word(text, "/");
        checked(deserializer, fine, "a word has characters that no such word has").map(Self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, |text| is_word(text, ":"), "a moment is none").map(Self)
    }
}

impl Volume {
    /// Whether it can be reached from some of these nodes and from no other.
    fn is_only_on(&self, nodes: &[&str]) -> bool {
        let terms = self.spec.node_affinity.as_ref().map(|all| &all.required.node_selector_terms);
        let among = |wanted: &Requirement| {
            HOST_NAMES.contains(&wanted.key.0.as_str())
                && wanted.operator.0 == "In"
                && wanted.values.iter().all(|value| nodes.contains(&value.0.as_str()))
        };
        let on = |term: &Term| term.match_expressions.iter().chain(&term.match_fields).any(among);
        terms.is_some_and(|terms| !terms.is_empty() && terms.iter().all(on))
    }
}

/// What names a node in a requirement.
const HOST_NAMES: [&str; 2] = ["kubernetes.io/hostname", "metadata.name"];

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

impl Storage {
    /// Reads the reply; objects of other kinds are passed over.
    pub fn parse(json: &str) -> Result<Self, StorageError> {
        Self::read(json).map_err(|source| StorageError { source })
    }

    fn read(json: &str) -> Result<Self, serde_json::Error> {
        let list: List = serde_json::from_str(json)?;
        let mut storage = Self::default();
        for item in list.items {
            match item["kind"].as_str() {
                Some("PersistentVolume") => storage.volumes.push(Volume::deserialize(item)?),
                Some("PersistentVolumeClaim") => storage.claims.push(Claim::deserialize(item)?),
                Some("StorageClass") => storage.classes.push(Class::deserialize(item)?),
                _ => {}
            }
        }
        Ok(storage)
    }

    /// The same without the volumes of these nodes, and without the claims that have one
    /// of them or will get one there.
    #[must_use]
    pub fn without(&self, nodes: &[&str]) -> Self {
        let mut left = self.clone();
        left.volumes.retain(|volume| !volume.is_only_on(nodes));
        let gone = |name: &Word| {
            let of_name = |volume: &&Volume| volume.metadata.name.0 == name.0;
            self.volumes.iter().find(of_name).is_some_and(|volume| volume.is_only_on(nodes))
        };
        left.claims.retain(|claim| {
            let chosen = claim.metadata.annotations.as_ref().and_then(|them| them.node.as_ref());
            !gone(&claim.spec.volume_name)
                && chosen.is_none_or(|node| !nodes.contains(&node.0.as_str()))
        });
        left
    }

    /// The same as manifests of Kubernetes: a List.
    pub fn manifests(&self) -> Value {
        fn of<T: Serialize>(kind: &str, version: &str, objects: &[T]) -> Vec<Value> {
            let object = |object: &T| {
                let mut value = serde_json::to_value(object).unwrap_or_default();
                value["kind"] = kind.into();
                value["apiVersion"] = version.into();
                value
            };
            objects.iter().map(object).collect()
        }
        let mut items = of("PersistentVolume", "v1", &self.volumes);
        items.extend(of("PersistentVolumeClaim", "v1", &self.claims));
        items.extend(of("StorageClass", "storage.k8s.io/v1", &self.classes));
        json!({ "apiVersion": "v1", "kind": "List", "items": items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A claim of K3s' own class and its volume, a class whose volumes are made by hand,
    /// and a node, as kubectl prints them.
    const SEEN: &str = include_str!("storage.json");

    #[test]
    fn what_decides_where_a_pod_can_run_is_kept_and_nothing_else() {
        let storage = Storage::parse(SEEN).unwrap();
        assert_eq!((storage.volumes.len(), storage.claims.len(), storage.classes.len()), (1, 1, 2));
        let manifests = storage.manifests();
        let volume = &manifests["items"][0];
        let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
        assert_eq!(terms[0]["matchExpressions"][0]["values"], json!(["pi-3"]));
        assert_eq!(volume["spec"]["claimRef"]["name"], "data-postgresql-0");
        let claim = &manifests["items"][1];
        assert_eq!(claim["spec"]["volumeName"], volume["metadata"]["name"]);
        assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "10Gi");
        let usual = "storageclass.kubernetes.io/is-default-class";
        assert_eq!(manifests["items"][2]["metadata"]["annotations"][usual], "true");
        assert_eq!(manifests["items"][3]["provisioner"], "kubernetes.io/no-provisioner");
        assert!(!manifests.to_string().contains("hostPath"), "{manifests}");
        // What is printed again is read again.
        assert_eq!(Storage::parse(&manifests.to_string()).unwrap(), storage);
    }

    #[test]
    fn volumes_of_nodes_that_are_left_out_tie_nobody_to_them() {
        let storage = Storage::parse(SEEN).unwrap();
        assert_eq!(storage.without(&["pi-1"]), storage);
        let left = storage.without(&["pi-1", "pi-3"]);
        assert!(left.volumes.is_empty() && left.claims.is_empty());
        assert_eq!(left.classes, storage.classes);
    }

    #[test]
    fn a_name_or_a_word_that_is_none_is_refused() {
        for (word, other) in [("data-postgresql-0", "Data\\u001b[2J"), ("pi-3", "pi 3\\n")] {
            let text = SEEN.replace(&format!("\"{word}\""), &format!("\"{other}\""));
            assert_ne!(text, SEEN);
            assert!(Storage::parse(&text).is_err(), "{other}");
        }
        assert!(Storage::parse("[]").is_err());
        assert_eq!(Storage::parse("{\"items\":[]}").unwrap(), Storage::default());
    }
}
