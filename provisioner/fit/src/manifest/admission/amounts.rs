//! What containers say of resources, by name: a `LimitRange` and a quota care whether
//! something is said at all.

use std::collections::BTreeMap;

use crate::manifest::ManifestError;
use crate::manifest::at::At;
use crate::model::Resources;
use crate::requests::Kind;

/// By the resource's name, in thousandths of a core or whole units.
pub(in crate::manifest) type ByName = BTreeMap<String, u64>;

/// Requests and limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::manifest) struct Amounts {
    pub requests: ByName,
    pub limits: ByName,
}

/// Amounts by the names they are said under.
pub(super) fn by_name(at: &At<'_>) -> Result<ByName, ManifestError> {
    // An empty value is none to Kubernetes.
    let said = at.entries()?.into_iter().filter(|(_, at)| !at.is_null());
    said.map(|(name, at)| Ok((name.to_owned(), at.quantity(name == "cpu")?))).collect()
}

impl Amounts {
    /// What `resources` says; of what has a limit and no request the limit is requested.
    pub(in crate::manifest) fn new(resources: &At<'_>) -> Result<Self, ManifestError> {
        let limits = by_name(&resources.get("limits"))?;
        let mut requests = by_name(&resources.get("requests"))?;
        for (name, limit) in &limits {
            requests.entry(name.clone()).or_insert(*limit);
        }
        Ok(Self { requests, limits })
    }

    /// The requests, as they are counted.
    pub(in crate::manifest) fn asked(&self) -> Resources {
        resources(&self.requests)
    }

    /// The limits.
    pub(in crate::manifest) fn most(&self) -> Resources {
        resources(&self.limits)
    }

    /// A resource of which more is requested than the limit allows.
    pub(super) fn beyond_limit(&self) -> Option<&str> {
        let beyond = |(name, asked): &(&String, &u64)| {
            self.limits.get(*name).is_some_and(|limit| *asked > limit)
        };
        self.requests.iter().find(beyond).map(|(name, _)| name.as_str())
    }

    fn add(&mut self, other: &Self) {
        merge(&mut self.requests, &other.requests, u64::saturating_add);
        merge(&mut self.limits, &other.limits, u64::saturating_add);
    }

    fn max(&mut self, other: &Self) {
        merge(&mut self.requests, &other.requests, u64::max);
        merge(&mut self.limits, &other.limits, u64::max);
    }
}

fn merge(own: &mut ByName, other: &ByName, of: fn(u64, u64) -> u64) {
    for (name, amount) in other {
        let sum = own.entry(name.clone()).or_default();
        *sum = of(*sum, *amount);
    }
}

/// Amounts by their names, as they are counted.
pub(super) fn resources(by_name: &ByName) -> Resources {
    let mut all = Resources::default();
    for (name, amount) in by_name {
        all.set(name, *amount);
    }
    all
}

/// A container: its name, when it runs, and what it says once `defaults` are set.
pub(super) type Container = (String, Kind, Amounts);

/// The containers of a pod.
pub(super) fn of_containers(
    spec: &At<'_>,
    defaults: impl Fn(&mut Amounts),
) -> Result<Vec<Container>, ManifestError> {
    let mut all = Vec::new();
    for (list, before) in [("initContainers", true), ("containers", false)] {
        for at in spec.get(list).items()? {
            let mut amounts = Amounts::new(&at.get("resources"))?;
            defaults(&mut amounts);
            let stays = at.get("restartPolicy").text_or("")? == "Always";
            let kind = Kind::new(before, stays);
            all.push((at.get("name").text_or("")?.to_owned(), kind, amounts));
        }
    }
    Ok(all)
}

/// What the pod says in all: its containers' sum as they run, and in its place what it
/// says as a whole.
pub(super) fn of_pod(spec: &At<'_>, containers: &[Container]) -> Result<Amounts, ManifestError> {
    let (mut lasting, mut peak) = (Amounts::default(), Amounts::default());
    for (_, kind, amounts) in containers.iter().filter(|(_, kind, _)| *kind != Kind::App) {
        if *kind == Kind::Sidecar {
            lasting.add(amounts);
            peak.max(&lasting);
        } else {
            let mut now = lasting.clone();
            now.add(amounts);
            peak.max(&now);
        }
    }
    for (_, _, amounts) in containers.iter().filter(|(_, kind, _)| *kind == Kind::App) {
        lasting.add(amounts);
    }
    lasting.max(&peak);
    let whole = spec.get("resources");
    lasting.requests.extend(by_name(&whole.get("requests"))?);
    lasting.limits.extend(by_name(&whole.get("limits"))?);
    Ok(lasting)
}
