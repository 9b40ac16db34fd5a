//! What is to be in the cluster: one release per service.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};
use terrarium_inventory::Stack;

use crate::card::ServiceId;
use crate::catalogue::Catalogue;
use crate::chart::Chart;
use crate::derive::{self, Site};

/// The namespace of every release of ours.
pub const NAMESPACE: &str = "terrarium";

/// Label of a helm release that carries [`Release::short_digest`].
pub const DIGEST_LABEL: &str = "terrarium-digest";

/// Hex digits of the digest that fit into a label with room to read it.
const SHORT: usize = 16;

/// One service as it is to be in the cluster.
#[derive(Clone, PartialEq)]
pub struct Release {
    /// The release's name: the service's.
    pub name: ServiceId,
    /// Its namespace.
    pub namespace: String,
    /// What is rendered.
    pub chart: Arc<Chart>,
    /// The values that win over the chart's own.
    pub values: Value,
    /// sha256 over all of the above, 64 hex digits: equal digests, equal
    /// releases, whatever machine computes them.
    pub digest: String,
    /// What [`Release::short_digest`] was before digests of images were put in,
    /// where some were.
    pub unpinned: Option<String>,
}

/// Values are left out: an inventory may hold what nobody should read.
impl fmt::Debug for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Release")
            .field("name", &self.name.as_str())
            .field("namespace", &self.namespace)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Release {
    /// A release of a chart with values over its own.
    pub fn new(name: ServiceId, chart: Arc<Chart>, values: Value) -> Self {
        let digest = digest(&name, &chart, &values);
        Self { name, namespace: NAMESPACE.to_owned(), chart, values, digest, unpinned: None }
    }

    /// What the cluster keeps of the digest.
    pub fn short_digest(&self) -> &str {
        self.digest.get(..SHORT).unwrap_or(&self.digest)
    }
}

/// The releases of `selected`, in that order; a service the catalogue does not
/// have is left out. What the inventory writes wins over what is derived.
pub fn releases(
    selected: &[ServiceId],
    catalogue: &Catalogue,
    stack: &Stack,
    site: &Site,
) -> Vec<Release> {
    let known = selected.iter().filter_map(|id| Some((id, catalogue.get(id.as_str())?)));
    known
        .map(|(id, service)| {
            let mut values = derive::values(id, service, selected, catalogue, site);
            let written = stack.values.get(id.as_str()).cloned().unwrap_or_default();
            derive::merge(&mut values, json(toml::Value::Table(written)));
            Release::new(id.clone(), Arc::clone(&service.chart), values)
        })
        .collect()
}

/// TOML as JSON. JSON has no dates: they become their text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

fn digest(name: &ServiceId, chart: &Chart, values: &Value) -> String {
    let mut hash = Sha256::new();
    part(&mut hash, NAMESPACE.as_bytes());
    part(&mut hash, name.as_str().as_bytes());
    for (path, content) in &chart.files {
        part(&mut hash, path.as_bytes());
        part(&mut hash, content);
    }
    part(&mut hash, sorted(values).to_string().as_bytes());
    HEXLOWER.encode(&hash.finalize())
}

/// With its length before it, so that no two sequences of parts look alike.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// Keys in order, whichever order `serde_json` was compiled to keep.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
