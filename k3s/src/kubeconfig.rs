//! Our cluster's entry laid into an operator's kubeconfig.
//!
//! Structured, not by text: every entry and field that is not ours stays, in its
//! place. What changes are one cluster, one user and one context, all named
//! after the inventory's cluster. (As with `kubectl config`, comments of a file
//! that does change are lost; the writer keeps the old file beside it.)

use crate::yaml::{Malformed, Value};

/// Whose kubeconfig is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The operator's file.
    Existing,
    /// The one the server wrote.
    Server,
}

/// Why nothing was merged. Says where, never what is written there: a kubeconfig
/// is full of credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeconfigError {
    /// Not YAML, or more than one document.
    #[error("{which} is not one YAML document: line {line}, column {column}")]
    Syntax {
        /// Which of the two.
        which: Which,
        /// 1-based; 0 when unknown.
        line: u64,
        /// 1-based; 0 when unknown.
        column: u64,
    },
    /// YAML, but no kubeconfig.
    #[error("{which} is not a kubeconfig: {what}")]
    Shape {
        /// Which of the two.
        which: Which,
        /// What is missing or of the wrong kind.
        what: &'static str,
    },
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Existing => "the existing kubeconfig",
            Self::Server => "the server's kubeconfig",
        })
    }
}

/// Lays the server's kubeconfig into the existing one and returns the file's new
/// text. Merging twice is merging once, and where nothing changes the text comes
/// back as it was, comments included.
///
/// - `existing`: the operator's file; `None` or blank when there is none.
/// - `from_server`: what the server has under [`crate::paths::KUBECONFIG`].
/// - `context`: name of our cluster, user and context.
/// - `server_url`: how the operator reaches the API; replaces the server's own
///   loopback address.
///
/// The current context is changed only where there is none or it is ours.
/// Refused is any file we do not wholly understand, rather than overwritten.
pub fn merge(
    existing: Option<&str>,
    from_server: &str,
    context: &str,
    server_url: &str,
) -> Result<String, KubeconfigError> {
    let ours = Ours::read(from_server)?;
    let before = match existing.filter(|text| !text.trim().is_empty()) {
        Some(text) => Some((text, document(Which::Existing, text)?)),
        None => None,
    };
    let mut entries = match &before {
        // A file of nothing but comments is an empty one.
        None | Some((_, Value::Null)) => skeleton(),
        Some((_, Value::Map(entries))) => entries.clone(),
        Some(_) => return Err(shape("the document is not a mapping")),
    };
    known(&entries)?;

    lay(&mut entries, "clusters", "cluster", context, |old| {
        cluster(old, &ours.cluster, server_url)
    })?;
    lay(&mut entries, "users", "user", context, |_| ours.user.clone())?;
    lay(&mut entries, "contexts", "context", context, |old| pair(old, context))?;

    let current = slot(&mut entries, "current-context");
    if current.as_str().is_none_or(str::is_empty) {
        *current = Value::str(context);
    }

    let after = Value::Map(entries);
    Ok(match before {
        Some((text, before)) if before == after => text.to_owned(),
        _ => after.render(),
    })
}

/// What we take from the server's file.
struct Ours {
    cluster: Vec<(String, Value)>,
    user: Value,
}

impl Ours {
    /// k3s' file has one cluster and one user, both called `default`.
    fn read(text: &str) -> Result<Self, KubeconfigError> {
        let file = document(Which::Server, text)?;
        let missing = |what| KubeconfigError::Shape { which: Which::Server, what };
        let only = |list: &str, field: &str| match file.get(list) {
            Some(Value::Seq(items)) => match items.as_slice() {
                [item] => item.get(field).cloned(),
                _ => None,
            },
            _ => None,
        };
        match (only("clusters", "cluster"), only("users", "user")) {
            (Some(Value::Map(cluster)), Some(user @ Value::Map(_))) => {
                let pinned = cluster.iter().any(|(key, _)| key == "certificate-authority-data");
                if !pinned {
                    return Err(missing("its cluster has no `certificate-authority-data`"));
                }
                Ok(Self { cluster, user })
            }
            (None | Some(_), Some(Value::Map(_))) => Err(missing("it has not exactly one cluster")),
            _ => Err(missing("it has not exactly one user")),
        }
    }
}

