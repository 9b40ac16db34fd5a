//! The user's further keys laid over ours.

use std::collections::BTreeMap;

use crate::yaml::Value;

/// Keys that are ours alone, sorted. A user's value for one of them is not
/// taken: it would name another node, another cluster, another place for files
/// that the rest of the program relies on, or put a secret into the file. The
/// inventory refuses them with the line they stand on.
pub const OWNED: [&str; 14] = [
    "agent-token",
    "agent-token-file",
    "cluster-init",
    "cluster-reset",
    "config",
    "data-dir",
    "datastore-endpoint",
    "node-ip",
    "node-name",
    "server",
    "token",
    "token-file",
    "with-node-id",
    "write-kubeconfig",
];

/// One key of the document.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
    /// Comment above it, without the `#`; may be empty.
    pub(super) why: String,
}

impl Entry {
    pub(super) fn new(key: &str, value: Value, why: &str) -> Self {
        Self { key: key.to_owned(), value, why: why.to_owned() }
    }
}

/// Ours in their order, then the user's in theirs (sorted).
///
/// Where both have a key that is not [`OWNED`]: lists are joined, an item
/// `name=value` replacing the one of that name (`kubelet-arg`, `node-label`);
/// anything else is the user's.
pub(super) fn merge(mut ours: Vec<Entry>, extra: &BTreeMap<String, toml::Value>) -> Vec<Entry> {
    let mut further = Vec::new();
    for (key, wish) in extra {
        if OWNED.contains(&key.as_str()) {
            continue;
        }
        let wish = yaml(wish);
        let Some(entry) = ours.iter_mut().find(|entry| entry.key == *key) else {
            further.push(Entry::new(key, wish, ""));
            continue;
        };
        if let Value::Seq(items) = &mut entry.value {
            join(items, wish);
        } else {
            // Our reason does not speak for the user's choice.
            *entry = Entry::new(key, wish, "The inventory's own choice.");
        }
    }
    if let Some(first) = further.first_mut() {
        "The inventory's own keys.".clone_into(&mut first.why);
    }
    ours.extend(further);
    ours
}

fn join(items: &mut Vec<Value>, wish: Value) {
    let wish = match wish {
        Value::Seq(wish) => wish,
        // k3s takes one value and a list of one alike.
        single => vec![single],
    };
    for new in wish {
        let same = |old: &Value| match (name(old), name(&new)) {
            (Some(old), Some(new)) => old == new,
            _ => *old == new,
        };
        match items.iter().position(same) {
            Some(place) => items[place] = new,
            None => items.push(new),
        }
    }
}

/// The part of `name=value` before the sign, without the dashes of a flag.
fn name(item: &Value) -> Option<&str> {
    let (name, _) = item.as_str()?.split_once('=')?;
    Some(name.trim_start_matches('-'))
}

fn yaml(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::str(text),
        toml::Value::Integer(number) => Value::Int((*number).into()),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Datetime(time) => Value::Str(time.to_string()),
        toml::Value::Array(items) => Value::Seq(items.iter().map(yaml).collect()),
        toml::Value::Table(table) => {
            Value::Map(table.iter().map(|(key, value)| (key.clone(), yaml(value))).collect())
        }
    }
}
