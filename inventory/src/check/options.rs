//! Further options of k3s: their names, and those that are not for the taking.

use toml::Value;

use super::Complaint;
use crate::words::quote;

const OURS: &str = "set from the inventory";
const SECRET: &str = "a secret";
const STORE: &str = "the datastore is fixed";

/// Options `provision` sets itself, why, and what to do instead.
const RESERVED: &[(&str, &str, &str)] = &[
    ("agent-token", SECRET, MADE),
    ("agent-token-file", OURS, MADE),
    ("cluster-init", STORE, SQLITE),
    ("cluster-reset", STORE, SQLITE),
    ("config", OURS, "write the options here instead; `provision` writes k3s' config.yaml"),
    ("data-dir", OURS, "k3s' data stays in /var/lib/rancher/k3s; mount a disk there instead"),
    ("datastore-cafile", STORE, SQLITE),
    ("datastore-certfile", STORE, SQLITE),
    ("datastore-endpoint", STORE, SQLITE),
    ("datastore-keyfile", STORE, SQLITE),
    ("disable", OURS, "list the components as `disable` in `[k3s]`"),
    ("etcd-s3-access-key", STORE, SQLITE),
    ("etcd-s3-secret-key", STORE, SQLITE),
    ("etcd-s3-session-token", STORE, SQLITE),
    ("node-ip", OURS, "it is the address the node is reached at; change the node's `host`"),
    ("node-label", OURS, "write the node's `labels`"),
    ("node-name", OURS, "it is the node's `name`"),
    ("server", OURS, "agent nodes join the node whose role is `server`"),
    ("token", SECRET, MADE),
    ("token-file", OURS, MADE),
    ("vpn-auth", SECRET, "put it into a file on the node and name that as `vpn-auth-file`"),
    ("with-node-id", OURS, "it would change the node's name; the node's `name` is the whole of it"),
    ("write-kubeconfig", OURS, "`kubeconfig` in `[cluster]` says where access is written"),
    ("write-kubeconfig-mode", OURS, "the file on the node stays readable by root alone"),
];

const MADE: &str =
    "remove it: the join token is made on the server and handed to each node over SSH";
const SQLITE: &str = "remove it: this version runs one server with SQLite as its datastore";

/// `text` as the name of an option that may be set in `[k3s.server]` or
/// `[k3s.agent]`.
pub(crate) fn name(text: &str) -> Result<String, Complaint> {
    let complaint = |why: &str, help: String| Complaint {
        code: "inventory::k3s-option",
        message: format!("{} cannot be set here", quote(text)),
        why: why.to_owned(),
        help,
    };
    if let Some((_, why, help)) = RESERVED.iter().find(|(name, _, _)| *name == text) {
        return Err(complaint(why, (*help).to_owned()));
    }
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let better = text.trim_start_matches('-').to_ascii_lowercase().replace('_', "-");
    let help = if is_name(&better) {
        format!("write `{better}`")
    } else {
        "options are written as k3s' config.yaml has them, for example `kubelet-arg`".to_owned()
    };
    Err(complaint("not the name of an option", help))
}

fn is_name(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.len() <= 80
        && text.split('-').all(word)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether k3s' config.yaml has values of this kind: text, numbers, truth and
/// lists of them.
pub(crate) fn value(name: &str, value: &Value) -> Result<(), Complaint> {
    let plain = |value: &Value| {
        matches!(value, Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_))
    };
    match value {
        Value::Array(items) if items.iter().all(plain) => Ok(()),
        value if plain(value) => Ok(()),
        _ => Err(Complaint {
            code: "inventory::k3s-option",
            message: format!("the value of {} is nothing k3s can read", quote(name)),
            why: "neither text, number or truth nor a list of them".to_owned(),
            help: format!("write for example `{name} = \"text\"` or `{name} = [\"text\"]`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{RESERVED, is_name, name, value};

    #[test]
    fn names() {
        for good in ["kubelet-arg", "tls-san", "flannel-backend", "debug", "v"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for (bad, hint) in [
            ("kubelet_arg", "write `kubelet-arg`"),
            ("--kubelet-arg", "write `kubelet-arg`"),
            ("Kubelet-Arg", "write `kubelet-arg`"),
            ("kubelet--arg", "options are written"),
            ("", "options are written"),
            ("a b", "options are written"),
            ("token", "remove it"),
            ("node-name", "it is the node's"),
        ] {
            let help = name(bad).expect_err(bad).help;
            assert!(help.starts_with(hint), "{bad}: {help}");
        }
        assert!(RESERVED.iter().all(|(option, _, _)| is_name(option)));
    }

    #[test]
    fn values() {
        let table: toml::Table =
            toml::from_str("a = 'x'\nb = 1\nc = true\nd = ['x', 1]\ne = []\nf = 1.5").unwrap();
        for (key, good) in &table {
            assert_eq!(value(key, good), Ok(()), "{key}");
        }
        let table: toml::Table =
            toml::from_str("a = {}\nb = 2026-01-01\nc = [[1]]\nd = [{}]").unwrap();
        for (key, bad) in &table {
            assert!(value(key, bad).is_err(), "{key}");
        }
    }
}
