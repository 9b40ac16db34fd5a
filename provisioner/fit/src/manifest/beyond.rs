//! What a verdict on these manifests leaves out, found while they are read.

use std::collections::BTreeSet;

use super::at::At;
use super::kind::Kind;
use super::pod::Around;
use super::{ManifestError, Manifests, Why};

impl Manifests {
    /// Counts what was not judged.
    pub(super) fn leave(&mut self, why: Why, what: String, count: usize) {
        if count > 0 {
            *self.unjudged.entry((why, what)).or_default() += count;
        }
    }
}

/// The spec of the pods that an object makes.
pub(super) fn spec_of<'a>(at: &At<'a>, kind: &Kind) -> At<'a> {
    let spec = at.get("spec");
    match kind.name.as_str() {
        "Pod" => spec,
        "CronJob" => spec.get("jobTemplate").get("spec").get("template").get("spec"),
        _ => spec.get("template").get("spec"),
    }
}

/// Why the scheduler that is judged by has no say over these pods.
pub(super) fn elsewhere(
    spec: &At<'_>,
    known: &BTreeSet<&str>,
) -> Result<Option<Why>, ManifestError> {
    let (node, scheduler) = (spec.get("nodeName").text_or("")?, spec.get("schedulerName"));
    let scheduler = scheduler.text_or("")?;
    Ok(if !node.is_empty() {
        (!known.contains(node)).then_some(Why::Elsewhere)
    } else if !spec.get("schedulingGates").items()?.is_empty() {
        Some(Why::Gated)
    } else if !matches!(scheduler, "" | "default-scheduler") {
        Some(Why::OtherScheduler)
    } else {
        None
    })
}

/// Names what the pods refer to and nobody gave.
pub(super) fn missing(
    spec: &At<'_>,
    namespace: &str,
    around: &Around,
    found: &mut Manifests,
) -> Result<(), ManifestError> {
    for volume in spec.get("volumes").items()? {
        let claim = volume.get("persistentVolumeClaim").get("claimName").text_or("")?;
        let key = format!("{namespace}/{claim}");
        if !claim.is_empty() && !around.claims.contains_key(&key) {
            found.unjudged.insert((Why::NoClaim, format!("claim {key}")), 1);
        }
    }
    let runtime = spec.get("runtimeClassName").text_or("")?;
    let told = !spec.get("overhead").is_null();
    if !runtime.is_empty() && !told && around.admission.runtime(spec)?.is_none() {
        found.unjudged.insert((Why::NoRuntime, format!("class of runtimes {runtime}")), 1);
    }
    let class = spec.get("priorityClassName").text_or("")?;
    let there = class.is_empty()
        || class.starts_with("system-")
        || around.classes.contains_key(class)
        || !spec.get("priority").is_null();
    if !there {
        found.unjudged.insert((Why::NoClass, format!("priority class {class}")), 1);
    }
    Ok(())
}
