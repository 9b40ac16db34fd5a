//! From what is asked to the problem the verdict is about.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use terrarium_fit::manifest::{self, File, Growth, Manifests, Refusal, Taken, Unjudged, Why};
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
    /// What is there and was not judged, although it may make a difference.
    pub unjudged: Unjudged,
    /// Pods that the API server does not take.
    pub refused: Vec<Refusal>,
    /// Workloads that may be scaled further.
    pub growth: Vec<Growth>,
    /// The same with all of those as far as they go.
    pub at_most: Option<Arc<Problem>>,
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
    let mut unjudged = Unjudged::new();
    let mut refused = Vec::new();
    let mut about = BTreeMap::from([(
        k3s::SERVICE.to_owned(),
        About { title: "Pods of k3s".to_owned(), group: "Cluster".to_owned(), needs: Vec::new() },
    )]);
    // A volume made by hand is there once, for whichever service comes first.
    let mut taken = Taken::default();
    let storage = File { name: "the cluster's volumes", text: &parts.storage };
    for part in &parts.services {
        let files = [File { name: "", text: &part.manifests }, storage];
        let read = manifest::pods_beside(&files, &low, &mut taken);
        let read = read.map_err(|error| wrong(&part.name, &error))?;
        unjudged.extend(read.unjudged);
        let of_part = |refusal| Refusal { service: part.name.clone(), ..refusal };
        refused.extend(read.refused.into_iter().map(of_part));
        for mut pod in read.pods {
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
    let (growth, at_most) = (Vec::new(), None);
    Ok(Asked { low: Arc::new(low), high, jobs, about, sites, unjudged, refused, growth, at_most })
}

/// Anybody's pods on anybody's nodes, in file order.
pub(crate) fn of_manifests(
    nodes: &[(String, String)],
    texts: &[(String, String)],
) -> Result<Asked, Failure> {
    let wrong = |error: manifest::ManifestError| {
        Failure::new(Code::Usage, "the manifests cannot be judged", &error)
    };
    let template = texts.iter().any(|(_, text)| text.contains("{{"));
    let wrong = |error| {
        wrong(error).hint(template.then(|| {
            "`helm template` makes manifests of templates, which these seem to be".to_owned()
        }))
    };
    let nodes = manifest::nodes_of(&files(nodes)).map_err(wrong)?;
    if nodes.is_empty() {
        return Err(Failure::plain(Code::Usage, "--nodes: there is no object of kind Node")
            .hint(Some("`kubectl get nodes -o yaml` prints them".to_owned())));
    }
    let Manifests { pods, unjudged, refused, growth, at_most, objects } =
        manifest::pods_of(&files(texts), &nodes).map_err(wrong)?;
    if pods.is_empty() && refused.is_empty() {
        return Err(nothing(objects, &unjudged));
    }
    let about = pods
        .iter()
        .map(|pod| {
            limit::check();
            let (title, group) = (pod.service.clone(), pod.namespace.clone());
            (pod.service.clone(), About { title, group, needs: Vec::new() })
        })
        .collect();
    let at_most = at_most.map(|pods| Arc::new(Problem { nodes: nodes.clone(), pods }));
    let low = Arc::new(Problem { nodes, pods });
    let high = Arc::clone(&low);
    let (jobs, sites) = (Vec::new(), Vec::new());
    Ok(Asked { low, high, jobs, about, sites, unjudged, refused, growth, at_most })
}

fn files(texts: &[(String, String)]) -> Vec<File<'_>> {
    texts.iter().map(|(name, text)| File { name, text }).collect()
}

/// That no pod is there to be judged, and what is there instead.
fn nothing(objects: usize, unjudged: &Unjudged) -> Failure {
    let what = "there is nothing to judge: no object of --manifests makes a pod";
    let failure = Failure::plain(Code::Usage, what);
    if objects == 0 {
        return failure.hint(Some(
            "the files are empty; `helm template` and `kubectl get -o yaml` \
                                  print manifests"
                .to_owned(),
        ));
    }
    if unjudged.is_empty() {
        let has = if objects == 1 { "object" } else { "objects" };
        let hint = format!("the files have {objects} {has}, none of them a workload or a Pod");
        return failure.hint(Some(hint));
    }
    let hint = unjudged.keys().any(|(why, _)| *why == Why::MakesPods).then(|| {
        "what an operator makes of its resources, a cluster shows: kubectl get pods -A -o yaml"
            .to_owned()
    });
    Failure { causes: told(unjudged), ..failure }.hint(hint)
}

/// What was not judged, in a sentence for each reason.
pub(crate) fn told(unjudged: &Unjudged) -> Vec<String> {
    let mut by: BTreeMap<Why, Vec<String>> = BTreeMap::new();
    for ((why, what), count) in unjudged {
        by.entry(*why).or_default().push(format!("{count} {what}"));
    }
    by.iter()
        .map(|(why, what)| {
            format!("not judged: {}; {}", listed_up_to(what, NAMED_MAX), why.as_str())
        })
        .collect()
}

/// As many are named before the rest is counted.
const NAMED_MAX: usize = 6;

fn listed_up_to(names: &[String], most: usize) -> String {
    let (shown, more) = names.split_at(names.len().min(most));
    let mut list = shown.join(", ");
    if !more.is_empty() {
        let _ = write!(list, " and {} more", more.len());
    }
    list
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
