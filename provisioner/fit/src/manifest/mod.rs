//! Manifests as `kubectl get -o yaml` and helm print them: YAML or JSON, one
//! document or many, single objects or Lists. Nodes and workloads come out in
//! file order, which is taken as the order of arrival; `DaemonSet`s, which
//! need the nodes, get a pod for each that takes them.

mod at;
mod node;
mod pod;
mod resized;
mod term;
mod whole;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::limit;
use crate::model::{Node, Pod};
use at::At;

/// Why manifests cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The text is neither YAML nor JSON.
    #[error("not YAML: {0}")]
    Syntax(String),
    /// A field is not what Kubernetes has there.
    #[error("document {document}, {object}: `{field}`: {problem}")]
    Field {
        /// Counted from 1.
        document: usize,
        /// `Deployment/web`, or what is known of it.
        object: String,
        /// `spec.template.spec.containers[0].image`.
        field: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A pod is asked for twice.
    #[error("{0} is there twice")]
    Twice(String),
}

/// What manifests say.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The pods, in order.
    pub pods: Vec<Pod>,
    /// Objects that make no pods and are none we read, by kind.
    pub ignored: BTreeMap<String, usize>,
}

/// More pods than a cluster has; a number above is a slip or an attack.
pub(crate) const PODS_MAX: u64 = 150_000;

/// So many values may stand for others by an alias: a file of some lines can
/// stand for a million.
const REPEATED_MAX: usize = 100_000;

/// The nodes of a text.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn nodes(text: &str) -> Result<Vec<Node>, ManifestError> {
    all_nodes(&objects(text)?)
}

/// The nodes of a text and the pods on them, read once: a cluster's list of
/// everything is long.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn cluster(text: &str) -> Result<(Vec<Node>, Manifests), ManifestError> {
    let objects = objects(text)?;
    let nodes = all_nodes(&objects)?;
    let pods = workload::pods(&objects, &nodes)?;
    Ok((nodes, pods))
}

fn all_nodes(objects: &[Object]) -> Result<Vec<Node>, ManifestError> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut names = BTreeSet::new();
    for object in objects.iter().filter(|object| object.kind == "Node") {
        limit::check();
        let node = node::node(&object.at())?;
        if !names.insert(node.name.clone()) {
            return Err(ManifestError::Twice(format!("Node/{}", node.name)));
        }
        nodes.push(node);
    }
    Ok(nodes)
}

/// The pods of a text, on these nodes.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn pods(text: &str, nodes: &[Node]) -> Result<Manifests, ManifestError> {
    workload::pods(&objects(text)?, nodes)
}

/// One object, and where it stood.
pub(crate) struct Object {
    document: usize,
    kind: String,
    name: String,
    namespace: String,
    value: Value,
}

impl Object {
    fn at(&self) -> At<'_> {
        At::new(&self.value, self.document, format!("{}/{}", self.kind, self.name))
    }
}

/// All objects of all documents, Lists opened.
fn objects(text: &str) -> Result<Vec<Object>, ManifestError> {
    // `n` and `on` are names as good as any.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED_MAX },
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| ManifestError::Syntax(error.to_string()))?;
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        open(document, index + 1, &mut objects, 0)?;
    }
    Ok(objects)
}

/// A List may hold Lists, but not without end.
const DEPTH_MAX: usize = 4;

fn open(
    mut value: Value,
    document: usize,
    objects: &mut Vec<Object>,
    depth: usize,
) -> Result<(), ManifestError> {
    if value.is_null() {
        return Ok(());
    }
    let at = At::new(&value, document, "the document".to_owned());
    let kind = at.get("kind").text()?.to_owned();
    if (kind == "List" || kind.ends_with("List")) && depth < DEPTH_MAX {
        at.get("items").items()?;
        let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) else {
            return Ok(());
        };
        for item in items {
            limit::check();
            open(item, document, objects, depth + 1)?;
        }
        return Ok(());
    }
    let named = At::new(&value, document, kind.clone());
    let name = named.get("metadata").get("name").text_or("")?.to_owned();
    let namespace = named.get("metadata").get("namespace").text_or("default")?.to_owned();
    objects.push(Object { document, kind, name, namespace, value });
    Ok(())
}
