//! What the API server makes of pods before it takes them, and which it does not take:
//! `LimitRange`, `RuntimeClass` and `ResourceQuota`, in the order in which it asks them.
//! What is there already was taken once and is not asked again.

mod amounts;
mod quota;
mod range;
mod runtime;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::at::At;
use super::{ManifestError, Object};
use crate::model::Pod;

pub(super) use amounts::Amounts;
use quota::{Charge, Quotas};
use range::Range;
pub(super) use runtime::Runtime;

/// Pods that the API server does not take, so that they never are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The service they belong to.
    pub service: String,
    /// How many.
    pub pods: usize,
    /// Of how many.
    pub of: usize,
    /// Why, with what says so.
    pub why: String,
}

/// The rules among the objects.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// By namespace.
    ranges: BTreeMap<String, Vec<Range>>,
    runtimes: BTreeMap<String, Runtime>,
}

impl Admission {
    pub(super) fn new(objects: &[Object]) -> Result<Self, ManifestError> {
        let mut all = Self::default();
        for object in objects {
            if object.kind.is("LimitRange") {
                let ranges = all.ranges.entry(object.namespace.clone()).or_default();
                ranges.extend(range::ranges(object)?);
            } else if object.kind.is("RuntimeClass") {
                all.runtimes.insert(object.name.clone(), Runtime::new(&object.at())?);
            }
        }
        Ok(all)
    }

    /// The class of runtimes that a pod names, if that is among the objects.
    pub(super) fn runtime(&self, spec: &At<'_>) -> Result<Option<&Runtime>, ManifestError> {
        Ok(self.runtimes.get(spec.get("runtimeClassName").text_or("")?))
    }

    /// What the namespace's ranges have a container ask for that does not say so itself.
    pub(super) fn defaults(&self, namespace: &str, amounts: &mut Amounts) {
        for range in self.ranges.get(namespace).into_iter().flatten() {
            range.defaults(amounts);
        }
    }

    /// Why pods of this spec are not taken, if they are not.
    pub(super) fn refuses(
        &self,
        spec: &At<'_>,
        namespace: &str,
    ) -> Result<Option<String>, ManifestError> {
        if let Some(runtime) = self.runtime(spec)?
            && let Some(why) = runtime.refuses(spec)?
        {
            return Ok(Some(why));
        }
        let Some(ranges) = self.ranges.get(namespace) else { return Ok(None) };
        let containers = amounts::of_containers(spec, |amounts| self.defaults(namespace, amounts))?;
        // A default limit below what a container requests makes a pod that is refused.
        let wrong = containers.iter().find_map(|(name, _, amounts)| {
            let what = amounts.beyond_limit()?;
            let why = "requests more than the limit that a LimitRange gives it";
            Some(format!("container `{name}` {why} ({what})"))
        });
        if wrong.is_some() {
            return Ok(wrong);
        }
        let whole = amounts::of_pod(spec, &containers)?;
        Ok(ranges.iter().find_map(|range| range.refuses(&containers, &whole)))
    }

    /// What the class of runtimes adds to pods once their controller has made them.
    pub(super) fn dress(&self, spec: &At<'_>, pods: &mut [Pod]) -> Result<(), ManifestError> {
        if let Some(runtime) = self.runtime(spec)? {
            runtime.dress(pods);
        }
        Ok(())
    }
}

/// What quotas are asked for: the pods of each object count for the same.
pub(super) struct Bill {
    quotas: Quotas,
    charges: Vec<Charge>,
    /// Of each pod, which of the charges is its own.
    of: Vec<usize>,
}

impl Bill {
    pub(super) fn new(objects: &[Object]) -> Result<Self, ManifestError> {
        Ok(Self { quotas: Quotas::new(objects)?, charges: Vec::new(), of: Vec::new() })
    }

    /// So many more pods of that spec.
    pub(super) fn add(
        &mut self,
        spec: &At<'_>,
        namespace: &str,
        admission: &Admission,
        pods: usize,
    ) -> Result<(), ManifestError> {
        if !self.quotas.is_empty() {
            self.of.resize(self.of.len() + pods, self.charges.len());
            self.charges.push(Charge::new(spec, namespace, admission)?);
        }
        Ok(())
    }

    /// Takes away the pods beyond the quotas; they are those added, in order.
    pub(super) fn keep(self, pods: &mut Vec<Pod>) -> Vec<Refusal> {
        if self.quotas.is_empty() {
            return Vec::new();
        }
        let charges: Vec<&Charge> = self.of.iter().map(|&of| &self.charges[of]).collect();
        self.quotas.keep(pods, &charges)
    }
}
