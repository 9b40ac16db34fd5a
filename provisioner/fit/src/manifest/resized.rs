//! Containers that are resized in place: what each has been given already counts
//! beside what it asks for.

use std::collections::BTreeMap;

use super::ManifestError;
use super::at::At;
use crate::model::Resources;
use crate::requests::Part;

/// What running containers have been given, by name.
pub(super) struct Granted {
    /// The node never has room for what is asked: what is given stays.
    infeasible: bool,
    containers: BTreeMap<String, Part>,
}

impl Granted {
    /// From a pod's status; of a template there is none.
    pub(super) fn new(status: &At<'_>) -> Result<Self, ManifestError> {
        let mut containers = BTreeMap::new();
        for list in ["initContainerStatuses", "containerStatuses"] {
            for at in status.get(list).items()? {
                let (resources, allocated) = (at.get("resources"), at.get("allocatedResources"));
                if resources.is_null() {
                    continue;
                }
                let mut requests = resources.get("requests").resources()?;
                requests.max(&allocated.resources()?);
                let says = |name: &str| {
                    !resources.get("requests").get(name).is_null() || !allocated.get(name).is_null()
                };
                let part = Part {
                    requests,
                    limits: resources.get("limits").resources()?,
                    says: (says("cpu"), says("memory")),
                    ..Part::default()
                };
                containers.insert(at.get("name").text()?.to_owned(), part);
            }
        }
        let mut infeasible = false;
        for condition in status.get("conditions").items()? {
            if condition.get("type").text_or("")? == "PodResizePending" {
                infeasible = condition.get("reason").text_or("")? == "Infeasible";
                break;
            }
        }
        Ok(Self { infeasible, containers })
    }

    /// Counts what the container of that name has been given.
    pub(super) fn apply(&self, name: &str, part: &mut Part) {
        let Some(given) = self.containers.get(name) else { return };
        if self.infeasible {
            part.requests = Resources::default();
            part.limits = Resources::default();
            part.says = (false, false);
        }
        part.requests.max(&given.requests);
        part.limits.max(&given.limits);
        part.says = (part.says.0 || given.says.0, part.says.1 || given.says.1);
    }
}
