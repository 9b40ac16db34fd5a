//! What the inventory writes for a chart, held against the chart's schema before
//! helm is asked: helm would say it later, and without the line.

mod check;

use std::fmt::Write as _;

use serde_json::Value;

use crate::chart::Chart;
use crate::derive::merge;
use check::Look;

/// The schema's file in a chart, where helm looks for it.
const FILE: &str = "values.schema.json";

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Item(usize),
}

/// One value, or key, that the chart refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The way to it, within the service's values.
    pub path: Vec<Part>,
    /// Whether it is the key that is refused, and not what it is set to.
    pub key: bool,
    /// What is wrong, as the end of a sentence that begins with the path.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

impl Refused {
    /// The way as it is written in TOML: `image.tag`, `tiles[0].href`.
    pub fn name(&self) -> String {
        let mut name = String::new();
        for part in &self.path {
            match part {
                Part::Key(key) if name.is_empty() => name.push_str(key),
                Part::Key(key) => {
                    name.push('.');
                    name.push_str(key);
                }
                Part::Item(index) => {
                    // Writing to a string cannot fail.
                    let _ = write!(name, "[{index}]");
                }
            }
        }
        name
    }
}

/// All of `written` that the chart refuses; nothing for a chart without a schema.
pub fn refused(chart: &Chart, written: &Value) -> Vec<Refused> {
    let Some(schema) = chart.files.get(FILE) else { return Vec::new() };
    // A schema that is no JSON is a fault of the chart; helm tells it.
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return Vec::new() };
    let mut values = chart.values.clone();
    merge(&mut values, written.clone());
    let found = Look::new(&schema).all(&values);
    // What the chart itself or we derive is not the inventory's.
    found.into_iter().filter(|refused| is_written(written, &refused.path)).collect()
}

fn is_written(written: &Value, path: &[Part]) -> bool {
    let mut here = written;
    for part in path {
        let next = match part {
            Part::Key(key) => here.get(key),
            Part::Item(index) => here.get(index),
        };
        match next {
            Some(next) => here = next,
            // A list or a text in the place of a table that is looked into.
            None => return !here.is_object(),
        }
    }
    !path.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::Catalogue;

    fn found(service: &str, written: &Value) -> Vec<String> {
        let catalogue = Catalogue::embedded().unwrap();
        let chart = &catalogue.get(service).unwrap().chart;
        let found = refused(chart, written);
        found.iter().map(|one| format!("{} {}; {}", one.name(), one.what, one.hint)).collect()
    }

    #[test]
    fn what_a_chart_refuses_is_told_with_its_place_and_what_to_write() {
        for (service, written, expected) in [
            (
                "redis",
                json!({"maxmemry": "64mb"}),
                "maxmemry is no value of this chart; did you mean `maxmemory`?",
            ),
            (
                "redis",
                json!({"storage": {"size": 5}}),
                "storage.size must be a text, not a whole number; put it in quotes: \"5\"",
            ),
            (
                "redis",
                json!({"storage": {"siz": "5Gi"}}),
                "storage.siz is no value of this chart; did you mean `size`?",
            ),
            (
                "redis",
                json!({"resources": {"limits": {"memry": "5Gi"}}}),
                "resources.limits.memry is no value of this chart; did you mean `memory`?",
            ),
            (
                "redis",
                json!({"storage": "5Gi"}),
                "storage must be a table, not a text; write a table",
            ),
            (
                "redis",
                json!({"maxmemoryPolicy": "allkeys-lur"}),
                "maxmemoryPolicy is not one of the words known here; did you mean `allkeys-lru`?",
            ),
            (
                "redis",
                json!({"image": {"uid": "999"}}),
                "image.uid must be a whole number, not a text; write it without quotes: 999",
            ),
            ("redis", json!({"image": {"uid": 0}}), "image.uid is too small; it can be 1 or more"),
        ] {
            assert_eq!(found(service, &written), [expected], "{written}");
        }
        assert_eq!(found("redis", &json!({"storage": {"size": "5Gi"}})), [""; 0]);
        assert_eq!(found("redis", &json!({})), [""; 0]);
    }

    #[test]
    fn no_chart_refuses_its_own_values() {
        for (id, service) in Catalogue::embedded().unwrap().iter() {
            assert_eq!(refused(&service.chart, &service.chart.values), [], "{id}");
        }
    }

    #[test]
    fn every_key_of_every_chart_is_refused_when_it_is_of_another_kind() {
        for (id, service) in Catalogue::embedded().unwrap().iter() {
            let values = service.chart.values.as_object().unwrap();
            for (key, value) in values {
                let other = if value.is_object() { json!("text") } else { json!({"a": {"b": 1}}) };
                let found = refused(&service.chart, &json!({ key.clone(): other }));
                assert!(!found.is_empty(), "{id}: {key}");
                assert_eq!(found[0].path[0], Part::Key(key.clone()), "{id}");
            }
        }
    }
}
