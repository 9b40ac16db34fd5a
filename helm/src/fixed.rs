//! What an upgrade would change and Kubernetes lets nobody change: told before anything
//! is run, since helm finds it out in the middle of the release.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diff;
use crate::drift::{Field, Key, Objects};
use crate::quantity::memory;
use crate::release::NAMESPACE;

/// A field that would have to change and cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Of which object.
    pub key: Key,
    /// Which field.
    pub field: Field,
    /// What it is in the cluster.
    pub found: String,
    /// What the chart makes of it.
    pub wished: String,
}

/// What of a manifest cannot be brought to the objects that are there.
pub fn stuck(manifest: &str, objects: &Objects) -> Vec<Stuck> {
    let mut stuck = Vec::new();
    for object in diff::values(manifest) {
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        let (Some(kind), Some(name)) = (word(&object["kind"]), word(&metadata["name"])) else {
            continue;
        };
        let namespace = word(&metadata["namespace"]);
        let key = Key { kind, namespace, name };
        let Some(live) = objects.live(&key) else { continue };
        for (field, wished) in wished(&key.kind, &object) {
            let found = live.fixed.get(&field).cloned();
            if found == wished || equal(field, found.as_deref(), wished.as_deref()) {
                continue;
            }
            let text = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
            stuck.push(Stuck { key: key.clone(), field, found: text(found), wished: text(wished) });
        }
    }
    stuck
}

/// The fields of an object that stay as they are, as its manifest has them.
fn wished(kind: &str, object: &Value) -> BTreeMap<Field, Option<String>> {
    let spec = &object["spec"];
    let word = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let claims = |pointer: &str| {
        let claims = spec["volumeClaimTemplates"].as_array().map(Vec::as_slice);
        let values = claims.unwrap_or_default().iter();
        let values: Vec<String> =
            values.filter_map(|claim| claim.pointer(pointer).and_then(word)).collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    let selector = || {
        let labels = spec["selector"]["matchLabels"].as_object()?;
        // As kubectl prints a map: in the order of the keys.
        let labels: BTreeMap<&String, &Value> = labels.iter().collect();
        let labels =
            labels.iter().map(|(key, value)| format!("{key}:{}", word(value).unwrap_or_default()));
        Some(format!("map[{}]", labels.collect::<Vec<_>>().join(" ")))
    };
    match kind {
        "StatefulSet" => [
            (Field::ServiceName, word(&spec["serviceName"])),
            (
                Field::PodManagement,
                word(&spec["podManagementPolicy"]).or_else(|| Some("OrderedReady".to_owned())),
            ),
            (Field::Size, claims("/spec/resources/requests/storage")),
            (Field::Class, claims("/spec/storageClassName")),
            (Field::Selector, selector()),
        ]
        .into(),
        "Deployment" => [(Field::Selector, selector())].into(),
        // One that is not said stays as it was given.
        "Service" if !spec["clusterIP"].is_null() => {
            [(Field::ClusterIp, word(&spec["clusterIP"]))].into()
        }
        "PriorityClass" => [(Field::Value, word(&object["value"]))].into(),
        "ClusterRoleBinding" => [(Field::Role, word(&object["roleRef"]["name"]))].into(),
        _ => BTreeMap::new(),
    }
}

/// `1024Mi` is `1Gi`.
fn equal(field: Field, found: Option<&str>, wished: Option<&str>) -> bool {
    let bytes = |text: Option<&str>| {
        text.map(|text| text.split(',').map(memory).collect::<Option<Vec<_>>>())
    };
    field == Field::Size && bytes(found) == bytes(wished) && bytes(found) != Some(None)
}

impl Stuck {
    /// The key of the chart's values that says it, where there is one.
    pub fn value(&self) -> Option<&'static str> {
        match self.field {
            Field::Size => Some("size"),
            Field::Class => Some("class"),
            _ => None,
        }
    }

    /// What it is called, for a person.
    pub fn name(&self) -> &'static str {
        match self.field {
            Field::ClusterIp => "spec.clusterIP",
            Field::ServiceName => "spec.serviceName",
            Field::PodManagement => "spec.podManagementPolicy",
            Field::Size => "the size of its volume",
            Field::Class => "the storage class of its volume",
            Field::SecretType => "type",
            Field::Value => "value",
            Field::Role => "roleRef.name",
            Field::Selector => "spec.selector",
        }
    }

    /// What can be done instead, for this service.
    pub fn hint(&self, service: &str) -> String {
        let Key { kind, name, .. } = &self.key;
        let kind = kind.to_lowercase();
        let anew = format!(
            "copy its data out, take `{service}` out of [stack], `provision stack remove {service} \
             --delete-data`, and deploy it again"
        );
        match self.value() {
            Some(value) => {
                let keep = if self.found == "not set" {
                    format!("keep it: no `storage.{value}` under [stack.values.{service}]")
                } else {
                    format!(
                        "keep it: `storage = {{ {value} = \"{}\" }}` under [stack.values.{service}]",
                        self.found
                    )
                };
                let grow = if self.field == Field::Size {
                    format!(
                        "; where the storage class lets volumes grow, which k3s' local-path does \
                         not: grow the claim data-{name}-0 with kubectl, then `kubectl --namespace \
                         {NAMESPACE} delete {kind} {name} --cascade=orphan`, which leaves pod and \
                         data, and run `provision`"
                    )
                } else {
                    String::new()
                };
                format!("{keep}; or {anew}{grow}")
            }
            None if matches!(self.field, Field::Value | Field::Role) => {
                format!("`kubectl delete {kind} {name}` lets the next run make it again")
            }
            None if self.field == Field::ClusterIp => format!(
                "`kubectl --namespace {NAMESPACE} delete {kind} {name}` lets the next run make it again"
            ),
            None => format!(
                "`kubectl --namespace {NAMESPACE} delete {kind} {name} --cascade=orphan` leaves pod \
                 and data, and the next run makes it anew around them"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
