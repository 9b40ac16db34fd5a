//! What is to run, as Kubernetes would be given it: charts rendered for the
//! boards, or stand-ins.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use terrarium_helm::board::place;
use terrarium_helm::card::CannotRun;
use terrarium_helm::release::NAMESPACE;
use terrarium_helm::runner::Helm;
use terrarium_inventory::Inventory;
use terrarium_k3s::storage::Storage;
use terrarium_plan::Facts;

use super::answer::{Remark, Weight};
use super::profile;
use super::site::Site;
use crate::error::{Code, Failure};
use crate::stack::{Stack, Wish};

/// The service that has no pods and all others' priority classes.
const FOUNDATION: &str = "foundation";

/// One service to judge.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub name: String,
    pub title: String,
    pub group: String,
    /// The services it does not run without.
    pub needs: Vec<String>,
    /// The wave it starts in.
    pub wave: u32,
    /// Its objects, with the priority classes they name: YAML documents.
    pub manifests: String,
}

/// All of them, and those that run on none of the boards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub services: Vec<Part>,
    /// Services no board runs, each with why.
    pub refused: Vec<Remark>,
    /// What the user should know of the others.
    pub notes: Vec<Remark>,
    /// Volumes, claims and storage classes of the cluster they go to, as a YAML document;
    /// empty where it is not known.
    pub storage: String,
}

impl Parts {
    /// The same for the cluster of this server, as far as its nodes are those of the
    /// inventory.
    pub(crate) fn in_cluster(mut self, inventory: &Inventory, server: Option<&Facts>) -> Self {
        let Some(cluster) = server.and_then(|facts| facts.cluster.as_ref()) else { return self };
        let Some(storage) = &cluster.storage else { return self };
        let named = |name: &str| inventory.nodes.iter().any(|node| node.name == name);
        let nodes = cluster.nodes.iter().map(|node| node.name.as_str());
        let others: Vec<&str> = nodes.filter(|name| !named(name)).collect();
        self.stored(storage, &others);
        self
    }

    /// With these volumes there. Nodes that are not judged may have some, which is no
    /// reason to refuse what uses them.
    pub(crate) fn stored(&mut self, storage: &Storage, others: &[&str]) {
        self.storage = storage.without(others).manifests().to_string();
    }
}

/// What is to be deployed, rendered by helm with the values it would be deployed
/// with. Touches neither nodes nor cluster.
pub(crate) async fn charts(stack: &Stack, wish: &Wish, helm: &Helm) -> Result<Parts, Failure> {
    let mut parts = Vec::new();
    let mut classes = String::new();
    for (release, wave) in wish.releases() {
        let name = release.name.as_str();
        let Some(service) = stack.catalogue.get(name) else { continue };
        if wish.refused.iter().any(|refused| refused == name) {
            continue;
        }
        let rendered = helm.rendered(release).await;
        let manifests = rendered.map_err(|error| Failure::of(Code::Change, &error))?;
        if name == FOUNDATION {
            classes = manifests;
            continue;
        }
        let needs = service.card.needs.iter().map(ToString::to_string);
        parts.push(Part {
            name: name.to_owned(),
            title: service.card.title.clone(),
            group: service.card.group.clone(),
            needs: needs.filter(|need| need != FOUNDATION).collect(),
            wave: u32::try_from(wave).unwrap_or(u32::MAX),
            manifests,
        });
    }
    for part in &mut parts {
        part.manifests = format!("{classes}\n---\n{}", part.manifests);
    }
    let remark = |weight| {
        move |refusal: &terrarium_plan::Refusal| Remark {
            about: if refusal.id == "board" { "cpu" } else { "sizes" },
            service: None,
            weight,
            what: refusal.what.clone(),
            hint: Some(refusal.hint.clone()),
        }
    };
    let mut refused: Vec<Remark> = wish.refusals.iter().map(remark(Weight::Refusal)).collect();
    for (remark, name) in refused.iter_mut().zip(&wish.refused) {
        remark.service = Some(name.clone());
    }
    let notes = wish.notes.iter().map(remark(Weight::Note)).collect();
    Ok(Parts { services: parts, refused, notes, storage: String::new() })
}

/// The services of a stand-in, placed on boards that can run them.
pub(crate) fn stand_in(name: &str, without: &[String], sites: &[Site]) -> Result<Parts, Failure> {
    let services = profile::load(name, without)?;
    let boards: Vec<_> = sites.iter().map(Site::board).collect();
    let mut all = Parts::default();
    let deployed: BTreeSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
    for (wave, services) in profile::waves(&services).into_iter().enumerate() {
        for service in services {
            let cases: Vec<CannotRun> = service.cannot_run.iter().map(cannot_run).collect();
            match place(&service.name, &cases, &Value::Null, &Value::Null, &boards) {
                Ok(placement) => all.services.push(Part {
                    name: service.name.clone(),
                    title: service.title.clone(),
                    group: service.group.clone(),
                    needs: needed(service, &deployed),
                    wave: u32::try_from(wave).unwrap_or(u32::MAX),
                    manifests: format!(
                        "{}\n---\n{}",
                        classes(),
                        service.manifests(NAMESPACE, &placement.values["nodeSelector"])
                    ),
                }),
                Err(refused) => all.refused.push(Remark {
                    about: "cpu",
                    service: Some(service.name.clone()),
                    weight: Weight::Refusal,
                    what: refused.what,
                    hint: Some(format!(
                        "take other boards, or leave it out: --without {}",
                        service.name
                    )),
                }),
            }
        }
    }
    Ok(all)
}

fn needed(service: &profile::Service, deployed: &BTreeSet<&str>) -> Vec<String> {
    service.needs.iter().filter(|need| deployed.contains(need.as_str())).cloned().collect()
}

fn cannot_run(case: &profile::CannotRun) -> CannotRun {
    CannotRun {
        boards: Vec::new(),
        arch_below: Some(case.arch_below.clone()),
        reason: case.reason.clone(),
        instead: None,
    }
}

/// The foundation's priority classes.
fn classes() -> Value {
    let class = |(name, value): (&str, i64)| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": format!("terrarium-{name}")},
            "value": value,
        })
    };
    let items: Vec<Value> = [("store", 1_000_000), ("app", 750_000), ("tool", 500_000)]
        .into_iter()
        .map(class)
        .collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
