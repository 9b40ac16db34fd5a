//! Manifests as `kubectl get -o yaml` and helm print them: YAML or JSON, one
//! document or many, single objects or Lists. Nodes and workloads come out in
//! file order, which is taken as the order of arrival; `DaemonSet`s, which
//! need the nodes, get a pod for each that takes them.

mod admission;
mod at;
mod autoscaler;
mod balancer;
mod beyond;
mod daemon;
mod kind;
mod node;
mod pod;
mod resized;
mod running;
mod taken;
mod term;
mod text;
mod volume;
mod whole;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::limit;
use crate::model::{Node, Pod};
pub use admission::Refusal;
use at::At;
pub use autoscaler::Growth;
use autoscaler::Scale;
use kind::Kind;
pub use kind::{Unjudged, Why};
pub use taken::Taken;
pub use text::{File, Place};

/// Why manifests cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The text is neither YAML nor JSON.
    #[error("{}line {line}: {why}", named(file))]
    Syntax {
        /// The file's name; empty where there is none.
        file: Arc<str>,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// A field is not what Kubernetes has there.
    #[error("{place}, {object}: `{field}`: {problem}")]
    Field {
        /// The document.
        place: Place,
        /// `Deployment/web`, or what is known of it.
        object: String,
        /// `spec.template.spec.containers[0].image`.
        field: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// An object is there twice.
    #[error("{what} is there twice: {first}; and {second}")]
    Twice {
        /// `Node/pi-1`, `Pod default/web-0`.
        what: String,
        /// Where first.
        first: Place,
        /// Where again.
        second: Place,
    },
}

fn named(file: &str) -> String {
    if file.is_empty() { String::new() } else { format!("{file} ") }
}

/// What manifests say.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The pods, in order.
    pub pods: Vec<Pod>,
    /// What is there and was not judged, although it may make a difference.
    pub unjudged: Unjudged,
    /// Pods that are not among them, as the API server takes none of them.
    pub refused: Vec<Refusal>,
    /// Workloads that an autoscaler may scale further.
    pub growth: Vec<Growth>,
    /// The pods with all of those as far as they go, where there are any.
    pub at_most: Option<Vec<Pod>>,
    /// How many objects there are in all.
    pub objects: usize,
}

/// More pods than a cluster has; a number above is a slip or an attack.
pub(crate) const PODS_MAX: u64 = 150_000;

/// The nodes of a text.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn nodes(text: &str) -> Result<Vec<Node>, ManifestError> {
    nodes_of(&[File { name: "", text }])
}

/// The nodes of files.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn nodes_of(files: &[File<'_>]) -> Result<Vec<Node>, ManifestError> {
    all_nodes(&objects(files)?)
}

/// The nodes of a text and the pods on them, read once: a cluster's list of
/// everything is long.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn cluster(text: &str) -> Result<(Vec<Node>, Manifests), ManifestError> {
    let objects = objects(&[File { name: "", text }])?;
    let nodes = all_nodes(&objects)?;
    let pods = workload::pods(&objects, &nodes, Scale::Start, &mut Taken::default())?;
    Ok((nodes, pods))
}

fn all_nodes(objects: &[Object]) -> Result<Vec<Node>, ManifestError> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut places: BTreeMap<String, &Place> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.kind.is("Node")) {
        limit::check();
        let node = node::node(&object.at())?;
        if let Some(first) = places.insert(node.name.clone(), &object.place) {
            return Err(ManifestError::Twice {
                what: format!("Node/{}", node.name),
                first: first.clone(),
                second: object.place.clone(),
            });
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
    pods_of(&[File { name: "", text }], nodes)
}

/// The pods of files, on these nodes: claims and classes may lie in another file
/// than the pods that name them.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn pods_of(files: &[File<'_>], nodes: &[Node]) -> Result<Manifests, ManifestError> {
    pods_beside(files, nodes, &mut Taken::default())
}