fn document(which: Which, text: &str) -> Result<Value, KubeconfigError> {
    Value::parse(text).map_err(|Malformed { line, column }| KubeconfigError::Syntax {
        which,
        line,
        column,
    })
}

fn shape(what: &'static str) -> KubeconfigError {
    KubeconfigError::Shape { which: Which::Existing, what }
}

/// Refuses a mapping that is some other program's file.
fn known(entries: &[(String, Value)]) -> Result<(), KubeconfigError> {
    let marks = ["clusters", "contexts", "current-context", "kind", "users"];
    if !entries.iter().any(|(key, _)| marks.contains(&key.as_str())) {
        return Err(shape("it has none of a kubeconfig's keys"));
    }
    let mut kinds = entries.iter().filter(|(key, _)| key == "kind");
    if kinds.any(|(_, value)| value.as_str() != Some("Config")) {
        return Err(shape("its kind is not `Config`"));
    }
    Ok(())
}

/// A new file, in kubectl's order.
fn skeleton() -> Vec<(String, Value)> {
    let list = || Value::Seq(Vec::new());
    vec![
        ("apiVersion".to_owned(), Value::str("v1")),
        ("clusters".to_owned(), list()),
        ("contexts".to_owned(), list()),
        ("current-context".to_owned(), Value::str("")),
        ("kind".to_owned(), Value::str("Config")),
        ("preferences".to_owned(), Value::Map(Vec::new())),
        ("users".to_owned(), list()),
    ]
}

/// The value under `key`, made when it is not there.
fn slot<'a>(entries: &'a mut Vec<(String, Value)>, key: &str) -> &'a mut Value {
    let place = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
        entries.push((key.to_owned(), Value::Null));
        entries.len() - 1
    });
    &mut entries[place].1
}

/// Puts the entry called `name` into `list`: in its place when it is there, at
/// the end otherwise. `make` gives its `field` from what is there now.
fn lay(
    entries: &mut Vec<(String, Value)>,
    list: &'static str,
    field: &str,
    name: &str,
    make: impl FnOnce(Option<&Value>) -> Value,
) -> Result<(), KubeconfigError> {
    let items = slot(entries, list);
    // kubectl writes an empty list as null.
    if *items == Value::Null {
        *items = Value::Seq(Vec::new());
    }
    let Value::Seq(items) = items else {
        return Err(shape(match list {
            "clusters" => "`clusters` is not a list",
            "users" => "`users` is not a list",
            _ => "`contexts` is not a list",
        }));
    };
    let called = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
    let Some(place) = items.iter().position(called) else {
        let mut item = vec![(field.to_owned(), make(None)), ("name".to_owned(), Value::str(name))];
        // As kubectl writes them.
        item.sort_by(|(left, _), (right, _)| left.cmp(right));
        items.push(Value::Map(item));
        return Ok(());
    };
    let made = make(items[place].get(field));
    if let Value::Map(item) = &mut items[place] {
        *slot(item, field) = made;
    }
    Ok(())
}

/// Our cluster over what is there: a proxy or other setting of the operator
/// stays, whatever decides whom to trust does not.
fn cluster(old: Option<&Value>, ours: &[(String, Value)], server_url: &str) -> Value {
    let mut fields = match old {
        Some(Value::Map(fields)) => fields.clone(),
        _ => Vec::new(),
    };
    // Either contradicts `certificate-authority-data`.
    fields.retain(|(key, _)| {
        !["certificate-authority", "insecure-skip-tls-verify"].contains(&key.as_str())
    });
    for (key, value) in ours {
        *slot(&mut fields, key) = value.clone();
    }
    *slot(&mut fields, "server") = Value::str(server_url);
    Value::Map(fields)
}

/// Our context over what is there: a chosen namespace stays.
fn pair(old: Option<&Value>, name: &str) -> Value {
    let mut fields = match old {
        Some(Value::Map(fields)) => fields.clone(),
        _ => Vec::new(),
    };
    *slot(&mut fields, "cluster") = Value::str(name);
    *slot(&mut fields, "user") = Value::str(name);
    Value::Map(fields)
}

#[cfg(test)]
mod tests;
