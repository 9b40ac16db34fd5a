//! The stack: what the inventory wants deployed, and which releases differ.

#[cfg(test)]
mod alerts;
mod boards;
mod deploy;
mod diff;
mod images;
pub(crate) mod objects;
mod probes;
mod sizes;
pub(crate) mod stuck;
mod watch;
mod wrong;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::Value;
use terrarium_helm::board::{self, Board};
use terrarium_helm::card::ServiceId;
use terrarium_helm::catalogue::{Catalogue, Service};
use terrarium_helm::derive::Site;
use terrarium_helm::overlay::Overlay;
use terrarium_helm::plan::{Kind, ReleaseChange, leftover, plan};
use terrarium_helm::release::{Release, releases};
use terrarium_helm::remove::{RemoveError, removal};
use terrarium_helm::state::Deployed;
use terrarium_helm::{select, state};
use terrarium_inventory::Inventory;
use terrarium_plan::{Cluster, Facts, Refusal, StackChange, ingress_ends};

pub(crate) use boards::boards;
pub(crate) use deploy::helm;
pub(crate) use diff::ReleaseDiff;
pub(crate) use images::{Ask, Pins, asked, machines, named};

use crate::error::{Code, Failure};
use crate::{image, overlay};

/// What refusals and notes about services are said of.
const PART: &str = "stack";
/// The release whose chart makes the certificate of all host names.
const INGRESS: &str = "ingress";
/// Kinds of objects that only k3s' own Traefik has a use for.
const TRAEFIK: &str = ".traefik.io";

/// The services the inventory chooses.
#[derive(Debug)]
pub(crate) struct Stack {
    pub catalogue: Catalogue,
    selected: Vec<ServiceId>,
    /// The wave of each service, from 0.
    waves: BTreeMap<String, usize>,
    /// `[stack]`, as it is written.
    written: terrarium_inventory::Stack,
    /// What was measured, and where that is written.
    overlay: Overlay,
    overlay_path: PathBuf,
    site: Site,
}

/// What is to be deployed on the nodes as they are.
#[derive(Debug)]
pub(crate) struct Wish {
    releases: Vec<Release>,
    waves: BTreeMap<String, usize>,
    /// Kinds of objects the API must know before a service is installed.
    kinds: BTreeMap<String, Vec<String>>,
    /// Services no node can run.
    pub refusals: Vec<Refusal>,
    /// Their names, one for each refusal.
    pub refused: Vec<String>,
    /// Services that are run otherwise than their charts or the sizes measured
    /// say.
    pub notes: Vec<Refusal>,
    /// Services with measured sizes, each with the file they are in.
    sized: BTreeMap<String, String>,
}

impl Stack {
    /// Selects the services; an unknown one is the inventory's mistake.
    pub(crate) fn new(inventory: &Inventory) -> Result<Self, Failure> {
        let catalogue = Catalogue::embedded().map_err(|error| {
            Failure::internal("the charts of this program cannot be read", &error)
        })?;
        let path = overlay::path(&inventory.path);
        let overlay = overlay::read(&path, &catalogue)?;
        Self::of(catalogue, overlay, inventory)
    }

    fn of(catalogue: Catalogue, overlay: Overlay, inventory: &Inventory) -> Result<Self, Failure> {
        let wrong = |error| wrong::selection(&error, inventory);
        let selected = select::select(&inventory.stack, &catalogue).map_err(wrong)?;
        let waves = select::waves(&selected, &catalogue).map_err(wrong)?;
        if let Some(failure) = wrong::values(&catalogue, inventory) {
            return Err(failure);
        }
        let site = Site {
            domain: inventory.cluster.domain.clone(),
            traefik: !inventory.k3s.disable.iter().any(|part| part == "traefik"),
            nodes: inventory.nodes.iter().map(|node| node.name.clone()).collect(),
            agent_login: inventory.agent.login,
            sizes: overlay.values(),
            ..Site::default()
        };
        let numbered = waves.into_iter().enumerate();
        let waves = numbered
            .flat_map(|(wave, ids)| ids.into_iter().map(move |id| (id.as_str().to_owned(), wave)))
            .collect();
        let written = inventory.stack.clone();
        let overlay_path = overlay::path(&inventory.path);
        let stack = Self { catalogue, selected, waves, written, overlay, overlay_path, site };
        stack.contradiction().map_or(Ok(stack), Err)
    }

