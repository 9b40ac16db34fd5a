//! `HorizontalPodAutoscaler`: how many pods a workload has at the start, and at most.

use std::collections::BTreeMap;

use super::{ManifestError, Object, PODS_MAX};

/// Which number of pods is asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// As the workload starts.
    #[default]
    Start,
    /// As far as it may be scaled.
    Most,
}

/// A workload that an autoscaler may scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The workload's name.
    pub service: String,
    /// Its pods at the start.
    pub from: u64,
    /// Its pods at most.
    pub to: u64,
}

/// The autoscalers among the objects, by what they scale: kind, namespace, name.
#[derive(Debug, Default)]
pub(super) struct Autoscalers {
    known: BTreeMap<(String, String, String), (u64, u64)>,
    pub scale: Scale,
}

impl Autoscalers {
    pub(super) fn new(objects: &[Object], scale: Scale) -> Result<Self, ManifestError> {
        let mut known = BTreeMap::new();
        for object in objects.iter().filter(|object| object.kind.is("HorizontalPodAutoscaler")) {
            let (key, bounds) = read(object)?;
            known.insert(key, bounds);
        }
        Ok(Self { known, scale })
    }

    /// The pods of a workload that wants so many. One that wants none is let alone.
    pub(super) fn pods(&self, object: &Object, replicas: u64) -> u64 {
        match (self.of(object), self.scale) {
            (Some((least, most)), Scale::Start) if replicas > 0 => replicas.max(least).min(most),
            (Some((_, most)), Scale::Most) if replicas > 0 => most.min(PODS_MAX),
            _ => replicas,
        }
    }

    /// How far a workload that wants so many may grow, where it may.
    pub(super) fn growth(&self, object: &Object, replicas: u64) -> Option<Growth> {
        let (_, most) = self.of(object)?;
        let from = self.pods(object, replicas);
        let service = object.name.clone();
        (from > 0 && most > from).then_some(Growth { service, from, to: most })
    }

    fn of(&self, object: &Object) -> Option<(u64, u64)> {
        let key = (object.kind.name.clone(), object.namespace.clone(), object.name.clone());
        self.known.get(&key).map(|&(least, most)| (least.min(most), most))
    }
}

type Key = (String, String, String);

fn read(object: &Object) -> Result<(Key, (u64, u64)), ManifestError> {
    let spec = object.at().get("spec");
    let target = spec.get("scaleTargetRef");
    let (kind, name) = (target.get("kind").text()?, target.get("name").text()?);
    let least = spec.get("minReplicas").number_or(1)?;
    let most = spec.get("maxReplicas").number_or(least)?;
    Ok(((kind.to_owned(), object.namespace.clone(), name.to_owned()), (least, most)))
}

/// Whether what it scales is among the objects.
pub(super) fn has_target(object: &Object, objects: &[Object]) -> Result<bool, ManifestError> {
    let ((kind, namespace, name), _) = read(object)?;
    Ok(objects
        .iter()
        .any(|other| other.kind.is(&kind) && other.namespace == namespace && other.name == name))
}
