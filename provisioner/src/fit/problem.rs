//! From what is asked to the problem the verdict is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrarium_fit::manifest;
use terrarium_fit::model::{Node, Owner, Pod, Problem};
use terrarium_fit::{filter, k3s, limit};

use super::kubelet::node;
use super::site::Site;
use super::stack::Parts;
use crate::error::{Code, Failure};

/// What is known of a service besides its pods.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub title: String,
    pub group: String,
    pub needs: Vec<String>,
}

/// What is judged.
#[derive(Debug)]
pub(crate) struct Asked {
    /// With the nodes as small as they may be, and as large.
    pub low: Arc<Problem>,
    pub high: Arc<Problem>,
    /// Pods that run once and end: they need room beside the others.
    pub jobs: Vec<Pod>,
    /// By service.
    pub about: BTreeMap<String, About>,
    /// By node, where it is known what the node is.
    pub sites: Vec<Site>,
}

/// The services of charts or stand-ins on these nodes, behind k3s' own pods.
pub(crate) fn of_parts(
    parts: &Parts,
    sites: Vec<Site>,
    disabled: &[String],
    stock: bool,
) -> Result<Asked, Failure> {
    let nodes = |memory: fn(&Site) -> u64| -> Result<Vec<Node>, Failure> {
        sites.iter().map(|site| node(site, memory(site), stock)).collect()
    };
    let (low, high) = (nodes(|site| site.memory.low)?, nodes(|site| site.memory.high)?);
    let wrong = |what: &str, error: &manifest::ManifestError| {
        Failure::internal(&format!("the manifests of {what} cannot be judged"), error)
    };
    let mut pods = k3s::own(&low, disabled).map_err(|error| wrong("k3s", &error))?;
    let mut jobs = Vec::new();
    let mut about = BTreeMap::from([(
        k3s::SERVICE.to_owned(),
        About { title: "Pods of k3s".to_owned(), group: "Cluster".to_owned(), needs: Vec::new() },
    )]);
    for part in &parts.services {
        let read = manifest::pods(&part.manifests, &low);
        for mut pod in read.map_err(|error| wrong(&part.name, &error))?.pods {
            pod.service.clone_from(&part.name);
            // After k3s' own.
            pod.wave = part.wave + 1;
            let once = matches!(pod.owner, Owner::Job { .. });
            (if once { &mut jobs } else { &mut pods }).push(pod);
        }
        let (title, group, needs) = (part.title.clone(), part.group.clone(), part.needs.clone());
        about.insert(part.name.clone(), About { title, group, needs });
    }
    let low = Problem { nodes: low, pods };
    let high = Arc::new(Problem { nodes: high, ..low.clone() });
    Ok(Asked { low: Arc::new(low), high, jobs, about, sites })
}

/// Anybody's pods on anybody's nodes, in file order.
pub(crate) fn of_manifests(nodes: &str, texts: &[(String, String)]) -> Result<Asked, Failure> {
    let wrong = |file: &str, error: &manifest::ManifestError| {
        Failure::new(Code::Usage, format!("{file} cannot be judged"), error)
    };
    let nodes = manifest::nodes(nodes).map_err(|error| wrong("--nodes", &error))?;
    if nodes.is_empty() {
        return Err(Failure::plain(Code::Usage, "--nodes: the file has no object of kind Node")
            .hint(Some("`kubectl get nodes -o yaml` prints them".to_owned())));
    }
    // Claims and classes may lie in another file than the pods that name them.
    let text: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let files: Vec<&str> = texts.iter().map(|(file, _)| file.as_str()).collect();
    let read = manifest::pods(&text.join("\n---\n"), &nodes);
    let pods = read.map_err(|error| wrong(&files.join(", "), &error))?.pods;
    let about = pods
        .iter()
        .map(|pod| {
            limit::check();
            let (title, group) = (pod.service.clone(), pod.namespace.clone());
            (pod.service.clone(), About { title, group, needs: Vec::new() })
        })
        .collect();
    let low = Arc::new(Problem { nodes, pods });
    let high = Arc::clone(&low);
    Ok(Asked { low, high, jobs: Vec::new(), about, sites: Vec::new() })
}

impl Asked {
    /// What is known of a service; its own name where nothing is.
    pub(crate) fn about(&self, service: &str) -> About {
        self.about.get(service).cloned().unwrap_or_else(|| About {
            title: service.to_owned(),
            group: "other".to_owned(),
            needs: Vec::new(),
        })
    }
}

/// Reasons a scheduler would give, in words.
pub(crate) fn reasons(reasons: &[(filter::Reason, usize)]) -> String {
    let said: Vec<String> = reasons
        .iter()
        .map(|(reason, nodes)| match nodes {
            1 => format!("1 node {}", reason.as_str()),
            nodes => format!("{nodes} nodes: each {}", reason.as_str()),
        })
        .collect();
    if said.is_empty() { "no node is left for it".to_owned() } else { said.join(", ") }
}
