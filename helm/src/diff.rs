//! Manifests, object by object: what an upgrade would change, with every value
//! of a Secret masked.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

/// What is shown instead of a Secret's value, and of one that differs.
const MASK: &str = "***";
const OTHER: &str = "*** (differs)";
/// Lines shown around a difference.
const CONTEXT: usize = 3;

/// One object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What would happen to it.
    pub change: Change,
    /// From old to new, as `diff -u` has it.
    pub diff: String,
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is made.
    Create,
    /// It is changed.
    Change,
    /// It is deleted.
    Delete,
    /// It is not part of the release any more, and stays.
    Keep,
}

struct Object {
    kind: String,
    text: String,
    value: Value,
}

/// The objects that differ between two manifests, by kind and name.
pub fn compare(old: &str, new: &str) -> Vec<Difference> {
    let (old, new) = (objects(old), objects(new));
    let mut keys: Vec<&(String, String)> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter_map(|key| difference(key, old.get(key), new.get(key))).collect()
}

/// How many objects of each kind a manifest has.
pub fn kinds(manifest: &str) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for object in objects(manifest).into_values() {
        *kinds.entry(object.kind).or_default() += 1;
    }
    kinds
}

/// The objects of a manifest; what cannot be read is left out.
pub(crate) fn values(manifest: &str) -> Vec<Value> {
    objects(manifest).into_values().map(|object| object.value).collect()
}

fn difference(
    (kind, name): &(String, String),
    old: Option<&Object>,
    new: Option<&Object>,
) -> Option<Difference> {
    let change = match (old, new) {
        (None, _) => Change::Create,
        (Some(old), None) if stays(&old.value) => Change::Keep,
        (Some(_), None) => Change::Delete,
        (Some(_), Some(_)) => Change::Change,
    };
    let before = old.map(|object| shown(object, None)).unwrap_or_default();
    let after = new.map(|object| shown(object, old)).unwrap_or_default();
    if before == after {
        return None;
    }
    let diff = TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("{kind}/{name} deployed"), &format!("{kind}/{name} wished"))
        .to_string();
    Some(Difference { kind: kind.clone(), name: name.clone(), change, diff })
}

/// Whether an uninstall leaves it.
fn stays(object: &Value) -> bool {
    object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
}

/// An object's text. A Secret's is made anew from what it says, so that no
/// value gets past, in whichever style it is written.
fn shown(object: &Object, former: Option<&Object>) -> String {
    if object.kind != "Secret" {
        return object.text.clone();
    }
    let mut masked = object.value.clone();
    for part in ["data", "stringData"] {
        let Some(values) = masked.get_mut(part).and_then(Value::as_object_mut) else { continue };
        for (key, value) in values {
            let same = former.is_none_or(|former| former.value[part].get(key) == Some(value));
            *value = if same { MASK } else { OTHER }.into();
        }
    }
    let mut text = serde_json::to_string_pretty(&masked).unwrap_or_default();
    text.push('\n');
    text
}

/// The objects of a manifest. What cannot be read is named by its place and not
/// shown: it may be a Secret.
fn objects(manifest: &str) -> BTreeMap<(String, String), Object> {
    let mut objects = BTreeMap::new();
    for (place, text) in documents(manifest).into_iter().enumerate() {
        let value: Value = serde_saphyr::from_str(&text).unwrap_or_default();
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let (kind, name) = (word(&value["kind"]), word(&value["metadata"]["name"]));
        let (kind, name, text) = match (kind, name) {
            (Some(kind), Some(name)) => (kind, name, text),
            _ => ("unreadable".to_owned(), place.to_string(), String::new()),
        };
        objects.insert((kind.clone(), name), Object { kind, text, value });
    }
    objects
}

/// The documents of a manifest without helm's remarks on where they are from.
fn documents(manifest: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in manifest.lines() {
        if line.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut()
            && !line.starts_with("# Source: ")
        {
            last.push_str(line);
            last.push('\n');
        }
    }
    let says = |text: &String| {
        text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    };
    documents.retain(says);
    documents
}

#[cfg(test)]
mod tests;
