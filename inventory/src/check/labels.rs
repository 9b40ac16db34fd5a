//! Kubernetes labels.

use super::Complaint;
use super::names::dns_fault;
use crate::words::quote;

/// Longest name part of a key, and longest value.
const PART_MAX: usize = 63;
/// Prefixes Kubernetes keeps for itself.
const RESERVED: &[&str] = &["kubernetes.io", "k8s.io"];

/// What a key is made of.
const RULE: &str = "a key is a name of letters, digits, `-`, `_` and `.`, at most 63, or a \
                    domain, a slash and such a name";

/// `text` as a label's key: `name` or `prefix/name`.
pub(crate) fn key(text: &str) -> Result<String, Complaint> {
    let complaint = |why: String, help: &str| Complaint {
        code: "inventory::label",
        message: format!("{} cannot be the key of a label", quote(text)),
        why,
        help: help.to_owned(),
    };
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if let Some(prefix) = prefix {
        let reserved = RESERVED
            .iter()
            .any(|domain| prefix == *domain || prefix.ends_with(&format!(".{domain}")));
        if reserved {
            return Err(complaint(
                "a prefix Kubernetes keeps for itself".to_owned(),
                "use a plain key such as `disk`, or a domain of your own before the slash",
            ));
        }
        if let Some(why) = dns_fault(prefix) {
            return Err(complaint(format!("before the slash: {why}"), RULE));
        }
    }
    match part_fault(name) {
        None if !name.is_empty() => Ok(text.to_owned()),
        None => Err(complaint("no name".to_owned(), RULE)),
        Some(why) => Err(complaint(why, RULE)),
    }
}

/// `text` as a label's value.
pub(crate) fn value(text: &str) -> Result<String, Complaint> {
    match part_fault(text) {
        None => Ok(text.to_owned()),
        Some(why) => Err(Complaint {
            code: "inventory::label",
            message: format!("{} cannot be the value of a label", quote(text)),
            why,
            help: "a value has letters, digits, `-`, `_` and `.`, at most 63, and begins and ends \
                   with a letter or digit"
                .to_owned(),
        }),
    }
}

fn part_fault(text: &str) -> Option<String> {
    if text.len() > PART_MAX {
        return Some(format!("{} characters, {PART_MAX} are allowed", text.len()));
    }
    if let Some(c) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        return Some(format!("{} is not allowed", quote(&c.to_string())));
    }
    let end = |c: char| !c.is_ascii_alphanumeric();
    (text.starts_with(end) || text.ends_with(end))
        .then(|| "it begins or ends with neither a letter nor a digit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{key, value};

    #[test]
    fn keys() {
        for good in ["disk", "Disk_1", "a.b-c", "lab.example/rack", &"a".repeat(63)] {
            assert_eq!(key(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "-a",
            "a b",
            "Upper.Case/x",
            "kubernetes.io/role",
            "node-role.kubernetes.io/worker",
            "k8s.io/x",
            &"a".repeat(64),
        ] {
            assert!(key(bad).is_err(), "{bad}");
        }
        assert!(key("notkubernetes.io/x").is_ok());
    }

    #[test]
    fn values() {
        for good in ["", "nvme", "a.b_c-1", "X"] {
            assert_eq!(value(good).as_deref(), Ok(good));
        }
        for bad in ["-", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }
}
