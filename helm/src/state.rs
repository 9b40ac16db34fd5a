//! What helm says is in the cluster, read from its release Secrets' labels.

use std::collections::BTreeMap;

use terrarium_untrusted::{is_subdomain, is_word};

/// What `kubectl` is asked: one line per revision, five columns, no payload.
pub const KUBECTL_ARGS: [&str; 8] = [
    "get",
    "secrets",
    "--all-namespaces",
    "--selector=owner=helm",
    "--no-headers",
    "--ignore-not-found",
    "--output",
    "custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.labels.name,REVISION:.metadata.labels.version,STATUS:.metadata.labels.status,DIGEST:.metadata.labels.terrarium-digest",
];

/// The same with helm's own record as a sixth column, for the revisions in place that
/// we deployed: base64 of what gzip made of JSON. It has the passwords in it.
pub const RECORDS_ARGS: [&str; 6] = [
    "get",
    "secrets",
    "--all-namespaces",
    "--selector=owner=helm",
    "--output",
    "go-template={{range .items}}{{$l := .metadata.labels}}{{.metadata.namespace}} {{$l.name}} {{$l.version}} {{$l.status}} {{with index $l \"terrarium-digest\"}}{{.}}{{else}}<none>{{end}}{{if and (eq $l.status \"deployed\") (index $l \"terrarium-digest\")}} {{.data.release | base64decode}}{{end}}\n{{end}}",
];

/// A release as it is in the cluster: its newest revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The newest revision.
    pub revision: u32,
    /// That revision's status.
    pub status: Status,
    /// The digest label; `None` when we did not put it there.
    pub digest: Option<String>,
    /// The newest earlier revision that was once complete.
    pub last_good: Option<u32>,
}

/// Helm's own statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// In place.
    Deployed,
    /// The last operation on it ended in a failure.
    Failed,
    /// A first install is under way, or helm was killed in it.
    PendingInstall,
    /// An upgrade is under way, or helm was killed in it.
    PendingUpgrade,
    /// A rollback is under way, or helm was killed in it.
    PendingRollback,
    /// Being removed, or helm was killed in it.
    Uninstalling,
    /// Removed, its history kept.
    Uninstalled,
    /// Replaced by a later revision.
    Superseded,
    /// A word this version of ours does not know.
    Other(String),
}

impl Status {
    fn parse(word: &str) -> Self {
        match word {
            "deployed" => Self::Deployed,
            "failed" => Self::Failed,
            "pending-install" => Self::PendingInstall,
            "pending-upgrade" => Self::PendingUpgrade,
            "pending-rollback" => Self::PendingRollback,
            "uninstalling" => Self::Uninstalling,
            "uninstalled" => Self::Uninstalled,
            "superseded" => Self::Superseded,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The output is not what [`KUBECTL_ARGS`] asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of the list of helm releases has {seen}, not a namespace, name, revision, status and digest"
)]
pub struct StateError {
    /// 1-based.
    pub line: usize,
    /// What was there instead.
    pub seen: String,
}

/// Reads the output of [`KUBECTL_ARGS`]; empty means no release. Sorted by
/// namespace and name.
pub fn parse(output: &str) -> Result<Vec<Deployed>, StateError> {
    let mut releases: BTreeMap<(String, String), Deployed> = BTreeMap::new();
    let lines = output.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines {
        let found = revision(line).map_err(|seen| StateError { line: index + 1, seen })?;
        let key = (found.namespace.clone(), found.name.clone());
        let merged = match releases.remove(&key) {
            Some(other) => merge(found, other),
            None => found,
        };
        releases.insert(key, merged);
    }
    Ok(releases.into_values().collect())
}

fn revision(line: &str) -> Result<Deployed, String> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let [namespace, name, revision, status, digest] = columns[..] else {
        return Err(format!("{} columns", columns.len()));
    };
    for (what, word) in [("namespace", namespace), ("name", name)] {
        if !is_subdomain(word) {
            return Err(format!("the {what} `{word}`"));
        }
    }
    if !is_word(status, "") || !(digest == "<none>" || is_word(digest, "")) {
        return Err(format!("the status `{status}` with the digest `{digest}`"));
    }
    let number = revision.parse().map_err(|_| format!("the revision `{revision}`"))?;
    Ok(Deployed {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        revision: number,
        status: Status::parse(status),
        digest: (digest != "<none>").then(|| digest.to_owned()),
        last_good: None,
    })
}

/// The newer of two, remembering the older when it was complete.
fn merge(one: Deployed, other: Deployed) -> Deployed {
    let (mut newer, older) =
        if one.revision > other.revision { (one, other) } else { (other, one) };
    let complete = matches!(older.status, Status::Deployed | Status::Superseded);
    let older_good = complete.then_some(older.revision).max(older.last_good);
    newer.last_good = newer.last_good.max(older_good);
    newer
}

#[cfg(test)]
mod tests;
