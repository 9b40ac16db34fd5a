//! Our cluster's entry laid into an operator's kubeconfig.
//!
//! What changes are one cluster, one user and one context, all named after the
//! inventory's cluster. All else stays as it is written, byte for byte: comments,
//! quotes, and numbers that are passwords. What comes of the text is held against
//! what comes of its values; a form that is not edited (an entry of ours that
//! others refer to, or that is there twice) is written anew from the values, by
//! their letters.

mod access;
mod edit;
mod material;
mod names;
mod tree;

pub use access::Access;

use crate::yaml::{Malformed, Value};
use tree::Node;

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
    /// The server's file has a key that k3s does not write. Its value is not
    /// looked at.
    #[error(
        "the server's kubeconfig has `{key}`, which is refused: expected {expected}, and no key more"
    )]
    Key {
        /// Where, from the top of the file.
        key: String,
        /// The keys there may be.
        expected: &'static str,
    },
    /// A value of the server's file is missing or not what k3s writes.
    #[error(
        "`{key}` of the server's kubeconfig is missing or not what k3s writes: expected {expected}"
    )]
    Value {
        /// Where, from the top of the file.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Far larger than what k3s writes; it is not read.
    #[error("the server's kubeconfig has {bytes} bytes, expected {most} at most")]
    Size {
        /// What came.
        bytes: usize,
        /// What is read.
        most: usize,
    },
}

/// A merged file.
#[derive(Clone, PartialEq, Eq)]
pub struct Merged {
    /// All of it, credentials included.
    pub text: String,
    /// What our own entries had beyond what they should have, now gone:
    /// `users.terrarium.exec`, …
    pub removed: Vec<String>,
}

impl std::fmt::Debug for Merged {
    /// Without the text: it holds keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merged")
            .field("bytes", &self.text.len())
            .field("removed", &self.removed)
            .finish()
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Existing => "the existing kubeconfig",
            Self::Server => "the server's kubeconfig",
        })
    }
}

/// Lays the access to our cluster into the existing kubeconfig. Merging twice is
/// merging once, and where nothing changes the text comes back as it was,
/// comments included.
///
/// - `existing`: the operator's file; `None` or blank when there is none.
/// - `access`: what was read of the server's file.
/// - `context`: name of our cluster, user and context.
/// - `server_url`: how the operator reaches the API; replaces the server's own
///   loopback address.
///
/// Our own entries are made anew from named fields: whatever else they had, from
/// an earlier version or from another hand, goes and is named. A namespace that
/// the operator chose for our context stays. The current context is changed only
/// where there is none or it is ours. Refused is any file we do not wholly
/// understand, rather than overwritten.
pub fn merge(
    existing: Option<&str>,
    access: &Access,
    context: &str,
    server_url: &str,
) -> Result<Merged, KubeconfigError> {
    let text = existing.filter(|text| !text.trim().is_empty());
    let before = text.map(|text| document(Which::Existing, text)).transpose()?;
    let entries = match before {
        // A file of nothing but comments is an empty one.
        None | Some(Value::Null) => skeleton(),
        Some(Value::Map(entries)) => entries,
        Some(_) => return Err(shape("the document is not a mapping")),
    };
    known(&entries)?;
    let by_value = Laid::new(entries.clone(), access, context, server_url)?;
    if let Some(text) = text
        && let Some(tree) = Node::read(text)
        && let Value::Map(old) = tree.value()
    {
        let laid = Laid::new(old.clone(), access, context, server_url)?;
        if laid.entries == old {
            return Ok(Merged { text: text.to_owned(), removed: laid.removed });
        }
        let edited = in_place(text, &tree, &old, &laid, context);
        // Whatever a form of YAML did to the text, the values have to be these.
        let wanted = Value::parse(&Value::Map(by_value.entries.clone()).render()).ok();
        let right = |text: &String| wanted.is_some() && Value::parse(text).ok() == wanted;
        let whole = || Value::Map(laid.entries.clone()).render();
        if let Some(text) = edited.filter(right).or_else(|| Some(whole()).filter(right)) {
            return Ok(Merged { text, removed: laid.removed });
        }
    }
    let text = match text {
        Some(text) if by_value.entries == entries => text.to_owned(),
        _ => Value::Map(by_value.entries).render(),
    };
    Ok(Merged { text, removed: by_value.removed })
}

/// A file's entries with ours among them.
struct Laid {
    entries: Vec<(String, Value)>,
    removed: Vec<String>,
    /// Whether there was no current context, so that it is ours now.
    current: bool,
}

impl Laid {
    fn new(
        mut entries: Vec<(String, Value)>,
        access: &Access,
        context: &str,
        server_url: &str,
    ) -> Result<Self, KubeconfigError> {
        let mut removed = Vec::new();
        let mut put = |list, field, make: Make<'_>| {
            removed.extend(lay(&mut entries, list, field, context, make)?);
            Ok(())
        };
        put("clusters", "cluster", &|_| access.cluster(server_url))?;
        put("users", "user", &|_| access.user())?;
        put("contexts", "context", &|old| pair(old, context))?;
        let slot = slot(&mut entries, "current-context");
        let current = slot.is_null() || slot.as_str().is_some_and(str::is_empty);
        if current {
            *slot = Value::str(context);
        }
        Ok(Self { entries, removed, current })
    }
}

