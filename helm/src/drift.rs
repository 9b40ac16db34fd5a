//! Objects of releases that are not as helm made them: what somebody deleted,
//! scaled to nothing, or what took their kind away. Pure: the answers of the
//! cluster go in as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

/// Kinds whose objects are listed by name in the stack's namespace, or that have no
/// namespace. A finished Job may be cleared away by anybody.
pub const KINDS: [&str; 12] = [
    "Secret",
    "ConfigMap",
    "Service",
    "ServiceAccount",
    "Deployment",
    "StatefulSet",
    "NetworkPolicy",
    "Ingress",
    "PriorityClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "Job",
];

/// What every object is told by: words, of which the last may be several.
const COLUMNS: &str = "--output=custom-columns=K:.kind,S:.metadata.namespace,N:.metadata.name,\
    E:.metadata.deletionTimestamp,R:.spec.replicas,A:.status.readyReplicas,\
    I:.spec.clusterIP,V:.spec.serviceName,P:.spec.podManagementPolicy,\
    Z:.spec.volumeClaimTemplates[*].spec.resources.requests.storage,\
    C:.spec.volumeClaimTemplates[*].spec.storageClassName,T:.type,W:.value,O:.roleRef.name,\
    L:.spec.selector.matchLabels";

/// What `kubectl` is asked for the objects of [`KINDS`]; no value of a Secret is told.
pub const KUBECTL_ARGS: [&str; 5] = [
    "get",
    "secrets,configmaps,services,serviceaccounts,deployments.apps,statefulsets.apps,\
     networkpolicies.networking.k8s.io,ingresses.networking.k8s.io,\
     priorityclasses.scheduling.k8s.io,clusterroles.rbac.authorization.k8s.io,\
     clusterrolebindings.rbac.authorization.k8s.io",
    "--namespace=terrarium",
    "--no-headers",
    COLUMNS,
];

/// The same for other kinds, after `get` and the kinds.
pub const OTHERS_ARGS: [&str; 4] =
    ["--all-namespaces", "--selector=app.kubernetes.io/part-of=terrarium", "--no-headers", COLUMNS];

/// As many objects as a reason names.
const NAMED_MAX: usize = 5;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: String,
    /// Its namespace; `None` for one that has none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// An object of a release that is not as helm made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub key: Key,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is not there.
    Missing,
    /// The API does not know its kind any more.
    UnknownKind,
    /// It is being deleted, and something holds it.
    Ending,
    /// It has no pods and is wished with some.
    Scaled {
        /// How many were wished.
        wished: u32,
    },
}

/// What is there of an object, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Live {
    ends: bool,
    replicas: Option<u32>,
    ready: u32,
    /// Fields Kubernetes lets nobody change, in kubectl's words.
    pub fixed: BTreeMap<Field, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    key: Key,
    /// `Kind.version.group` of a kind that is asked for by that.
    kind: String,
    replicas: Option<u32>,
}

/// A release's objects as helm's record in place has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Record {
    revision: u32,
    made: Vec<Made>,
}

/// What helm made and what is there of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Objects {
    records: BTreeMap<String, Record>,
    live: BTreeMap<Key, Live>,
    unknown: BTreeSet<String>,
}

/// A line is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list of {what} has {seen} words")]
pub struct ObjectsError {
    what: &'static str,
    /// 1-based.
    line: usize,
    seen: usize,
}

impl Objects {
    /// Reads what helm made (release, kind, version, namespace, name and replicas, or
    /// release, `=` and revision) and what is there (see [`KUBECTL_ARGS`]).
    pub fn parse(made: &str, there: &str) -> Result<Self, ObjectsError> {
        let mut objects = Self::default();
        objects.read_made(made)?;
        objects.read_there(there)?;
        Ok(objects)
    }

