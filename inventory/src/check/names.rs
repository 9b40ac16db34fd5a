//! Names: of nodes, the cluster, services; domains and login names.

use super::Complaint;
use crate::words::quote;

/// Longest DNS label (RFC 1123).
const LABEL_MAX: usize = 63;
/// Longest DNS name in its written form.
const NAME_MAX: usize = 253;
/// Longest login name `useradd` takes.
const USER_MAX: usize = 32;

/// Why `text` is not a DNS label in lower case; `None` when it is one.
pub(crate) fn label_fault(text: &str) -> Option<String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Some("upper case".to_owned());
    }
    if let Some(c) = text.chars().find(|c| !inner(*c)) {
        return Some(format!("{} is not allowed", quote(&c.to_string())));
    }
    if text.len() > LABEL_MAX {
        return Some(format!("{} characters, {LABEL_MAX} are allowed", text.len()));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Some("a hyphen at an end".to_owned());
    }
    None
}

/// The nearest DNS label to what was written, when there is an obvious one.
fn repaired(text: &str) -> Option<String> {
    let first = text.split('.').next().unwrap_or_default();
    let candidate = first.to_ascii_lowercase().replace(['_', ' '], "-");
    let candidate = candidate.trim_matches('-');
    label_fault(candidate).is_none().then(|| candidate.to_owned())
}

/// `text` as a DNS label; `what` says whose name it is: `a node's name`.
pub(crate) fn label(what: &str, text: &str) -> Result<String, Complaint> {
    let Some(why) = label_fault(text) else {
        return Ok(text.to_owned());
    };
    let rule = "lower-case letters, digits and hyphens, at most 63";
    Err(Complaint {
        code: "inventory::name",
        message: format!("{} cannot be {what}", quote(text)),
        why,
        help: match repaired(text) {
            Some(better) => format!("write for example `{better}`; {what} has {rule}"),
            None => format!("{what} has {rule}"),
        },
    })
}

/// `text` as a node's name.
pub(crate) fn node(text: &str) -> Result<String, Complaint> {
    if text == "localhost" {
        return Err(Complaint {
            code: "inventory::name",
            message: "`localhost` cannot be a node's name".to_owned(),
            why: "every machine calls itself that".to_owned(),
            help: "write a name that is the node's own, for example `pi-1`".to_owned(),
        });
    }
    label("a node's name", text)
}

/// Why `text` is not a DNS name in lower case; `None` when it is one.
pub(crate) fn dns_fault(text: &str) -> Option<String> {
    if text.len() > NAME_MAX {
        return Some(format!("{} characters, {NAME_MAX} are allowed", text.len()));
    }
    if text.is_empty() {
        return label_fault(text);
    }
    text.split('.').find_map(|label| match label_fault(label) {
        Some(_) if label.is_empty() => Some("a part between dots is empty".to_owned()),
        fault => fault,
    })
}

/// `text` as the domain of the cluster's services.
pub(crate) fn domain(text: &str) -> Result<String, Complaint> {
    let complaint = |why: String, help: &str| Complaint {
        code: "inventory::domain",
        message: format!("{} cannot be the cluster's domain", quote(text)),
        why,
        help: help.to_owned(),
    };
    if text == "cluster.local" || text.ends_with(".cluster.local") {
        return Err(complaint(
            "Kubernetes' own inner domain".to_owned(),
            "write a domain of your network, for example `pis.home.arpa`",
        ));
    }
    match dns_fault(text) {
        None => Ok(text.to_owned()),
        Some(why) => Err(complaint(
            why,
            "a domain is names of lower-case letters, digits and hyphens with dots between, \
             for example `terrarium.local`",
        )),
    }
}

/// `text` as a login name.
pub(crate) fn user(text: &str) -> Result<String, Complaint> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let fits = (1..=USER_MAX).contains(&text.len())
        && text.chars().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if fits {
        return Ok(text.to_owned());
    }
    Err(Complaint {
        code: "inventory::user",
        message: format!("{} cannot be a login name", quote(text)),
        why: "not a login name".to_owned(),
        help: "a login name begins with a letter and has letters, digits, `_`, `.` and `-`, at \
               most 32; the usual one on a Pi is `pi`"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for good in ["a", "pi-1", "0", "1pi", &"a".repeat(63)] {
            assert_eq!(label_fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "it is empty"),
            ("Pi", "upper case"),
            ("pi_1", "`_` is not allowed"),
            ("pi.local", "`.` is not allowed"),
            ("-a", "a hyphen at an end"),
            ("a-", "a hyphen at an end"),
            ("ä", "`ä` is not allowed"),
            (&"a".repeat(64), "64 characters, 63 are allowed"),
        ] {
            assert_eq!(label_fault(bad).as_deref(), Some(why), "{bad}");
        }
    }

    #[test]
    fn a_near_miss_is_repaired() {
        for (written, better) in [
            ("Pi_One", Some("pi-one")),
            ("pi-1.local", Some("pi-1")),
            ("-pi-", Some("pi")),
            ("", None),
            ("ä", None),
        ] {
            assert_eq!(repaired(written).as_deref(), better, "{written}");
        }
    }

    #[test]
    fn nodes_domains_and_users() {
        assert!(node("localhost").is_err());
        assert!(node("pi-1").is_ok());
        for (text, fits) in [
            ("terrarium.local", true),
            ("local", true),
            ("a..b", false),
            (".a", false),
            ("a.", false),
            ("", false),
            ("cluster.local", false),
            ("x.cluster.local", false),
            ("Home.arpa", false),
        ] {
            assert_eq!(domain(text).is_ok(), fits, "{text:?}");
        }
        assert!(dns_fault(&["a"; 128].join(".")).is_some());
        for (text, fits) in [
            ("pi", true),
            ("_x.y-z", true),
            ("root", true),
            ("", false),
            ("1a", false),
            ("-oProxyCommand=x", false),
            ("a b", false),
            ("a@b", false),
            (&"a".repeat(33), false),
        ] {
            assert_eq!(user(text).is_ok(), fits, "{text:?}");
        }
    }
}