/// The same merge within the text; `None` where the text cannot be edited so.
fn in_place(
    text: &str,
    tree: &Node,
    old: &[(String, Value)],
    laid: &Laid,
    name: &str,
) -> Option<String> {
    let items = |entries: &'_ [(String, Value)], list: &str| -> Vec<Value> {
        match entries.iter().find(|(key, _)| key == list) {
            Some((_, Value::Seq(items))) => items.clone(),
            _ => Vec::new(),
        }
    };
    let mut edits = Vec::new();
    for list in ["clusters", "users", "contexts"] {
        let (before, after) = (items(old, list), items(&laid.entries, list));
        if before.iter().filter(|item| names::is(item, name)).count() > 1 {
            return None;
        }
        let place = before.iter().position(|item| names::is(item, name));
        let wished = after.into_iter().find(|item| names::is(item, name))?;
        let same = place.is_some_and(|place| before[place] == wished);
        edits.push((list, place, (!same).then_some(wished)));
    }
    let entries: Vec<edit::Entry<'_>> = edits
        .iter()
        .map(|(list, place, wished)| edit::Entry { list, place: *place, wished: wished.as_ref() })
        .collect();
    edit::edited(text, tree, &entries, laid.current.then_some(name))
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

/// Makes a field's entries from what the field is now.
type Make<'a> = &'a dyn Fn(Option<&Value>) -> Vec<(String, Value)>;

/// Puts the entry called `name` into `list`: in its place when it is there, at
/// the end otherwise, and only once. `make` gives its `field` from what is there
/// now. Returns what the entry had beyond that.
fn lay(
    entries: &mut Vec<(String, Value)>,
    list: &'static str,
    field: &str,
    name: &str,
    make: Make<'_>,
) -> Result<Vec<String>, KubeconfigError> {
    let items = slot(entries, list);
    // kubectl writes an empty list as null.
    if items.is_null() {
        *items = Value::Seq(Vec::new());
    }
    let Value::Seq(items) = items else {
        return Err(shape(match list {
            "clusters" => "`clusters` is not a list",
            "users" => "`users` is not a list",
            _ => "`contexts` is not a list",
        }));
    };
    let called = |item: &Value| names::is(item, name);
    let Some(place) = items.iter().position(called) else {
        let made = Value::Map(make(None));
        let mut item = vec![(field.to_owned(), made), ("name".to_owned(), Value::str(name))];
        // As kubectl writes them.
        item.sort_by(|(left, _), (right, _)| left.cmp(right));
        items.push(Value::Map(item));
        return Ok(Vec::new());
    };
    let mut removed = Vec::new();
    let mut gone = |path: &str, key: &str| {
        let key: String = key.chars().flat_map(char::escape_debug).take(60).collect();
        removed.push(format!("{path}.{key}"));
    };
    // kubectl refuses a file with two entries of one name.
    let mut index = 0;
    items.retain(|item| {
        index += 1;
        let keep = index <= place + 1 || !called(item);
        if !keep {
            gone(list, name);
        }
        keep
    });
    let old = &items[place];
    let path = format!("{list}.{name}");
    let inner = anew(old.get(field), make(old.get(field)), |key| gone(&path, key));
    let outer = vec![(field.to_owned(), inner), ("name".to_owned(), Value::str(name))];
    items[place] = anew(Some(old), outer, |key| gone(&path, key));
    Ok(removed)
}

/// The wished fields and no others, in the order `old` has them; `gone` is told
/// which of the old ones are left out.
fn anew(
    old: Option<&Value>,
    mut wished: Vec<(String, Value)>,
    mut gone: impl FnMut(&str),
) -> Value {
    let Some(Value::Map(old)) = old else { return Value::Map(wished) };
    let place = |key: &str| old.iter().position(|(name, _)| name == key).unwrap_or(old.len());
    // What is so already stays as it is written.
    for (key, value) in &mut wished {
        let before = old.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        if let Some(before) = before.filter(|before| names::same(before, value)) {
            *value = before.clone();
        }
    }
    wished.sort_by_key(|(key, _)| place(key));
    for (key, _) in old {
        if !wished.iter().any(|(name, _)| name == key) {
            gone(key);
        }
    }
    Value::Map(wished)
}

/// Our context over what is there: a chosen namespace stays.
fn pair(old: Option<&Value>, name: &str) -> Vec<(String, Value)> {
    let mut fields =
        vec![("cluster".to_owned(), Value::str(name)), ("user".to_owned(), Value::str(name))];
    let namespace = old.and_then(|old| old.get("namespace")).and_then(Value::as_str);
    if let Some(namespace) = namespace.filter(|namespace| is_label(namespace)) {
        fields.insert(1, ("namespace".to_owned(), Value::str(namespace)));
    }
    fields
}

/// A DNS label, which is what names a namespace.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests;