    fn read_made(&mut self, text: &str) -> Result<(), ObjectsError> {
        let mut open: Vec<Made> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                [] => {}
                [release, "=", revision] => {
                    let revision = revision.parse().unwrap_or_default();
                    let made = std::mem::take(&mut open);
                    let record = self.records.entry(release.to_owned()).or_default();
                    // A helm that was killed leaves two in place: the newer one counts.
                    if revision >= record.revision {
                        *record = Record { revision, made };
                    }
                }
                [_, kind, version, namespace, name, replicas] => {
                    let asked = match version.split_once('/') {
                        Some((group, version)) => format!("{kind}.{version}.{group}"),
                        None => kind.to_owned(),
                    };
                    open.push(Made {
                        key: key(kind, namespace, "-", name),
                        kind: asked,
                        replicas: replicas.parse().ok(),
                    });
                }
                ref words => return Err(wrong("objects helm made", index, words)),
            }
        }
        Ok(())
    }

    fn read_there(&mut self, text: &str) -> Result<(), ObjectsError> {
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                ["unknown", kind] => {
                    self.unknown.insert(kind.to_owned());
                }
                [kind, namespace, name, ends, replicas, ready, ref fields @ ..]
                    if fields.len() >= FIXED.len() =>
                {
                    let mut fixed = BTreeMap::new();
                    let (last, fields) = (fields[FIXED.len() - 1..].join(" "), fields);
                    for (field, word) in FIXED.iter().zip(fields) {
                        fixed.insert(*field, (*word).to_owned());
                    }
                    fixed.insert(Field::Selector, last);
                    fixed.retain(|_, word| word != NONE);
                    let live = Live {
                        ends: ends != NONE,
                        replicas: replicas.parse().ok(),
                        ready: ready.parse().unwrap_or_default(),
                        fixed,
                    };
                    self.live.insert(key(kind, namespace, NONE, name), live);
                }
                _ => return Err(wrong("objects", index, &words)),
            }
        }
        Ok(())
    }

    /// The revision helm has in place of a release, as far as its record was read.
    pub fn revision(&self, release: &str) -> Option<u32> {
        self.records.get(release).map(|record| record.revision)
    }

    /// What is there of an object.
    pub fn live(&self, key: &Key) -> Option<&Live> {
        self.live.get(key)
    }

    /// The objects of a release that are not as they were made.
    pub fn lost(&self, release: &str) -> Vec<Lost> {
        let made = self.records.get(release).map(|record| record.made.as_slice());
        let made = made.unwrap_or_default().iter().filter(|made| made.key.kind != "Job");
        made.filter_map(|made| {
            let why = match self.live.get(&made.key) {
                None if self.unknown.contains(&made.kind) => Why::UnknownKind,
                None => Why::Missing,
                Some(live) if live.ends => Why::Ending,
                Some(live) => match (made.replicas, live.replicas) {
                    (Some(wished), Some(0)) if wished > 0 => Why::Scaled { wished },
                    _ => return None,
                },
            };
            Some(Lost { key: made.key.clone(), why })
        })
        .collect()
    }

    /// Workloads of a release that are there and wished with pods,
    /// and have none that is ready.
    pub fn without_pods(&self, release: &str) -> Vec<&Key> {
        let made = self.records.get(release).map(|record| record.made.as_slice());
        let made = made.unwrap_or_default().iter().filter(|made| made.replicas > Some(0));
        made.filter(|made| self.live.get(&made.key).is_some_and(|live| live.ready == 0))
            .map(|made| &made.key)
            .collect()
    }
}

/// kubectl's word for what is not there.
const NONE: &str = "<none>";

/// A field of an object that Kubernetes lets nobody change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `spec.clusterIP` of a Service.
    ClusterIp,
    /// `spec.serviceName`.
    ServiceName,
    /// `spec.podManagementPolicy`.
    PodManagement,
    /// The size of a volume that each pod gets.
    Size,
    /// The storage class of such a volume.
    Class,
    /// `type` of a Secret.
    SecretType,
    /// `value` of a priority class.
    Value,
    /// `roleRef.name`.
    Role,
    /// `spec.selector.matchLabels`.
    Selector,
}

/// The last columns of [`COLUMNS`], the one of several words at the end.
const FIXED: [Field; 9] = [
    Field::ClusterIp,
    Field::ServiceName,
    Field::PodManagement,
    Field::Size,
    Field::Class,
    Field::SecretType,
    Field::Value,
    Field::Role,
    Field::Selector,
];

/// The manifest of an object that has no namespace may say none, one of its release's
/// namespace as well: both are told as kubectl does.
fn key(kind: &str, namespace: &str, none: &str, name: &str) -> Key {
    const BARE: [&str; 3] = ["PriorityClass", "ClusterRole", "ClusterRoleBinding"];
    let bare = namespace == none || BARE.contains(&kind);
    let namespace = (!bare).then(|| namespace.to_owned());
    Key { kind: kind.to_owned(), namespace, name: name.to_owned() }
}

fn wrong(what: &'static str, index: usize, words: &[&str]) -> ObjectsError {
    ObjectsError { what, line: index + 1, seen: words.len() }
}

impl Lost {
    /// Whether it has something in it that cannot be made again.
    pub fn is_secret(&self) -> bool {
        self.key.kind == "Secret" && self.why == Why::Missing
    }
}

impl Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { kind, namespace, name } = &self.key;
        write!(out, "{kind} {name}")?;
        if let Some(namespace) =
            namespace.as_deref().filter(|own| *own != crate::release::NAMESPACE)
        {
            write!(out, " in {namespace}")?;
        }
        match self.why {
            Why::Missing => out.write_str(" is missing"),
            Why::UnknownKind => out.write_str(" is missing, as the cluster does not know its kind"),
            Why::Ending => out.write_str(" is being deleted"),
            Why::Scaled { wished } => write!(out, " is scaled to 0 of {wished}"),
        }
    }
}

/// All of them as one reason; the ones that matter most come first.
pub fn told(lost: &[Lost]) -> String {
    let mut lost: Vec<&Lost> = lost.iter().collect();
    lost.sort_by_key(|lost| !lost.is_secret());
    let more = lost.len().saturating_sub(NAMED_MAX);
    let named = lost.iter().take(NAMED_MAX).map(ToString::to_string);
    let more = (more > 0).then(|| format!("{more} more"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