    /// The services of the inventory, in the order they start.
    pub(crate) fn selected(&self) -> &[ServiceId] {
        &self.selected
    }

    /// The services to remove, in order; a refusal when they have to stay.
    pub(crate) fn removal(
        &self,
        names: &[String],
        deployed: &[Deployed],
    ) -> Result<Vec<String>, Failure> {
        removal(names, &self.selected, &self.written, deployed, &self.catalogue).map_err(|error| {
            let code = match &error {
                RemoveError::Unknown { .. } => Code::Usage,
                RemoveError::Wanted { .. } | RemoveError::Needed { .. } => Code::Refused,
            };
            Failure::of(code, &error).hint(error.hint())
        })
    }

    /// Whether a service runs the image that no registry has.
    pub(crate) fn runs_our_image(&self) -> bool {
        self.services().any(|(id, service)| {
            let written = self.values(id);
            let image =
                |values: &Value, key: &str| values["image"][key].as_str().map(str::to_owned);
            let repository = image(&written, "repository")
                .or_else(|| image(&service.chart.values, "repository"));
            repository.is_some_and(|name| image::is_ours(&name)) && image(&written, "tag").is_none()
        })
    }

    /// What is to be deployed on these boards; `tag` is that of our own image.
    pub(crate) fn wish(&self, boards: &[Board], tag: Option<&str>) -> Wish {
        let mut site = self.site.clone();
        let (mut refusals, mut refused) = (Vec::new(), Vec::new());
        let mut notes = self.notes_on_sizes();
        for (id, service) in self.services() {
            let chart = &service.chart.values;
            if let (Some(tag), Some(name)) = (tag, chart["image"]["repository"].as_str())
                && image::is_ours(name)
            {
                site.images.insert(name.to_owned(), tag.to_owned());
            }
            match board::place(
                id.as_str(),
                &service.card.cannot_run,
                chart,
                &self.values(id),
                boards,
            ) {
                Ok(placement) => {
                    if !placement.values.is_null() {
                        site.boards.insert(id.clone(), placement.values);
                    }
                    notes.extend(placement.note.map(|note| {
                        let hint = format!("other values go into [stack.values.{id}]");
                        Refusal::new(PART, "board", note, hint)
                    }));
                }
                Err(why) => {
                    refusals.push(Refusal::new(PART, "board", why.what, why.hint));
                    refused.push(id.to_string());
                }
            }
        }
        Wish {
            releases: releases(&self.selected, &self.catalogue, &self.written, &site),
            waves: self.waves.clone(),
            kinds: self.kinds(),
            refusals,
            refused,
            notes,
            sized: self.sized(),
        }
    }

    /// The agents' configuration: every node's agent probes the services that
    /// run on it, and the cluster's own ports at the server's address.
    pub(crate) fn probes(&self, server: Option<IpAddr>) -> String {
        let ingress = self.selected.iter().any(|id| id.as_str() == INGRESS);
        let domain = Some(self.site.domain.as_str())
            .filter(|domain| ingress && self.site.traefik && !domain.is_empty());
        let services = self.services().map(|(id, service)| (id, &service.card));
        probes::config(services, server, domain)
    }

    fn services(&self) -> impl Iterator<Item = (&ServiceId, &Service)> {
        self.selected.iter().filter_map(|id| Some((id, self.catalogue.get(id.as_str())?)))
    }

    /// What the inventory writes for a service.
    pub(crate) fn values(&self, id: &ServiceId) -> Value {
        let written = self.written.values.get(id.as_str()).cloned().unwrap_or_default();
        serde_json::to_value(written).unwrap_or_default()
    }

