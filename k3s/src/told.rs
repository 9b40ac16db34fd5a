//! What a k3s that somebody else has set up is told: options by their long names,
//! from its `config.yaml`, its unit and the files of variables that the unit reads.
//!
//! The texts come from a node, their secrets taken out there. What is not plain is
//! an error or no option, never a guess.

mod words;

use std::collections::BTreeMap;

use terrarium_inventory::Role;
use terrarium_untrusted::is_word;

use crate::paths;
use crate::yaml::Value;

/// Options with their values; a switch has `true`.
pub type Options = BTreeMap<String, Vec<String>>;

/// A configuration that cannot be read as one: the line, 0 where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable(pub u64);

/// What a unit starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Started {
    /// The part in the cluster; `None` where it starts no k3s, or not plainly.
    pub part: Option<Role>,
    /// The command line's options.
    pub options: Options,
    /// Those of the unit's own variables.
    pub variables: Options,
}

/// Whether a file of k3s is one that we have written: `config.yaml` or a unit.
pub fn is_ours(text: &str) -> bool {
    text.starts_with("# Written by `provision`")
        || text.lines().any(|line| line.starts_with("Environment=TERRARIUM_GENERATION="))
}

/// The options of a `config.yaml`.
///
/// # Errors
/// When it is no mapping of options to plain values.
pub fn config(text: &str) -> Result<Options, Unreadable> {
    let entries = match Value::parse(text) {
        Ok(Value::Map(entries)) => entries,
        Ok(value) if value.is_null() => Vec::new(),
        Ok(_) => return Err(Unreadable(0)),
        Err(malformed) => return Err(Unreadable(malformed.line)),
    };
    let mut options = Options::new();
    for (key, value) in entries {
        let items = match value {
            Value::Seq(items) => items,
            single => vec![single],
        };
        let items: Option<Vec<String>> = items.iter().map(scalar).collect();
        // `key+` of a file in config.yaml.d adds to a list.
        let key = long(key.trim_end_matches('+')).to_owned();
        options.entry(key).or_default().extend(items.ok_or(Unreadable(0))?);
    }
    Ok(options)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Str(text) | Value::Plain(text) => Some(text.clone()),
        Value::Seq(_) | Value::Map(_) => None,
    }
}

/// What a unit starts, by its text.
pub fn unit(text: &str) -> Started {
    let mut started = Started::default();
    for (key, value) in words::directives(text) {
        let words = words::split(&value);
        match key.as_str() {
            "Environment" => {
                for word in words {
                    started.variables.extend(variable(&word));
                }
            }
            // Of several the last counts; an empty one takes back those before it.
            "ExecStart" => (started.part, started.options) = command(&words),
            _ => {}
        }
    }
    started
}

/// The options of a file of variables.
pub fn variables(text: &str) -> Options {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    lines.filter_map(|line| variable(&words::split(line).concat())).collect()
}

/// `K3S_NODE_NAME=x`, as the option it stands for.
fn variable(word: &str) -> Option<(String, Vec<String>)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_prefix("K3S_")?.to_lowercase().replace('_', "-");
    let option = match name.as_str() {
        "url" => "server",
        "config-file" => "config",
        other => other,
    };
    (!value.is_empty()).then(|| (option.to_owned(), vec![value.to_owned()]))
}

/// The part and the options of a command line.
fn command(words: &[String]) -> (Option<Role>, Options) {
    let program = |word: &String| word.rsplit('/').next() == Some("k3s");
    let Some(start) = words.iter().position(program) else { return Default::default() };
    let mut part = None;
    let mut options = Options::new();
    let mut rest = words[start + 1..].iter().peekable();
    while let Some(word) = rest.next() {
        if let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) {
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => match rest.next_if(|next| !next.starts_with('-')) {
                    Some(value) => (flag, value.clone()),
                    None => (flag, "true".to_owned()),
                },
            };
            options.entry(long(name).to_owned()).or_default().push(value);
        } else if part.is_none() {
            part = match word.as_str() {
                "server" => Some(Role::Server),
                "agent" => Some(Role::Agent),
                _ => break,
            };
        }
    }
    (part, options)
}

/// Short names, and older ones, by the name of today.
fn long(name: &str) -> &str {
    match name {
        "c" => "config",
        "d" => "data-dir",
        "s" => "server",
        "t" | "cluster-secret" => "token",
        "i" => "node-ip",
        "no-flannel" => "disable-flannel",
        "no-deploy" => "disable",
        "storage-endpoint" => "datastore-endpoint",
        other => other,
    }
}

/// The host of a server's address: `https://10.0.0.1:6443`, `https://[fd00::1]:6443`.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or_default();
    match rest.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => rest.rsplit_once(':').map_or(rest, |(host, _)| host),
    }
}

/// The text of [`paths::CLUSTER_MARK`] on a node of the cluster of this name.
pub fn mark(cluster: &str) -> String {
    format!(
        "# Written by `provision`: the inventory that this node's k3s belongs to.\n\
         {MARKED}{cluster}\n"
    )
}

/// The name in such a text, where it is one.
pub fn marked(text: &str) -> Option<String> {
    let mut names = text.lines().filter_map(|line| line.strip_prefix(MARKED));
    names.next().filter(|name| !name.is_empty() && is_word(name, "")).map(str::to_owned)
}

/// What the cluster's name stands behind in [`paths::CLUSTER_MARK`].
pub const MARKED: &str = "cluster=";

/// The part that a unit of this name would have.
pub fn usual(unit: &str) -> Option<Role> {
    match unit.rsplit('/').next()? {
        paths::SERVER_SERVICE => Some(Role::Server),
        paths::AGENT_SERVICE => Some(Role::Agent),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