/// The same beside the pods of files that were read before: what of the volumes made by
/// hand those take is not there for these.
///
/// # Errors
/// [`ManifestError`]: the first thing that is wrong.
pub fn pods_beside(
    files: &[File<'_>],
    nodes: &[Node],
    taken: &mut Taken,
) -> Result<Manifests, ManifestError> {
    let objects = objects(files)?;
    let mut before = taken.clone();
    let mut found = workload::pods(&objects, nodes, Scale::Start, taken)?;
    if !found.growth.is_empty() {
        // More than any cluster has is no error: nobody scales so far.
        let most = workload::pods(&objects, nodes, Scale::Most, &mut before).ok();
        found.at_most = most.map(|most| most.pods);
    }
    Ok(found)
}

/// One object, and where it stood.
pub(crate) struct Object {
    place: Place,
    kind: Kind,
    name: String,
    namespace: String,
    value: Value,
}

impl Object {
    fn at(&self) -> At<'_> {
        At::new(&self.value, self.place.clone(), format!("{}/{}", self.kind.name, self.name))
    }
}

/// All objects of all documents, Lists opened.
fn objects(files: &[File<'_>]) -> Result<Vec<Object>, ManifestError> {
    let mut objects = Vec::new();
    for file in files {
        for (place, document) in text::documents(file)? {
            open(document, &place, &mut objects, 0)?;
        }
    }
    unnamed(&mut objects);
    Ok(objects)
}

/// Objects of one `generateName`: as many as there may be pods.
const MANY: u64 = PODS_MAX;

/// Names for what the API server would name: `generateName`, and a number that no
/// other has.
fn unnamed(objects: &mut [Object]) {
    let mut names: BTreeSet<(Kind, String, String)> = objects
        .iter()
        .map(|one| (one.kind.clone(), one.namespace.clone(), one.name.clone()))
        .collect();
    for object in objects.iter_mut().filter(|object| object.name.is_empty()) {
        let begin = object.value["metadata"]["generateName"].as_str().unwrap_or_default();
        let free = |name: &String| {
            !names.contains(&(object.kind.clone(), object.namespace.clone(), name.clone()))
        };
        let mut names_of = (1..=MANY).map(|number| format!("{begin}{number}"));
        object.name = names_of.find(free).unwrap_or_default();
        names.insert((object.kind.clone(), object.namespace.clone(), object.name.clone()));
    }
}

/// A List may hold Lists, but not without end.
const DEPTH_MAX: usize = 4;

fn open(
    mut value: Value,
    place: &Place,
    objects: &mut Vec<Object>,
    depth: usize,
) -> Result<(), ManifestError> {
    if value.is_null() {
        return Ok(());
    }
    // A list of objects without a List around it, as some tools print.
    let items = if let Value::Array(items) = &mut value {
        Some(std::mem::take(items))
    } else {
        let at = At::new(&value, place.clone(), "the document".to_owned());
        let kind = at.get("kind").text()?;
        let is_list = kind.ends_with("List") && at.value.get("items").is_some();
        if is_list {
            at.get("items").items()?;
        }
        is_list.then(|| match value.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    };
    if let Some(items) = items {
        if depth >= DEPTH_MAX {
            let at = At::new(&value, place.clone(), "the document".to_owned());
            return Err(at.wrong(format!("lists lie more than {DEPTH_MAX} deep in each other")));
        }
        for item in items {
            limit::check();
            open(item, place, objects, depth + 1)?;
        }
        return Ok(());
    }
    let at = At::new(&value, place.clone(), "the document".to_owned());
    let (version, name) = (at.get("apiVersion").text_or("")?, at.get("kind").text()?);
    let kind = Kind::new(version, name);
    let named = At::new(&value, place.clone(), kind.name.clone());
    let name = named.get("metadata").get("name").text_or("")?.to_owned();
    let namespace = named.get("metadata").get("namespace").text_or("default")?.to_owned();
    objects.push(Object { place: place.clone(), kind, name, namespace, value });
    Ok(())
}