    fn kinds(&self) -> BTreeMap<String, Vec<String>> {
        let needed = |kind: &&String| self.site.traefik || !kind.ends_with(TRAEFIK);
        self.services()
            .map(|(id, service)| {
                (id.to_string(), service.card.crds.iter().filter(needed).cloned().collect())
            })
            .collect()
    }
}

impl Wish {
    /// What differs, as far as the server's facts tell.
    pub(crate) fn changes(&self, server: &Facts) -> Result<Vec<StackChange>, Failure> {
        let changes = self.differing(releases_of(server), server.cluster.as_ref(), server)?;
        Ok(changes
            .into_iter()
            .map(|change| StackChange {
                service: change.release.name.to_string(),
                kind: verb(&change.kind).to_owned(),
                reason: match self.sized.get(change.release.name.as_str()) {
                    Some(file) => format!("{}; sizes are from {file}", change.reason),
                    None => change.reason,
                },
                wave: self.wave(change.release.name.as_str()),
            })
            .collect())
    }

    /// What was deployed by an earlier inventory and is wanted no more.
    pub(crate) fn leftovers(&self, server: &Facts) -> Result<Vec<Refusal>, Failure> {
        let deployed = deployed(releases_of(server))?;
        let note = |found: &Deployed| {
            let name = &found.name;
            Refusal::new(
                PART,
                "leftover",
                format!("`{name}` is deployed and the inventory does not want it any more"),
                format!(
                    "`provision stack remove {name}` with --keep-data or --delete-data removes it"
                ),
            )
        };
        Ok(leftover(&self.releases, &deployed).into_iter().map(note).collect())
    }

    /// The releases in the order they start, each with its wave.
    pub(crate) fn releases(&self) -> impl Iterator<Item = (&Release, usize)> {
        self.releases.iter().map(|release| (release, self.wave(release.name.as_str())))
    }

    fn wave(&self, service: &str) -> usize {
        self.waves.get(service).copied().unwrap_or_default()
    }

    /// What differs between the wish and what the cluster has, as `releases` and `cluster` tell,
    /// and what has to be deployed anew for a certificate that ends.
    fn differing(
        &self,
        releases: &str,
        cluster: Option<&Cluster>,
        server: &Facts,
    ) -> Result<Vec<ReleaseChange>, Failure> {
        let objects = objects::read(cluster)?;
        let mut changes = plan(&self.releases, &deployed(releases)?, objects.as_ref());
        let place =
            |name: &str| self.releases.iter().position(|release| release.name.as_str() == name);
        let planned = changes.iter().any(|change| change.release.name.as_str() == INGRESS);
        if let (Some(at), Some(reason), false) = (place(INGRESS), ingress_ends(server), planned) {
            let earlier = |change: &&ReleaseChange| place(change.release.name.as_str()) < Some(at);
            let before = changes.iter().take_while(earlier).count();
            let release = self.releases[at].clone();
            changes.insert(before, ReleaseChange { release, kind: Kind::Upgrade, reason });
        }
        Ok(changes)
    }
}

/// What the probe's query for releases printed.
fn releases_of(server: &Facts) -> &str {
    server.cluster.as_ref().map_or("", |cluster| cluster.releases.as_str())
}

/// The releases that are in the cluster.
pub(crate) fn deployed(releases: &str) -> Result<Vec<Deployed>, Failure> {
    // The server says it: a fault of the node, not of this program.
    state::parse(releases).map_err(|error| {
        Failure::new(Code::Change, "the cluster's list of releases cannot be read", &error)
            .hint(Some("see what `k3s kubectl get secrets -A -l owner=helm` says there".to_owned()))
    })
}

fn verb(kind: &Kind) -> &'static str {
    match kind {
        Kind::Install => "install",
        Kind::Upgrade => "upgrade",
        Kind::Repair(_) => "repair",
        Kind::Recover(_) => "recover",
    }
}

#[cfg(test)]
mod tests;
