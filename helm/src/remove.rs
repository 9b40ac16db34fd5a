//! What may be removed from a cluster, and in which order.

use serde_json::Value;
use terrarium_inventory::Stack;

use crate::card::ServiceId;
use crate::catalogue::Catalogue;
use crate::select::waves;
use crate::state::{Deployed, Status};
use crate::words::advice;

/// A service that is not removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// Neither a service nor a release of ours.
    #[error("no service is called `{name}`: {advice}")]
    Unknown {
        /// As asked for.
        name: String,
        /// What may be meant.
        advice: String,
    },
    /// The inventory asks for it: the next run would install it again.
    #[error("the inventory still wants `{name}`")]
    Wanted {
        /// As asked for.
        name: String,
        /// What to change in it.
        change: String,
    },
    /// What is deployed cannot do without it.
    #[error("`{name}` is needed by what is deployed: {}", needed_by.join(", "))]
    Needed {
        /// As asked for.
        name: String,
        /// The services that need it.
        needed_by: Vec<String>,
    },
}

impl RemoveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { .. } => None,
            Self::Wanted { change, .. } => Some(change.clone()),
            Self::Needed { needed_by, .. } => {
                Some(format!("remove {} too, or first", needed_by.join(", ")))
            }
        }
    }
}

/// The services to remove, each before those it needs. `selected` are those
/// the inventory asks for.
pub fn removal(
    names: &[String],
    selected: &[ServiceId],
    stack: &Stack,
    deployed: &[Deployed],
    catalogue: &Catalogue,
) -> Result<Vec<String>, RemoveError> {
    let ours = |found: &&Deployed| found.digest.is_some() && found.status != Status::Uninstalled;
    let present: Vec<&str> =
        deployed.iter().filter(ours).map(|found| found.name.as_str()).collect();
    for name in names {
        if catalogue.get(name).is_none() && !present.contains(&name.as_str()) {
            let known = catalogue.names().chain(present.iter().copied());
            return Err(RemoveError::Unknown { name: name.clone(), advice: advice(name, known) });
        }
        if selected.iter().any(|id| id.as_str() == name) {
            let change = change(name, selected, stack, catalogue);
            return Err(RemoveError::Wanted { name: name.clone(), change });
        }
        let staying = present.iter().filter(|other| !names.iter().any(|name| name == *other));
        let needed_by: Vec<String> = staying
            .filter(|other| needs(catalogue, other, name))
            .map(|other| (*other).to_owned())
            .collect();
        if !needed_by.is_empty() {
            return Err(RemoveError::Needed { name: name.clone(), needed_by });
        }
    }
    Ok(ordered(names, catalogue))
}

fn needs(catalogue: &Catalogue, service: &str, other: &str) -> bool {
    catalogue
        .get(service)
        .is_some_and(|found| found.card.needs.iter().any(|need| need.as_str() == other))
}

/// What brings a service into the stack, and so what has to change.
fn change(name: &str, selected: &[ServiceId], stack: &Stack, catalogue: &Catalogue) -> String {
    let mut changes = Vec::new();
    if stack.services.iter().any(|listed| listed == name) {
        changes.push(format!("take `{name}` out of `services` in [stack]"));
    }
    let profile = stack.profile.as_ref().filter(|profile| {
        catalogue.get(name).is_some_and(|service| service.card.profiles.contains(profile))
    });
    if let Some(profile) = profile {
        let mut without: Vec<&str> = stack.without.iter().map(String::as_str).collect();
        without.push(name);
        let without = Value::from(without);
        changes.push(format!("set `without = {without}` in [stack]: profile `{profile}` has it"));
    }
    let needing = selected.iter().filter(|id| needs(catalogue, id.as_str(), name));
    let needing: Vec<String> = needing.map(|id| format!("`{id}`")).collect();
    if !needing.is_empty() {
        changes.push(format!("take {}, which needs it, out of [stack]", needing.join(", ")));
    }
    changes.join("; ")
}

/// As asked for, each once, and each before those it needs or uses.
fn ordered(names: &[String], catalogue: &Catalogue) -> Vec<String> {
    let ids: Vec<ServiceId> = names.iter().filter_map(|name| ServiceId::new(name)).collect();
    // Cards in a circle are found when they are selected; here any order will do.
    let waves = waves(&ids, catalogue).unwrap_or_else(|_| vec![ids]);
    waves.into_iter().rev().flatten().map(|id| id.to_string()).collect()
}

#[cfg(test)]
mod tests;
