//! Entries against what chart and inventory say of the same containers.

use serde_json::Value;
use terrarium_inventory::Stack;

use super::{Entry, Overlay};
use crate::card::{Resources, ServiceId};
use crate::catalogue::{Catalogue, Service};
use crate::derive::merge;
use crate::quantity::{self, memory, millicores};

/// An entry that the inventory's own values keep from having an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Whose it is.
    pub service: ServiceId,
    /// Key of the chart's values, dots between its parts.
    pub key: String,
    /// The entry's line.
    pub line: usize,
}

/// A request the inventory's own values leave above its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Whose it is.
    pub service: ServiceId,
    /// `cpu` or `memory`.
    pub what: &'static str,
    /// The request, as a quantity.
    pub request: String,
    /// The limit, as a quantity.
    pub limit: String,
    /// The entry's line.
    pub line: usize,
}

/// A memory limit too low for the heap the inventory's own values ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cramped {
    /// Whose it is.
    pub service: ServiceId,
    /// The key of the heap.
    pub heap: String,
    /// The limit, as a quantity.
    pub limit: String,
    /// The least limit, in bytes.
    pub least: u64,
    /// The entry's line.
    pub line: usize,
}

impl Overlay {
    /// What `[stack.values]` says otherwise, by line.
    pub fn hidden(&self, written: &Stack) -> Vec<Hidden> {
        let mut hidden = Vec::new();
        for (service, places) in &self.entries {
            let Some(written) = written.values.get(service.as_str()) else { continue };
            for (place, entry) in places {
                for (kind, quantities) in [("requests", &entry.requests), ("limits", &entry.limits)]
                {
                    for what in quantities.keys() {
                        let key = format!("{place}.{kind}.{what}");
                        if covers(written, &key) {
                            hidden.push(Hidden { service: service.clone(), key, line: entry.line });
                        }
                    }
                }
            }
        }
        hidden.sort_by_key(|hidden| hidden.line);
        hidden
    }

    /// Requests that end up above their limits, `[stack.values]` being what it is.
    pub fn conflicts(&self, catalogue: &Catalogue, written: &Stack) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        let values = self.values();
        for (id, service, key, entry) in self.known(catalogue) {
            let mut all = service.chart.values.clone();
            merge(&mut all, values.get(id).cloned().unwrap_or_default());
            merge(&mut all, of(written, id));
            let quantity = |kind: &str, what: &str| {
                Some(at(&all, &format!("{key}.{kind}.{what}"))?.as_str()?.to_owned())
            };
            for (what, amount) in
                [("cpu", millicores as fn(&str) -> Option<u64>), ("memory", memory)]
            {
                let ends = quantity("requests", what).zip(quantity("limits", what));
                let Some((request, limit)) = ends else { continue };
                if amount(&request).zip(amount(&limit)).is_some_and(|(low, high)| low > high) {
                    let (service, line) = (id.clone(), entry.line);
                    conflicts.push(Conflict { service, what, request, limit, line });
                }
            }
        }
        conflicts
    }

    /// Limits that leave a heap less beside it than the chart does.
    pub fn cramped(&self, catalogue: &Catalogue, written: &Stack) -> Vec<Cramped> {
        let mut cramped = Vec::new();
        for (id, service, key, entry) in self.known(catalogue) {
            let place = service.card.resources.iter().find(|place| place.values == key);
            let limit = entry.limits.get("memory");
            let (Some(place), Some(limit)) = (place, limit) else { continue };
            let (Some(heap), Some(least)) = (&place.heap, floor(service, place, &of(written, id)))
            else {
                continue;
            };
            if memory(limit).is_some_and(|bytes| bytes < least) {
                cramped.push(Cramped {
                    service: id.clone(),
                    heap: heap.value.clone(),
                    limit: limit.clone(),
                    least,
                    line: entry.line,
                });
            }
        }
        cramped
    }

    fn known<'a>(
        &'a self,
        catalogue: &'a Catalogue,
    ) -> impl Iterator<Item = (&'a ServiceId, &'a Service, &'a str, &'a Entry)> {
        self.entries.iter().flat_map(move |(id, places)| {
            let service = catalogue.get(id.as_str());
            let places = places.iter();
            places.filter_map(move |(key, entry)| Some((id, service?, key.as_str(), entry)))
        })
    }
}

/// The place where a service keeps the requests and limits of a container.
pub fn place<'a>(service: &'a Service, container: &str) -> Option<&'a Resources> {
    let places = &service.card.resources;
    places.iter().find(|place| place.containers.iter().any(|name| name == container))
}

/// The least memory limit that leaves the heap what the chart leaves beside it,
/// in bytes; `written` are the inventory's values of the service. `None` when
/// nothing bounds the heap, or its value cannot be read.
pub fn floor(service: &Service, place: &Resources, written: &Value) -> Option<u64> {
    let card = place.heap.as_ref()?;
    let chart = &service.chart.values;
    let own = quantity::heap(at(chart, &card.value)?, card)?;
    let heap = at(written, &card.value).map_or(Some(own), |value| quantity::heap(value, card))?;
    let limit = at(chart, &format!("{}.limits.memory", place.values))?.as_str();
    Some(heap.saturating_add(memory(limit?)?.saturating_sub(own)))
}

/// What the inventory writes for a service.
fn of(written: &Stack, id: &ServiceId) -> Value {
    let values = written.values.get(id.as_str()).cloned().unwrap_or_default();
    serde_json::to_value(values).unwrap_or_default()
}

/// The value at a key with dots between its parts.
fn at<'a>(values: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(values, |value, part| value.get(part))
}

/// Whether a table sets the key, or something in place of a table above it.
fn covers(written: &toml::Table, key: &str) -> bool {
    match key.split_once('.') {
        None => written.contains_key(key),
        Some((first, rest)) => match written.get(first) {
            Some(toml::Value::Table(below)) => covers(below, rest),
            other => other.is_some(),
        },
    }
}
