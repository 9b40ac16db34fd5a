//! Which services an inventory asks for, and in which order they start.

use std::collections::{BTreeMap, BTreeSet};

use terrarium_inventory::Stack;

use crate::card::ServiceId;
use crate::catalogue::Catalogue;
use crate::words::advice;

/// What `[stack]` names and there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The profile.
    #[error("`profile`: no profile is called `{name}`: {advice}")]
    Profile {
        /// As written.
        name: String,
        /// What may be meant.
        advice: String,
    },
    /// A service.
    #[error("`services`: no service is called `{name}`: {advice}")]
    Service {
        /// As written.
        name: String,
        /// What may be meant.
        advice: String,
    },
    /// A service to leave out.
    #[error("`without`: no service is called `{name}`: {advice}")]
    Without {
        /// As written.
        name: String,
        /// What may be meant.
        advice: String,
    },
    /// A service whose values are set.
    #[error("`values.{name}`: no service is called `{name}`: {advice}")]
    Values {
        /// As written.
        name: String,
        /// What may be meant.
        advice: String,
    },
}

/// The services cannot be chosen or ordered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// `[stack]` names what there is not: all of it.
    #[error("`[stack]` names what this version does not have:\n{}", lines(.0))]
    Unknown(Vec<Unknown>),
    /// `without` names what another service cannot do without.
    #[error("`without` leaves `{service}` out, which {} needs", quoted(needed_by))]
    Needed {
        /// The one to leave out.
        service: ServiceId,
        /// All that need it and would be deployed.
        needed_by: Vec<ServiceId>,
    },
    /// The cards' `needs` run in a circle: a fault of the cards.
    #[error("services need each other in a circle: {}", circle(.0))]
    Circle(Vec<ServiceId>),
}

fn lines(unknown: &[Unknown]) -> String {
    unknown.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
}

fn quoted(ids: &[ServiceId]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

fn circle(ids: &[ServiceId]) -> String {
    let names: Vec<_> = ids.iter().chain(ids.first()).map(ServiceId::as_str).collect();
    names.join(" → ")
}

/// The profile's services less those left out, and those listed, with
/// everything they need, in the order they start.
pub fn select(stack: &Stack, catalogue: &Catalogue) -> Result<Vec<ServiceId>, SelectError> {
    let unknown = unknown(stack, catalogue);
    if !unknown.is_empty() {
        return Err(SelectError::Unknown(unknown));
    }
    let out = |id: &ServiceId| stack.without.iter().any(|name| name == id.as_str());
    let of_profile = catalogue.iter().filter(|(id, service)| {
        let profile = stack.profile.as_ref();
        !out(id) && profile.is_some_and(|profile| service.card.profiles.contains(profile))
    });
    let listed = stack.services.iter().filter_map(|name| ServiceId::new(name));
    let mut open: Vec<ServiceId> = of_profile.map(|(id, _)| id.clone()).chain(listed).collect();
    let mut selected = BTreeSet::new();
    let mut missed: BTreeMap<ServiceId, BTreeSet<ServiceId>> = BTreeMap::new();
    while let Some(id) = open.pop() {
        if let Some(service) = catalogue.get(id.as_str())
            && selected.insert(id.clone())
        {
            for need in service.card.needs.iter().filter(|need| out(need)) {
                missed.entry(need.clone()).or_default().insert(id.clone());
            }
            open.extend(service.card.needs.iter().filter(|need| !out(need)).cloned());
        }
    }
    if let Some((service, needed_by)) = missed.pop_first() {
        return Err(SelectError::Needed { service, needed_by: needed_by.into_iter().collect() });
    }
    let selected: Vec<ServiceId> = selected.into_iter().collect();
    Ok(waves(&selected, catalogue)?.into_iter().flatten().collect())
}

/// The services in the order they start: those of one wave side by side, after
/// all they need or use. What is outside `selected` is taken as met.
pub fn waves(
    selected: &[ServiceId],
    catalogue: &Catalogue,
) -> Result<Vec<Vec<ServiceId>>, SelectError> {
    let among: BTreeSet<&ServiceId> = selected.iter().collect();
    let mut waiting: BTreeMap<&ServiceId, BTreeSet<&ServiceId>> = BTreeMap::new();
    for id in &among {
        let earlier = catalogue.get(id.as_str()).into_iter().flat_map(|s| s.card.earlier());
        waiting.insert(*id, earlier.filter(|service| among.contains(service)).collect());
    }
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let ready: Vec<&ServiceId> =
            waiting.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
        if ready.is_empty() {
            return Err(SelectError::Circle(find_circle(&waiting)));
        }
        for id in &ready {
            waiting.remove(id);
        }
        for needs in waiting.values_mut() {
            needs.retain(|need| !ready.contains(need));
        }
        waves.push(ready.into_iter().cloned().collect());
    }
    Ok(waves)
}

/// Follows needs until a service comes up again; every one left has a need.
fn find_circle(waiting: &BTreeMap<&ServiceId, BTreeSet<&ServiceId>>) -> Vec<ServiceId> {
    let mut path: Vec<&ServiceId> = Vec::new();
    let mut next = waiting.keys().next().copied();
    while let Some(id) = next {
        if let Some(start) = path.iter().position(|seen| *seen == id) {
            path.drain(..start);
            break;
        }
        path.push(id);
        next = waiting.get(id).and_then(|needs| needs.first().copied());
    }
    path.into_iter().cloned().collect()
}

fn unknown(stack: &Stack, catalogue: &Catalogue) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    let profiles = catalogue.profiles();
    if let Some(name) = &stack.profile
        && !profiles.contains(name.as_str())
    {
        let advice = advice(name, profiles.iter().copied());
        unknown.push(Unknown::Profile { name: name.clone(), advice });
    }
    let missing = |name: &&String| catalogue.get(name.as_str()).is_none();
    for name in stack.services.iter().filter(missing) {
        let advice = advice(name, catalogue.names());
        unknown.push(Unknown::Service { name: name.clone(), advice });
    }
    for name in stack.without.iter().filter(missing) {
        let advice = advice(name, catalogue.names());
        unknown.push(Unknown::Without { name: name.clone(), advice });
    }
    for name in stack.values.keys().filter(missing) {
        let advice = advice(name, catalogue.names());
        unknown.push(Unknown::Values { name: name.clone(), advice });
    }
    unknown
}

#[cfg(test)]
mod tests;
