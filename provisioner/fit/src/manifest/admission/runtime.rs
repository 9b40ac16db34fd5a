//! `RuntimeClass`: what a runtime takes beside the containers, and the nodes that have it.

use std::collections::BTreeMap;

use super::amounts::{ByName, by_name, resources};
use crate::manifest::at::At;
use crate::manifest::{ManifestError, term};
use crate::model::{Pod, Resources, Toleration};

#[derive(Debug)]
pub(in crate::manifest) struct Runtime {
    name: String,
    /// What it takes for each pod, by name.
    overhead: ByName,
    node_selector: BTreeMap<String, String>,
    tolerations: Vec<Toleration>,
}

impl Runtime {
    pub(super) fn new(at: &At<'_>) -> Result<Self, ManifestError> {
        let scheduling = at.get("scheduling");
        let tolerations = scheduling.get("tolerations").items()?;
        Ok(Self {
            name: at.get("metadata").get("name").text_or("")?.to_owned(),
            overhead: by_name(&at.get("overhead").get("podFixed"))?,
            node_selector: scheduling.get("nodeSelector").texts()?,
            tolerations: tolerations.iter().map(term::toleration).collect::<Result<_, _>>()?,
        })
    }

    /// What it takes for each pod.
    pub(in crate::manifest) fn overhead(&self) -> Resources {
        resources(&self.overhead)
    }

    /// The same, by name.
    pub(super) fn by_name(&self) -> ByName {
        self.overhead.clone()
    }

    /// Why a pod that names it is not taken: it says otherwise itself.
    pub(super) fn refuses(&self, spec: &At<'_>) -> Result<Option<String>, ManifestError> {
        let own = spec.get("overhead");
        if !own.is_null() && own.resources()? != self.overhead() {
            let name = &self.name;
            return Ok(Some(format!("its `overhead` is not that of the RuntimeClass `{name}`")));
        }
        let own = spec.get("nodeSelector").texts()?;
        let mut both = own.iter().filter_map(|(key, value)| {
            let other = self.node_selector.get(key)?;
            (other != value).then_some(key)
        });
        Ok(both.next().map(|key| {
            format!(
                "its `nodeSelector` and that of the RuntimeClass `{}` differ in {key}",
                self.name
            )
        }))
    }

    /// Adds where its pods may go. Their controllers do not know of that: a `DaemonSet`
    /// makes one for a node without the runtime too, which then waits.
    pub(super) fn dress(&self, pods: &mut [Pod]) {
        for pod in pods {
            crate::limit::check();
            let more = self.node_selector.iter();
            pod.node_selector.extend(more.map(|(key, value)| (key.clone(), value.clone())));
            pod.tolerations.extend(self.tolerations.iter().cloned());
        }
    }
}
